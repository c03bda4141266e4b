#include "plan.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lexer.h"
#include "say/option.h"
#include "say/say.h"

static belay_status check_row(belay_ctx *c, const belay_host *h, const migration *m, const ledger_row *row)
{
    bool same = strcmp(row->sha256, m->sha256) == 0;
    if (!row->done && !option_is(c, h, "cut_short", "again"))
        return say(c, h, BELAY_E_FAIL,
                   "look what it did; then set cut_short = \"again\" when the file bears a second run, or correct its "
                   "row in the ledger",
                   "%s was cut short after statement %d of %d (run %s)", row->file, row->statements_done,
                   row->statements, row->run);
    if (row->done && !same)
        return say(c, h, BELAY_E_FAIL, "undo the change and write a new migration",
                   "%s changed since it was applied%s%s: its SHA-256 was %.12s..., is %.12s...", m->path,
                   strcmp(row->file, m->name) == 0 ? "" : " as ", strcmp(row->file, m->name) == 0 ? "" : row->file,
                   row->sha256, m->sha256);
    if (strcmp(row->file, m->name) != 0)
        say_log(c, h, 2, "%s was applied under the name %s", m->name, row->file);
    return BELAY_OK;
}

static bool has_file(belay_ctx *c, const belay_host *h, const migration_plan *plan, long long number)
{
    bool found = number < h->opt_int(c, "first");
    for (size_t i = 0; i < plan->files.count && !found; i++)
        found = plan->files.items[i].number == number;
    return found;
}

/* Rows beyond the last file: this is an older release than the one that was deployed. */
static belay_status check_newer(belay_ctx *c, const belay_host *h, const migration_plan *plan, size_t first)
{
    const ledger_row *row = &plan->ledger.items[first];
    size_t count = plan->ledger.count - first;
    if (option_is(c, h, "newer", "allow")) {
        say_log(c, h, 2, "%s was applied by a newer release (run %s), %zu file%s in all; they are left alone",
                row->file, row->run, count, count == 1 ? "" : "s");
        return BELAY_OK;
    }
    return say(
        c, h, BELAY_E_FAIL,
        "this release is older than the database: roll the newer run back (`belay rollback`); once that run is "
        "discarded, "
        "restore a backup from before it with postgres.restore; or set newer = \"allow\" when this release works "
        "with the newer schema",
        "%s was applied to the database by run %s, but %s ends before it (%zu file%s)", row->file, row->run,
        h->opt_str(c, "dir"), count, count == 1 ? "" : "s");
}

static belay_status check_gone(belay_ctx *c, const belay_host *h, const migration_plan *plan)
{
    const migration *last = &plan->files.items[plan->files.count - 1];
    for (size_t i = 0; i < plan->ledger.count; i++) {
        const ledger_row *row = &plan->ledger.items[i];
        if (has_file(c, h, plan, row->number))
            continue;
        if (row->number > last->number)
            return check_newer(c, h, plan, i);
        return say(c, h, BELAY_E_FAIL,
                   "bring the file back, or set first to the number of the oldest file that is kept",
                   "%s was applied to the database, but %s does not have it", row->file, h->opt_str(c, "dir"));
    }
    return BELAY_OK;
}

static belay_status find_pending(belay_ctx *c, const belay_host *h, migration_plan *plan)
{
    const migration *newest = NULL;
    for (size_t i = plan->files.count; i-- > 0 && !newest;) {
        const ledger_row *row = ledger_find(&plan->ledger, plan->files.items[i].number);
        if (row && row->done)
            newest = &plan->files.items[i];
    }
    plan->items = heap_grow(NULL, plan->files.count, sizeof(migration *));
    for (size_t i = 0; i < plan->files.count; i++) {
        migration *m = &plan->files.items[i];
        const ledger_row *row = ledger_find(&plan->ledger, m->number);
        belay_status status = row ? check_row(c, h, m, row) : BELAY_OK;
        if (status != BELAY_OK)
            return status;
        if (row && row->done)
            continue;
        if (newest && m->number < newest->number && !option_is(c, h, "out_of_order", "allow"))
            return say(c, h, BELAY_E_FAIL, "give it a number after the applied ones, or set out_of_order = \"allow\"",
                       "%s is not applied, but %s, which comes after it, is", m->name, newest->name);
        plan->items[plan->count++] = m;
    }
    return BELAY_OK;
}

belay_status plan_read(belay_ctx *c, const belay_host *h, server *s, migration_plan *ret)
{
    *ret = (migration_plan){.standard_strings = !s || server_standard_strings(s)};
    belay_status status = migration_files_read(c, h, &ret->files);
    if (status == BELAY_OK && s)
        status = ledger_read(s, &ret->ledger);
    if (status == BELAY_OK)
        status = check_gone(c, h, ret);
    if (status == BELAY_OK)
        status = find_pending(c, h, ret);
    return status;
}

void plan_done(migration_plan *plan)
{
    free(plan->items);
    ledger_done(&plan->ledger);
    migration_files_done(&plan->files);
    *plan = (migration_plan){0};
}

/* True when a comment before the first statement says "belay: no-transaction", or another tool's marker says so. */
static bool asks_for_no_transaction(const migration *m)
{
    if (m->no_transaction)
        return true;
    static const char words[] = "belay: no-transaction";
    sql_lexer lx = {.at = m->source.text, .end = m->source.text + m->source.length, .standard_strings = true};
    if (m->source.length >= 3 && memcmp(lx.at, "\xef\xbb\xbf", 3) == 0)
        lx.at += 3;
    for (;;) {
        sql_token t;
        sql_lexer_next(&lx, &t);
        if (t.kind != SQL_SPACE && t.kind != SQL_NEWLINE && t.kind != SQL_COMMENT)
            return false;
        if (t.length >= sizeof words && memmem(t.text, t.length, words, sizeof words - 1))
            return true;
    }
}

recipe recipe_of(const migration *m)
{
    for (size_t i = 0; i < m->script->count; i++)
        if (m->script->items[i].traits.flags & SQL_ALONE)
            return (recipe){false, m->script->items[i].traits.words};
    bool asked = asks_for_no_transaction(m);
    return (recipe){!asked, ""};
}

static belay_status explain_problem(belay_ctx *c, const belay_host *h, const migration *m, const sql_problem *p)
{
    static const char runner[] = "set runner = \"psql\": psql then runs the files, with errors fatal";
    switch (p->kind) {
    case SQL_PROBLEM_COMMAND:
        return say(c, h, BELAY_E_FAIL, runner, "%s:%u: %s is a command of psql, not SQL", m->path, p->line, p->text);
    case SQL_PROBLEM_VARIABLE:
        return say(c, h, BELAY_E_FAIL, runner, "%s:%u: %s is a variable of psql, not SQL", m->path, p->line, p->text);
    case SQL_PROBLEM_COPIES:
        return say(c, h, BELAY_E_FAIL, "end the first one with ; alone", "%s:%u: two COPY FROM STDIN are joined by \\;",
                   m->path, p->line);
    case SQL_PROBLEM_OPEN:
        return say(c, h, BELAY_E_FAIL, NULL, "%s:%u: the %s that begins here has no end", m->path, p->line, p->text);
    case SQL_PROBLEM_NUL: break;
    }
    return say(c, h, BELAY_E_FAIL,
               "save it as UTF-8 when it is UTF-16; pg_dump's custom format is loaded with postgres.restore",
               "%s:%u: the file holds a NUL byte: it is not SQL in UTF-8", m->path, p->line);
}

static belay_status check_problems(belay_ctx *c, const belay_host *h, const migration *m)
{
    bool by_psql = option_is(c, h, "runner", "psql");
    for (size_t i = 0; i < m->script->problems.count; i++) {
        const sql_problem *p = &m->script->problems.items[i];
        if (!by_psql || p->kind == SQL_PROBLEM_NUL)
            return explain_problem(c, h, m, p);
    }
    return BELAY_OK;
}

/* What another tool would put into the file's text. */
static belay_status check_markers(belay_ctx *c, const belay_host *h, const migration *m)
{
    const sql_marker *marker = sql_markers_find(&m->script->markers, SQL_MARKER_AMBIGUOUS);
    if (marker)
        return say(c, h, BELAY_E_FAIL,
                   "move what undoes the file into a file of its own (NAME.down.sql), or reword the comment",
                   "%s:%u: the comment \"%s\" may begin the part that undoes the file", m->path, marker->line,
                   marker->words);
    marker = sql_markers_find(&m->script->markers, SQL_MARKER_UNSUPPORTED);
    if (!marker)
        return BELAY_OK;
    return say(c, h, BELAY_E_FAIL, "write the file as plain SQL and remove the marker",
               "%s:%u: Belay does not support %s: the tool that it is for changes the file's text before it sends it",
               m->path, marker->line, marker->words);
}

static belay_status check_transactions(belay_ctx *c, const belay_host *h, const migration *m)
{
    if (asks_for_no_transaction(m))
        return BELAY_OK;
    for (size_t i = 0; i < m->script->count; i++) {
        const sql_statement *st = &m->script->items[i];
        if (st->traits.flags & SQL_OWN_TRANSACTION)
            return say(c, h, BELAY_E_FAIL,
                       "remove it: Belay runs the file in one transaction; or begin the file with the line -- belay: "
                       "no-transaction",
                       "%s:%u: %s: the file controls transactions itself, so a failure could not be taken back",
                       m->path, st->lines[0], st->traits.words);
    }
    return BELAY_OK;
}

belay_status plan_check(belay_ctx *c, const belay_host *h, migration_plan *plan)
{
    belay_status status = BELAY_OK;
    for (size_t i = 0; i < plan->count && status == BELAY_OK; i++) {
        migration *m = plan->items[i];
        status = migration_load(c, h, m, plan->standard_strings);
        if (status == BELAY_OK)
            status = check_problems(c, h, m);
        if (status == BELAY_OK)
            status = check_markers(c, h, m);
        if (status == BELAY_OK)
            status = check_transactions(c, h, m);
        for (size_t k = 0; status == BELAY_OK && k < m->script->count; k++)
            if (m->script->items[k].data_open)
                say_log(c, h, 2, "%s:%u: the data of this COPY ends with the file, without a line \\.", m->path,
                        m->script->items[k].lines[0]);
    }
    return status;
}
