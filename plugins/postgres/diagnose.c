/* postgres.diagnose: what a database says about a failure: does it answer, who holds what, what is invalid or slow. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "kinds.h"
#include "masked.h"
#include "say/finding.h"
#include "say/say.h"
#include "server.h"

#define QUERY_WIDTH 120

/* A question, the artifact that its answer goes to, and what a row of it may mean. */
typedef struct question {
    const char *artifact, *sql;
    void (*judge)(const server *s, const PGresult *r, int row);
    int query_column; /* whose SQL is masked: its values may be secret; -1: none */
} question;

/* ---- what a row may mean ----------------------------------------------------------------------------------------- */

static const char *value(const PGresult *r, int row, const char *column)
{
    const int at = PQfnumber(r, column);
    return at < 0 ? "" : PQgetvalue(r, row, at);
}

static bool is_true(const PGresult *r, int row, const char *column)
{
    return *value(r, row, column) == 't';
}

static double number(const PGresult *r, int row, const char *column)
{
    return strtod(value(r, row, column), NULL);
}

static char *shown_query(const server *s, const char *sql)
{
    return masked_sql(sql, server_standard_strings(s), QUERY_WIDTH);
}

/* Someone waits now: that is a fact. */
static void judge_wait(const server *s, const PGresult *r, int row)
{
    guard_heap char *waiting = shown_query(s, value(r, row, "query"));
    guard_heap char *holding = shown_query(s, value(r, row, "holder_query"));
    finding(s->c, s->h, 93,
            "%s (pid %s, user %s) waits in \"%s\" for a lock that %s holds (pid %s, user %s, %s: \"%s\")",
            value(r, row, "application"), value(r, row, "pid"), value(r, row, "user"), waiting, value(r, row, "holder"),
            value(r, row, "holder_pid"), value(r, row, "holder_user"), value(r, row, "holder_state"), holding);
}

/* Who waited in the failed step is gone by now; that it waited is in the step's message. */
#define LOCKED "lock timeout|lock_timeout|55P03|deadlock|40P01|waits? for|is locked|still connected|session"
static void judge_holder(const server *s, const PGresult *r, int row)
{
    guard_heap char *query = shown_query(s, value(r, row, "query"));
    finding(s->c, s->h, finding_failure_says(s->c, s->h, LOCKED) ? 92 : 40,
            "%s (pid %s, user %s) holds locks on %s and has been %s for %s s: \"%s\"", value(r, row, "application"),
            value(r, row, "pid"), value(r, row, "user"), value(r, row, "relations"), value(r, row, "state"),
            value(r, row, "seconds"), query);
}

static void judge_index(const server *s, const PGresult *r, int row)
{
    if (!is_true(r, row, "valid") && !is_true(r, row, "being_built"))
        finding(s->c, s->h, 89, "index %s of %s is invalid: a CREATE INDEX CONCURRENTLY of it failed or was cut short",
                value(r, row, "index"), value(r, row, "table"));
}

static void judge_sessions(const server *s, const PGresult *r, int row)
{
    const double used = number(r, row, "used"), most = number(r, row, "most");
    if (most > 0 && used >= 0.95 * most)
        finding(s->c, s->h, 87, "the server has no connection left: %.0f of %.0f are in use", used, most);
}

#define SLOW    "p95|p99|latency|slow|timed? ?out|within|total is"
#define SLOW_MS 500
static void judge_statement(const server *s, const PGresult *r, int row)
{
    const double mean = number(r, row, "mean_ms");
    if (mean < SLOW_MS)
        return;
    guard_heap char *query = shown_query(s, value(r, row, "query"));
    finding(s->c, s->h, finding_failure_says(s->c, s->h, SLOW) ? 70 : 30,
            "a statement takes %.0f ms on average over %s calls: \"%s\"", mean, value(r, row, "calls"), query);
}

static void judge_database(const server *s, const PGresult *r, int row)
{
    const double rate = number(r, row, "hit_percent");
    if (!is_true(r, row, "this_one") || number(r, row, "blocks") < 10000 || rate >= 90)
        return;
    finding(s->c, s->h, finding_failure_says(s->c, s->h, SLOW) ? 55 : 30,
            "only %.0f %% of the blocks that %s reads are in the server's cache", rate, value(r, row, "database"));
}

/* ---- the questions ----------------------------------------------------------------------------------------------- */

static const question questions[] = {
    {"waits.txt",
     "SELECT w.pid, coalesce(nullif(w.application_name, ''), 'a session') AS application, w.usename AS \"user\","
     " w.query, b.pid AS holder_pid, coalesce(nullif(b.application_name, ''), 'a session') AS holder,"
     " b.usename AS holder_user, b.state AS holder_state, b.query AS holder_query"
     " FROM pg_stat_activity w, LATERAL (SELECT DISTINCT unnest(pg_blocking_pids(w.pid)) AS pid) p"
     " JOIN pg_stat_activity b ON b.pid = p.pid WHERE w.wait_event_type = 'Lock' ORDER BY w.query_start",
     judge_wait, 3},
    {"holders.txt",
     "SELECT a.pid, coalesce(nullif(a.application_name, ''), 'a session') AS application, a.usename AS \"user\", "
     "a.query,"
     " a.state, round(extract(epoch FROM clock_timestamp() - a.xact_start)) AS seconds,"
     " string_agg(DISTINCT l.relation::regclass::text, ', ') AS relations"
     " FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.granted AND l.locktype = 'relation'"
     " JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace"
     " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'"
     " AND a.xact_start < clock_timestamp() - interval '1 s' AND l.database = (SELECT oid FROM pg_database"
     " WHERE datname = current_database()) AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND c.relkind IN ('r', 'p', "
     "'m')"
     " GROUP BY 1, 2, 3, 4, 5, a.xact_start ORDER BY a.xact_start LIMIT 20",
     judge_holder, 3},
    {"indexes.txt",
     "SELECT n.nspname AS schema, t.relname AS \"table\", i.relname AS index, x.indisvalid AS valid,"
     " EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = x.indexrelid) AS being_built"
     " FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid"
     " JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast',"
     " 'information_schema') ORDER BY 4, 1, 2, 3",
     judge_index, -1},
    {"connections.txt",
     "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,"
     " current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most",
     judge_sessions, -1},
    {"databases.txt",
     "SELECT datname AS database, datname = current_database() AS this_one, numbackends AS sessions,"
     " xact_commit AS commits, xact_rollback AS rollbacks, deadlocks, blks_hit + blks_read AS blocks,"
     " round(100.0 * blks_hit / greatest(blks_hit + blks_read, 1), 1) AS hit_percent"
     " FROM pg_stat_database WHERE datname IS NOT NULL ORDER BY 1",
     judge_database, -1},
    {"sessions.txt",
     "SELECT pid, application_name AS application, usename AS \"user\", query, datname AS database, client_addr AS "
     "client,"
     " state, wait_event, round(extract(epoch FROM clock_timestamp() - xact_start)) AS transaction_s,"
     " round(extract(epoch FROM clock_timestamp() - query_start)) AS statement_s"
     " FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY backend_start",
     NULL, 3},
};

/* Its name is looked up first: the extension may be in any schema, or nowhere. */
static const char statements_sql[] =
    "SELECT round(mean_exec_time::numeric, 1) AS mean_ms, calls, round(total_exec_time::numeric) AS total_ms, query"
    " FROM %s.pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND calls > 1 ORDER BY mean_exec_time DESC LIMIT 10";

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static void add_row(const server *s, const question *q, const PGresult *r, int row, buf *page)
{
    for (int i = 0; i < PQnfields(r); i++) {
        guard_heap char *masked = i == q->query_column ? shown_query(s, PQgetvalue(r, row, i)) : NULL;
        const bool of_holder = strcmp(PQfname(r, i), "holder_query") == 0;
        guard_heap char *other = of_holder ? shown_query(s, PQgetvalue(r, row, i)) : NULL;
        buf_printf(page, "%s%s=%s", i ? "  " : "", PQfname(r, i),
                   masked  ? masked
                   : other ? other
                           : PQgetvalue(r, row, i));
    }
    buf_putc(page, '\n');
}

/* What a user may not see, or this server does not have, is left out: the rest may tell enough. */
static belay_status ask(server *s, const question *q)
{
    PGresult *r = NULL;
    guard_buf page = {0};
    belay_status status = server_ask(s, &r, q->sql, 0, NULL);
    for (int row = 0; status == BELAY_OK && row < PQntuples(r); row++) {
        add_row(s, q, r, row, &page);
        if (q->judge)
            q->judge(s, r, row);
    }
    PQclear(r);
    if (page.length)
        (void)s->h->keep(s->c, q->artifact, page.text, page.length);
    if (status != BELAY_OK && status != BELAY_E_CANCELLED)
        say_log(s->c, s->h, 1, "%s was left out: %s", q->artifact, PQerrorMessage(s->conn));
    return status == BELAY_E_CANCELLED || PQstatus(s->conn) != CONNECTION_OK ? status : BELAY_OK;
}

static belay_status ask_statements(server *s)
{
    char schema[SERVER_QUOTED] = "";
    belay_status status = server_text(s, schema, sizeof schema,
                                      "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON"
                                      " n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'",
                                      0, NULL);
    if (status != BELAY_OK || !*schema)
        return status;
    guard_heap char *sql = heap_printf(statements_sql, schema);
    const question q = {"statements.txt", sql, judge_statement, 3};
    return ask(s, &q);
}

/* Without a connection, why there is none is all that can be found, and it is much. */
static belay_status no_connection(server *s, belay_status status)
{
    const char *why = s->conn ? PQerrorMessage(s->conn) : "";
    if (status == BELAY_E_CANCELLED || status == BELAY_E_CONFIG || !s->conn)
        return status;
    finding(s->c, s->h, 88, "no connection to the database %s: %.*s", s->database, (int)strcspn(why, "\n"),
            *why ? why : "it does not answer in time");
    return BELAY_OK;
}

belay_status diagnose_verify(belay_ctx *c, const belay_host *h)
{
    server s = {0};
    belay_status status = server_open_target(c, h, &s);
    if (status != BELAY_OK) {
        status = no_connection(&s, status);
        server_close(&s);
        return status;
    }
    status = server_do(&s, "SET statement_timeout = '1s'");
    for (size_t i = 0; i < sizeof questions / sizeof *questions && status == BELAY_OK; i++)
        status = ask(&s, &questions[i]);
    if (status == BELAY_OK)
        status = ask_statements(&s);
    server_close(&s);
    return status;
}
