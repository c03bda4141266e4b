/* postgres.locks: who waits for whom, looked at again and again over a window, and the deadlocks in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "kinds.h"
#include "masked.h"
#include "say/say.h"
#include "server.h"
#include "window/window.h"

#define QUERY_WIDTH 200
#define LINES_MAX   2000

/* What was seen so far. */
typedef struct watch {
    server *s;
    buf lines;
    char *worst; /* the line of the longest wait */
    double longest_ms, most;
    size_t line_count;
} watch;

belay_status locks_prepare(belay_ctx *c, const belay_host *h)
{
    return window_check(c, h, h->opt_int(c, "window"));
}

/* A row for each pair of a waiting session and one that it waits for. waitstart is new in PostgreSQL 14; before, the
 * statement's start is the best there is. */
static const char blocked[] =
    "SELECT w.pid, coalesce(nullif(w.application_name, ''), 'unnamed'), w.usename, w.query,"
    " extract(epoch FROM clock_timestamp() - coalesce((SELECT min((to_jsonb(l) ->> 'waitstart')::timestamptz)"
    "   FROM pg_locks l WHERE l.pid = w.pid AND NOT l.granted), w.query_start)) * 1000,"
    " b.pid, coalesce(nullif(b.application_name, ''), 'unnamed'), b.usename, b.state, b.query,"
    " to_char(clock_timestamp(), 'HH24:MI:SS.MS')"
    " FROM pg_stat_activity w, LATERAL (SELECT DISTINCT unnest(pg_blocking_pids(w.pid)) AS pid) p"
    " LEFT JOIN pg_stat_activity b ON b.pid = p.pid"
    " WHERE w.datname = current_database() AND w.wait_event_type = 'Lock' ORDER BY 5 DESC, 1, 6";

/* One pair in words; the caller frees. */
static char *tell_pair(const server *s, const PGresult *r, int row, double waited)
{
    bool standard = server_standard_strings(s);
    guard_heap char *waiting = masked_sql(PQgetvalue(r, row, 3), standard, QUERY_WIDTH);
    guard_heap char *holding = masked_sql(PQgetvalue(r, row, 9), standard, QUERY_WIDTH);
    if (PQgetisnull(r, row, 5))
        return heap_printf("%s %s (pid %s, user %s) has waited %.0f ms in \"%s\" for a session that is gone",
                           PQgetvalue(r, row, 10), PQgetvalue(r, row, 1), PQgetvalue(r, row, 0), PQgetvalue(r, row, 2),
                           waited, waiting);
    return heap_printf("%s %s (pid %s, user %s) has waited %.0f ms in \"%s\" for %s (pid %s, user %s, %s, \"%s\")",
                       PQgetvalue(r, row, 10), PQgetvalue(r, row, 1), PQgetvalue(r, row, 0), PQgetvalue(r, row, 2),
                       waited, waiting, PQgetvalue(r, row, 6), PQgetvalue(r, row, 5), PQgetvalue(r, row, 7),
                       PQgetvalue(r, row, 8), holding);
}

static void take_pair(watch *w, const PGresult *r, int row)
{
    double waited = strtod(PQgetvalue(r, row, 4), NULL);
    char *line = tell_pair(w->s, r, row, waited);
    if (w->line_count++ < LINES_MAX)
        buf_printf(&w->lines, "%s\n", line);
    if (waited > w->longest_ms) {
        w->longest_ms = waited;
        free(w->worst);
        w->worst = take(line);
    }
    free(line);
}

static belay_status look(watch *w)
{
    PGresult *r = NULL;
    const char *last = "";
    double sessions = 0;
    belay_status status = server_sees_sessions(w->s, w->s->database, NULL);
    if (status == BELAY_OK)
        status = server_ask(w->s, &r, blocked, 0, NULL);
    for (int row = 0; status == BELAY_OK && row < PQntuples(r); row++) {
        take_pair(w, r, row);
        sessions += strcmp(last, PQgetvalue(r, row, 0)) != 0; /* its pairs stand together */
        last = PQgetvalue(r, row, 0);
    }
    if (sessions > w->most)
        w->most = sessions;
    PQclear(r);
    return status;
}

static belay_status count_deadlocks(server *s, double *ret)
{
    char text[64] = "";
    belay_status status = server_text(
        s, text, sizeof text, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()", 0, NULL);
    *ret = strtod(text, NULL);
    return status;
}

static belay_status look_around(watch *w)
{
    const belay_host *h = w->s->h;
    int64_t window = h->opt_int(w->s->c, "window"), interval = h->opt_int(w->s->c, "sample_every");
    for (int64_t done = 0;; done += interval) {
        belay_status status = look(w);
        if (status != BELAY_OK || done >= window)
            return status;
        h->progress(w->s->c, (uint64_t)done, (uint64_t)window, "window");
        status = h->nap(w->s->c, (uint32_t)interval);
        if (status != BELAY_OK)
            return status;
    }
}

static belay_status report(watch *w, double deadlocks)
{
    belay_ctx *c = w->s->c;
    const belay_host *h = w->s->h;
    if (deadlocks < 0)
        return server_say(w->s, BELAY_E_RETRY, "find out who calls pg_stat_reset(), and measure again",
                          "the statistics of the database were reset during the window");
    if (w->lines.length && h->keep(c, "locks.txt", w->lines.text, w->lines.length) < 0)
        return BELAY_E_HOST;
    if (w->worst)
        say_log(c, h, 1, "the longest wait: %s", w->worst);
    (void)h->measure(c, "blocked", w->most);
    (void)h->measure(c, "longest_wait", w->longest_ms);
    return h->measure(c, "deadlocks", deadlocks);
}

belay_status locks_verify(belay_ctx *c, const belay_host *h)
{
    server s = {0};
    watch w = {.s = &s};
    double before = 0, after = 0;
    belay_status status = window_check(c, h, h->opt_int(c, "window"));
    if (status == BELAY_OK)
        status = server_open_target(c, h, &s);
    if (status == BELAY_OK)
        status = count_deadlocks(&s, &before);
    if (status == BELAY_OK)
        status = look_around(&w);
    if (status == BELAY_OK)
        status = count_deadlocks(&s, &after);
    if (status == BELAY_OK)
        status = report(&w, after - before);
    buf_done(&w.lines);
    free(w.worst);
    server_close(&s);
    return status;
}
