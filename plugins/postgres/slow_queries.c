/* postgres.slow_queries: what pg_stat_statements counted in a window, as the difference of two readings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "kinds.h"
#include "masked.h"
#include "say/say.h"
#include "server.h"
#include "window/window.h"

#define QUERY_WIDTH 2000
/* By this word in their text our own questions are left out: the extension keeps comments, and no constants. */
#define OWN SERVER_OWN

/* Where the extension is and what this version of it has. */
typedef struct extension {
    char schema[SERVER_QUOTED]; /* quoted */
    bool exec_time;             /* 1.8: total_exec_time; before: total_time */
    bool info;                  /* 1.9: pg_stat_statements_info */
} extension;

/* One statement, by its queryid; first of the whole, then of the window. */
typedef struct statement {
    char id[24];
    double calls, total, longest; /* ms; longest since the statement is known */
} statement;

/* All statements of the database, ordered by id. */
typedef struct reading {
    statement *items;
    size_t count;
    double evictions;
    char reset_at[64];
} reading;

/* ---- the extension ----------------------------------------------------------------------------------------------- */

static const char probe[] =
    "SELECT /* " OWN
    " */ coalesce(quote_ident(n.nspname), ''), current_setting('pg_stat_statements.max', true) IS NOT NULL,"
    " pg_has_role('pg_read_all_stats', 'USAGE'),"
    " EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = n.oid"
    "   AND c.relname = 'pg_stat_statements' AND a.attname = 'total_exec_time'),"
    " EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'pg_stat_statements_info')"
    " FROM (SELECT) AS one LEFT JOIN pg_extension e ON e.extname = 'pg_stat_statements'"
    " LEFT JOIN pg_namespace n ON n.oid = e.extnamespace";

static bool is_true(const PGresult *r, int row, int column)
{
    return *PQgetvalue(r, row, column) == 't';
}

static belay_status judge_extension(server *s, const PGresult *r, extension *ret)
{
    snprintf(ret->schema, sizeof ret->schema, "%s", PQgetvalue(r, 0, 0));
    ret->exec_time = is_true(r, 0, 3);
    ret->info = is_true(r, 0, 4);
    if (!is_true(r, 0, 1))
        return server_say(
            s, BELAY_E_RETRY,
            "add it to shared_preload_libraries in postgresql.conf, restart the server, and CREATE EXTENSION "
            "pg_stat_statements in the database",
            "the server has not loaded the library pg_stat_statements, so it does not count statements");
    if (!ret->schema[0])
        return server_say(s, BELAY_E_RETRY, "as a superuser: CREATE EXTENSION pg_stat_statements",
                          "the database %s has no extension pg_stat_statements", s->database);
    if (!is_true(r, 0, 2))
        return server_explain_blind(s, "statements of its own, not those of the applications");
    return BELAY_OK;
}

static belay_status find_extension(server *s, extension *ret)
{
    PGresult *r = NULL;
    belay_status status = server_ask(s, &r, probe, 0, NULL);
    if (status == BELAY_OK)
        status = judge_extension(s, r, ret);
    PQclear(r);
    return status;
}

belay_status slow_queries_prepare(belay_ctx *c, const belay_host *h)
{
    server s;
    extension e = {0};
    belay_status status = window_check(c, h, h->opt_int(c, "window"));
    if (status != BELAY_OK || h->pending(c, "database"))
        return status;
    status = server_open_target(c, h, &s);
    if (status == BELAY_OK)
        status = find_extension(&s, &e);
    else if (status == BELAY_E_RETRY) { /* a step of the pipeline may start the server */
        say_log(c, h, 2, "the server does not answer yet, so whether it has pg_stat_statements is seen later");
        status = BELAY_OK;
    }
    server_close(&s);
    return status;
}

/* ---- readings ---------------------------------------------------------------------------------------------------- */

static belay_status read_info(server *s, const extension *e, reading *ret)
{
    char text[128] = "", sql[512];
    if (!e->info)
        return BELAY_OK;
    snprintf(sql, sizeof sql, "SELECT /* " OWN " */ dealloc || ' ' || stats_reset FROM %s.pg_stat_statements_info",
             e->schema);
    belay_status status = server_text(s, text, sizeof text, sql, 0, NULL);
    const char *space = strchr(text, ' ');
    ret->evictions = strtod(text, NULL);
    snprintf(ret->reset_at, sizeof ret->reset_at, "%s", space ? space + 1 : "");
    return status;
}

/* The texts, which may be megabytes, stay on the server. */
static belay_status read_statements(server *s, const extension *e, reading *ret)
{
    char sql[1024];
    const char *time = e->exec_time ? "exec_time" : "time";
    PGresult *r = NULL;
    snprintf(sql, sizeof sql,
             "SELECT /* " OWN " */ queryid, sum(calls), sum(total_%s), max(max_%s) FROM %s.pg_stat_statements"
             " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND queryid IS NOT NULL"
             " AND query NOT LIKE '%%" OWN "%%'"
             " GROUP BY queryid ORDER BY queryid::text COLLATE \"C\"",
             time, time, e->schema);
    belay_status status = server_ask(s, &r, sql, 0, NULL);
    ret->count = status == BELAY_OK ? (size_t)PQntuples(r) : 0;
    ret->items = heap_zeroed((ret->count + 1) * sizeof *ret->items);
    for (size_t i = 0; i < ret->count; i++) {
        statement *one = &ret->items[i];
        snprintf(one->id, sizeof one->id, "%s", PQgetvalue(r, (int)i, 0));
        one->calls = strtod(PQgetvalue(r, (int)i, 1), NULL);
        one->total = strtod(PQgetvalue(r, (int)i, 2), NULL);
        one->longest = strtod(PQgetvalue(r, (int)i, 3), NULL);
    }
    PQclear(r);
    return status;
}

/* In a session of its own: one that is held over a window would be lost with the server. */
static belay_status begin_window(belay_ctx *c, const belay_host *h, reading *ret)
{
    server s;
    extension e = {0};
    belay_status status = server_open_target(c, h, &s);
    if (status == BELAY_OK)
        status = find_extension(&s, &e);
    if (status == BELAY_OK)
        status = read_info(&s, &e, ret);
    if (status == BELAY_OK)
        status = read_statements(&s, &e, ret);
    server_close(&s);
    return status;
}

/* ---- the difference ---------------------------------------------------------------------------------------------- */

static double mean(const statement *s)
{
    return s->total / s->calls;
}

static int worst_first(const void *a, const void *b)
{
    double x = mean(a), y = mean(b);
    return (x < y) - (x > y);
}

/* Turns `after` into what was counted in between. A count that fell belongs to a statement that was evicted and came
 * back, or was reset alone: it begins at zero. */
static void subtract(const reading *before, reading *after)
{
    size_t kept = 0, b = 0;
    for (size_t i = 0; i < after->count; i++) {
        statement one = after->items[i];
        while (b < before->count && strcmp(before->items[b].id, one.id) < 0)
            b++;
        const statement *old = b < before->count ? &before->items[b] : NULL;
        if (old && strcmp(old->id, one.id) == 0 && old->calls <= one.calls) {
            one.calls -= old->calls;
            one.total -= old->total;
        }
        if (one.calls > 0)
            after->items[kept++] = one;
    }
    after->count = kept;
    qsort(after->items, kept, sizeof *after->items, worst_first);
}

/* The sum of all counts can only grow, unless somebody reset them; used where the extension does not tell. */
static bool was_reset(const reading *before, const reading *after)
{
    double had = 0, has = 0;
    if (before->reset_at[0])
        return strcmp(before->reset_at, after->reset_at) != 0;
    for (size_t i = 0; i < before->count; i++)
        had += before->items[i].calls;
    for (size_t i = 0; i < after->count; i++)
        has += after->items[i].calls;
    return has < had;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

/* The text of a statement, masked; the caller frees. */
static belay_status text_of(server *s, const extension *e, const char *id, char **ret)
{
    char sql[256];
    PGresult *r = NULL;
    snprintf(sql, sizeof sql,
             "SELECT /* " OWN " */ query FROM %s.pg_stat_statements WHERE queryid = $1::bigint LIMIT 1", e->schema);
    belay_status status = server_ask(s, &r, sql, 1, &id);
    if (status == BELAY_OK)
        *ret = masked_sql(PQntuples(r) ? PQgetvalue(r, 0, 0) : "(evicted)", server_standard_strings(s), QUERY_WIDTH);
    PQclear(r);
    return status;
}

static void log_worst(const server *s, const statement *worst, const char *sql)
{
    say_log(s->c, s->h, 1, "slowest by mean: %.1f ms over %.0f calls: %.200s", mean(worst), worst->calls, sql);
}

static belay_status keep_worst(server *s, const extension *e, const reading *window)
{
    size_t top = (size_t)s->h->opt_int(s->c, "top");
    guard_buf table = {0};
    buf_puts(&table, "mean ms      calls     total ms   longest ever ms  queryid               statement\n");
    for (size_t i = 0; i < window->count && i < top; i++) {
        const statement *one = &window->items[i];
        guard_heap char *sql = NULL;
        belay_status status = text_of(s, e, one->id, &sql);
        if (status != BELAY_OK)
            return status;
        if (i == 0)
            log_worst(s, one, sql);
        buf_printf(&table, "%-12.2f %-9.0f %-10.1f %-16.1f %-21s %s\n", mean(one), one->calls, one->total, one->longest,
                   one->id, sql);
    }
    return s->h->keep(s->c, "slow-queries.txt", table.text, table.length);
}

static belay_status measure(server *s, const reading *before, const reading *window)
{
    double calls = 0, total = 0, min_calls = (double)s->h->opt_int(s->c, "min_calls");
    const statement *worst = NULL;
    for (size_t i = 0; i < window->count; i++) {
        calls += window->items[i].calls;
        total += window->items[i].total;
        if (!worst && window->items[i].calls >= min_calls)
            worst = &window->items[i];
    }
    (void)s->h->measure(s->c, "calls", calls);
    (void)s->h->measure(s->c, "statements", (double)window->count);
    if (before->reset_at[0])
        (void)s->h->measure(s->c, "evictions", window->evictions - before->evictions);
    char length[WINDOW_TEXT];
    if (!worst)
        return server_say(s, BELAY_NO_DATA, "lengthen window, or see that the database is in use meanwhile",
                          "no statement ran %.0f times or more on %s in %s", min_calls, s->database,
                          window_text(s->h->opt_int(s->c, "window"), length));
    (void)s->h->measure(s->c, "mean", total / calls);
    return s->h->measure(s->c, "max_mean", mean(worst));
}

/* With the rows of both readings in hand. */
static belay_status judge_window(server *s, const extension *e, const reading *before, const reading *window)
{
    belay_status status = measure(s, before, window);
    if (window->count == 0)
        return status;
    belay_status kept = keep_worst(s, e, window);
    return status == BELAY_OK ? kept : status;
}

/* Takes the second reading, and judges the difference. */
static belay_status end_window(server *s, const reading *before)
{
    extension e = {0};
    reading after = {0};
    belay_status status = find_extension(s, &e);
    if (status == BELAY_OK)
        status = read_info(s, &e, &after);
    if (status == BELAY_OK)
        status = read_statements(s, &e, &after);
    if (status == BELAY_OK && was_reset(before, &after))
        status = server_say(s, BELAY_E_RETRY, "find out who calls pg_stat_statements_reset(), and measure again",
                            "the statistics of pg_stat_statements were reset during the window");
    if (status == BELAY_OK) {
        subtract(before, &after);
        status = judge_window(s, &e, before, &after);
    }
    free(after.items);
    return status;
}

belay_status slow_queries_verify(belay_ctx *c, const belay_host *h)
{
    int64_t window = h->opt_int(c, "window");
    reading before = {0};
    server s = {0};
    belay_status status = window_check(c, h, window);
    if (status == BELAY_OK)
        status = begin_window(c, h, &before);
    if (status == BELAY_OK)
        status = window_wait(c, h, window, "window");
    if (status == BELAY_OK)
        status = server_open_target(c, h, &s);
    if (status == BELAY_OK)
        status = end_window(&s, &before);
    server_close(&s);
    free(before.items);
    return status;
}
