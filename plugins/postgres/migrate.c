/*
 * postgres.migrate: applies the pending files. Committed migrations are not taken back by this step alone: the step
 * postgres.snapshot before it swaps the database back (undo = "snapshot"), or files that undo them are run (undo =
 * "down").
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "expected.h"
#include "kinds.h"
#include "plan.h"
#include "say/option.h"
#include "say/say.h"
#include "tool.h"

#define NAMED_MAX 5 /* of more files, a message names the first and the last */

static bool undo_is(belay_ctx *c, const belay_host *h, const char *way)
{
    return option_is(c, h, "undo", way);
}

/* ---- prepare ------------------------------------------------------------------------------------------------------
 */

static belay_status check_down_files(belay_ctx *c, const belay_host *h, const migration_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        guard_heap char *path = migration_down_path(plan->items[i]);
        if (!plan->items[i]->down_words && access(path, R_OK) != 0)
            return say(c, h, BELAY_E_FAIL, "write it, or choose another undo", "undo = \"down\" needs %s: %s", path,
                       strerror(errno));
    }
    return BELAY_OK;
}

static belay_status check_options(belay_ctx *c, const belay_host *h)
{
    if (undo_is(c, h, "snapshot") && !h->pending(c, "snapshot") && !h->opt_str(c, "snapshot")) {
        h->explain(c, "undo = \"snapshot\" needs the snapshot's name",
                   "put a step of postgres.snapshot before this one, and set snapshot = \"${steps.ID.name}\"; or "
                   "choose undo = "
                   "\"down\" or \"none\"",
                   "snapshot");
        return BELAY_E_CONFIG;
    }
    return BELAY_OK;
}

static char *plan_text(const migration *m)
{
    buf b = {0};
    recipe r = recipe_of(m);
    buf_printf(&b, "apply %s: %zu statement%s", m->name, m->script->count, m->script->count == 1 ? "" : "s");
    if (r.transaction)
        buf_puts(&b, " in one transaction");
    else if (r.why[0])
        buf_printf(&b, ", each by itself, because %s cannot run in a transaction%s", r.why,
                   m->script->count > 1 ? "; those before a failure stay applied" : "");
    else
        buf_puts(&b, ", each by itself, as the file asks");
    if (m->down_words)
        buf_printf(&b, "; without its part %s (line %u)", m->down_words, m->down_line);
    return buf_take(&b);
}

static const char *undo_text(belay_ctx *c, const belay_host *h, const migration *m)
{
    if (undo_is(c, h, "snapshot"))
        return "postgres.snapshot swaps the database back";
    if (undo_is(c, h, "down"))
        return m->down_words ? "run the part of the file that undoes it" : "run its .down.sql";
    return NULL;
}

static void tell_plan(belay_ctx *c, const belay_host *h, const migration_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        guard_heap char *text = plan_text(plan->items[i]);
        h->plan(c, text, undo_text(c, h, plan->items[i]));
    }
    migration_files_tell_left_out(c, h, &plan->files);
}

/* Another run's snapshot, or a database that is none, takes nothing of this run back. */
static belay_status check_snapshot(belay_ctx *c, const belay_host *h, const server *s)
{
    const char *snapshot = h->opt_str(c, "snapshot");
    char summary[512];
    if (!snapshot || !undo_is(c, h, "snapshot") || server_derives(s, "before", snapshot))
        return BELAY_OK;
    snprintf(summary, sizeof summary, "'%.128s' is not what postgres.snapshot makes of %s in this run", snapshot,
             s->database);
    h->explain(c, summary,
               "put a step of postgres.snapshot of the same database before this one, and set snapshot = "
               "\"${steps.ID.name}\"; or choose undo = \"down\" or \"none\"",
               "snapshot");
    return BELAY_E_CONFIG;
}

static belay_status read_and_check(belay_ctx *c, const belay_host *h, server *s, migration_plan *plan)
{
    belay_status status = check_snapshot(c, h, s);
    if (status == BELAY_OK)
        status = plan_read(c, h, s, plan);
    if (status == BELAY_OK)
        status = plan_check(c, h, plan);
    if (status == BELAY_OK && undo_is(c, h, "down"))
        status = check_down_files(c, h, plan);
    return status;
}

/* Something that the files or the ledger cannot be read without. */
static bool is_known_later(belay_ctx *c, const belay_host *h)
{
    return h->pending(c, "database") || h->pending(c, "dir") || h->pending(c, "pattern") || h->pending(c, "ledger");
}

belay_status migrate_prepare(belay_ctx *c, const belay_host *h)
{
    server s = {0};
    migration_plan plan = {0};
    belay_status status = check_options(c, h);
    if (status != BELAY_OK || is_known_later(c, h))
        return status;
    status = server_open_target(c, h, &s);
    if (status == BELAY_OK)
        status = read_and_check(c, h, &s, &plan);
    if (status == BELAY_OK && option_is(c, h, "runner", "psql"))
        status = tool_check(&s);
    if (status == BELAY_OK)
        tell_plan(c, h, &plan);
    plan_done(&plan);
    server_close(&s);
    return status;
}

/* ---- execute, verify ----------------------------------------------------------------------------------------------
 */

belay_status migrate_execute(belay_ctx *c, const belay_host *h)
{
    applier a = {0};
    migration_plan plan = {0};
    belay_status status = apply_open(c, h, NULL, &a);
    if (status == BELAY_OK)
        status = read_and_check(c, h, &a.keeper, &plan);
    if (status == BELAY_OK)
        status = h->remember(c, "run", a.run, NULL);
    if (status == BELAY_OK)
        status = apply_all(&a, &plan);
    if (status == BELAY_OK && plan.count == 0)
        status = BELAY_NOTHING;
    plan_done(&plan);
    apply_close(&a);
    return status;
}

belay_status migrate_verify(belay_ctx *c, const belay_host *h)
{
    server s = {0};
    migration_plan plan = {0};
    belay_status status = server_open_target(c, h, &s);
    if (status == BELAY_OK)
        status = plan_read(c, h, &s, &plan);
    if (status == BELAY_OK && plan.count > 0)
        status = say(c, h, BELAY_E_FAIL, NULL, "%s is not applied", plan.items[0]->name);
    if (status == BELAY_OK)
        status = expected_check(&s);
    plan_done(&plan);
    server_close(&s);
    return status;
}

/* ---- rollback -----------------------------------------------------------------------------------------------------
 */

/* The ledger's rows that this step wrote, oldest first, in words: "2 migrations (001_a.sql, 002_b.sql)", or of many the
 * first and the last. */
static size_t rows_of(const ledger *l, const char *run, buf *words)
{
    const ledger_row *own[NAMED_MAX], *last = NULL;
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->items[i].run, run) != 0)
            continue;
        last = &l->items[i];
        if (n < NAMED_MAX)
            own[n] = last;
        n++;
    }
    buf_printf(words, "%zu migration%s (", n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n && n <= NAMED_MAX; i++)
        buf_printf(words, "%s%s", i ? ", " : "", own[i]->file);
    if (n > NAMED_MAX)
        buf_printf(words, "%s to %s", own[0]->file, last->file);
    if (last && !last->done)
        buf_printf(words, ", which was interrupted after statement %d of %d", last->statements_done, last->statements);
    buf_puts(words, ")");
    return n;
}

static belay_status leave_to_snapshot(server *s, size_t count, const char *names)
{
    const char *snapshot = s->h->opt_str(s->c, "snapshot");
    bool exists = false;
    belay_status status = check_snapshot(s->c, s->h, s);
    if (status == BELAY_OK && snapshot)
        status = server_exists(s, snapshot, &exists);
    if (status != BELAY_OK)
        return status;
    if (!exists)
        return say(s->c, s->h, BELAY_E_FAIL, "restore the backup with postgres.restore",
                   "%s stay%s applied: the snapshot %s that would take them back is not there", names,
                   count == 1 ? "s" : "", snapshot ? snapshot : "");
    say_log(s->c, s->h, 1, "%s: rolled back by the step that swaps in the snapshot %s", names, snapshot);
    return BELAY_OK;
}

/* The part of the file itself that undoes it; `down` is left without a script when it has none, or is gone. */
static belay_status read_down_part(const applier *a, const ledger_row *row, migration *down)
{
    *down = (migration){.number = row->number,
                        .name = heap_dup(row->file),
                        .path = heap_printf("%s/%s", a->h->opt_str(a->c, "dir"), row->file)};
    if (access(down->path, R_OK) != 0)
        return BELAY_OK;
    belay_status status = migration_load_down(a->c, a->h, down, server_standard_strings(&a->keeper));
    if (status != BELAY_OK || !down->down_words) {
        sql_script_free(take(down->script));
        return status;
    }
    if (digest_file(down->path, down->sha256) && strcmp(down->sha256, row->sha256) != 0)
        return say(a->c, a->h, BELAY_E_FAIL, "put the file back as it was applied",
                   "%s changed since it was applied: its part %s may not undo what was done", down->path,
                   down->down_words);
    return BELAY_OK;
}

static belay_status read_down_file(const applier *a, const ledger_row *row, migration *down)
{
    belay_status status = read_down_part(a, row, down);
    if (status != BELAY_OK || down->script)
        return status;
    char *path = migration_down_path(down);
    buf_done(&down->source);
    free(down->path);
    free(down->name);
    *down = (migration){.number = row->number, .path = path, .name = heap_dup(strrchr(path, '/') + 1)};
    return migration_load(a->c, a->h, down, server_standard_strings(&a->keeper));
}

/* Newest first; each with its row in one transaction, so that a second rollback goes on where the first stopped. */
static belay_status run_down_files(applier *a, ledger *l, const char *run)
{
    belay_status status = BELAY_OK;
    a->ledger = l;
    for (size_t i = l->count; i-- > 0 && status == BELAY_OK;) {
        if (strcmp(l->items[i].run, run) != 0)
            continue;
        migration down = {0};
        status = read_down_file(a, &l->items[i], &down);
        if (status == BELAY_OK)
            status = apply_down(a, &down);
        migration_files one = {.items = heap_grow(NULL, 1, sizeof down), .count = 1};
        one.items[0] = down;
        migration_files_done(&one);
    }
    return status;
}

static belay_status undo(applier *a, ledger *l, const char *run)
{
    guard_buf names = {0};
    size_t count = rows_of(l, run, &names);
    if (count == 0)
        return BELAY_NOTHING;
    if (undo_is(a->c, a->h, "snapshot"))
        return leave_to_snapshot(&a->keeper, count, names.text);
    if (undo_is(a->c, a->h, "down"))
        return run_down_files(a, l, run);
    return say(a->c, a->h, BELAY_E_FAIL, "restore the backup with postgres.restore, or undo them by hand",
               "%s stay%s applied, as undo = \"none\" says", names.text, count == 1 ? "s" : "");
}

belay_status migrate_rollback(belay_ctx *c, const belay_host *h)
{
    applier a = {0};
    ledger l = {0};
    const char *run = h->recall(c, "run");
    if (!run)
        return BELAY_NOTHING;
    belay_status status = server_wait(c, h);
    if (status == BELAY_OK)
        status = apply_open(c, h, NULL, &a);
    if (status == BELAY_OK)
        status = ledger_read(&a.keeper, &l);
    if (status == BELAY_OK)
        status = undo(&a, &l, run);
    ledger_done(&l);
    apply_close(&a);
    return status;
}
