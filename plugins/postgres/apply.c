#include "apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "attempt.h"
#include "indexes.h"
#include "psql.h"
#include "say/say.h"
#include "session.h"

#define LOCK_TRIES  10
#define LOCK_NAP_MS 500
#define DELAY_MAX   30000

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

void apply_tag(belay_ctx *c, const belay_host *h, char *buf, size_t size)
{
    const char *run = h->fact(c, "run.id"), *step = h->fact(c, "step.id");
    snprintf(buf, size, "%s/%s", run ? run : "", step ? step : "");
}

/* ---- one migration at a time ------------------------------------------------------------------------------------ */

/* Advisory locks are the session's and the database's own: a dead Belay holds none. */
static belay_status take_lock(applier *a)
{
    static const char *const key = "belay.migrate";
    char got[8] = "", holder[128] = "";
    for (int i = 0; i < LOCK_TRIES; i++) {
        belay_status status =
            server_text(&a->keeper, got, sizeof got, "SELECT pg_try_advisory_lock(hashtext($1))", 1, &key);
        if (status != BELAY_OK || got[0] == 't')
            return status;
        if (a->h->nap(a->c, LOCK_NAP_MS) != BELAY_OK)
            return BELAY_E_CANCELLED;
    }
    (void)server_text(
        &a->keeper, holder, sizeof holder,
        "SELECT format('pid %s from %s', a.pid, coalesce(host(client_addr), 'this machine')) FROM pg_locks l"
        " JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND a.datname ="
        " current_database() AND l.objid = (hashtext($1)::bigint & 4294967295)::oid LIMIT 1",
        1, &key);
    return say(a->c, a->h, BELAY_E_RETRY, "wait until it has ended",
               "another migration is running on this database: %s", holder);
}

belay_status apply_open(belay_ctx *c, const belay_host *h, const char *database, applier *ret)
{
    *ret = (applier){.c = c, .h = h, .database = database};
    apply_tag(c, h, ret->run, sizeof ret->run);
    belay_status status = server_open_other(c, h, database, &ret->keeper);
    return status == BELAY_OK ? take_lock(ret) : status;
}

void apply_close(applier *a)
{
    session_close(a);
    server_close(&a->keeper);
}

/* The file was split for a setting of standard_conforming_strings; where the server's is another, the pieces are wrong.
 */
static belay_status check_strings(const attempt *t)
{
    const migration *m = t->m;
    bool standard = server_standard_strings(&t->a->session);
    if (m->script->items[t->at].strings == standard)
        return BELAY_OK;
    return say(t->a->c, t->a->h, BELAY_E_FAIL, "set it by SET standard_conforming_strings = ... on a line of its own",
               "%s:%u: standard_conforming_strings is %s here, which the file's text does not go with", m->path,
               m->script->items[t->at].lines[0], standard ? "on" : "off");
}

/* Statements that work CONCURRENTLY wait for old transactions and let everybody go on meanwhile: a short lock_timeout
 * would only leave an invalid index behind. */
static belay_status send_concurrently(attempt *t, const sql_statement *st)
{
    char now[sizeof t->lock_timeout] = "";
    long long limit = t->a->h->opt_int(t->a->c, "concurrent_lock_timeout");
    belay_status status =
        server_text(&t->a->session, now, sizeof now, "SELECT current_setting('lock_timeout')", 0, NULL);
    bool own = strcmp(now, t->lock_timeout) != 0; /* the file has set one: it stands */
    if (status == BELAY_OK && !own)
        status = server_do(&t->a->session, "SET lock_timeout = %lld", limit);
    if (status == BELAY_OK)
        status = send_statement(&t->a->session, st, &t->why);
    if (status == BELAY_OK && !own)
        status = server_do(&t->a->session, "SET lock_timeout = '%s'", t->lock_timeout);
    return status;
}

/* Sends the statement `at`. What fails otherwise than by the statement has explained itself, and left `why` empty. */
static belay_status run_statement(attempt *t)
{
    applier *a = t->a;
    belay_status status = check_strings(t);
    if (status != BELAY_OK)
        return status;
    const sql_statement *st = &t->m->script->items[t->at];
    if (st->traits.flags & SQL_UNLESS_EXISTS)
        status = indexes_check_name(&t->a->session, t->m, st);
    if (status != BELAY_OK)
        return status;
    a->blockers[0] = '\0';
    double start = now_ms();
    if (st->traits.flags & SQL_CONCURRENTLY)
        status = send_concurrently(t, st);
    else
        status = send_statement(&t->a->session, st, &t->why);
    double took = now_ms() - start;
    if (took > a->longest_ms)
        a->longest_ms = took;
    a->h->progress(a->c, t->at + 1, t->m->script->count, t->m->name);
    return status;
}

/* Puts the whole file into the ledger, or takes it out. */
static belay_status settle(const attempt *t, server *s)
{
    applier *a = t->a;
    if (a->undoing)
        return ledger_forget(s, a->ledger, t->m->number);
    return ledger_write(s, a->ledger, t->m, "done", (int)t->m->script->count, now_ms() - t->started, a->run);
}

/* ---- in one transaction ------------------------------------------------------------------------------------------ */

/* The connection was lost while the server committed: the ledger's row tells. */
static belay_status find_out(attempt *t)
{
    server s = {0};
    ledger l = {0};
    belay_status status = server_open_other(t->a->c, t->a->h, t->a->database, &s);
    if (status == BELAY_OK)
        status = ledger_read(&s, &l);
    const ledger_row *row = status == BELAY_OK ? ledger_find(&l, t->m->number) : NULL;
    bool committed = t->a->undoing ? !row : row && row->done && strcmp(row->sha256, t->m->sha256) == 0;
    if (status != BELAY_OK)
        (void)say(t->a->c, t->a->h, status, "look into the ledger once the server answers",
                  "%s: the connection was lost while the server committed: whether the file is applied is not known",
                  t->m->path);
    else if (!committed)
        status =
            say(t->a->c, t->a->h, BELAY_E_RETRY, NULL,
                "%s: the connection was lost before the server committed; nothing of the file is kept", t->m->path);
    ledger_done(&l);
    server_close(&s);
    return status;
}

/* The row and COMMIT in one message: each round trip counts. */
static belay_status commit(attempt *t)
{
    applier *a = t->a;
    guard_heap char *row = a->undoing
                               ? heap_printf("DELETE FROM %s WHERE number = %lld", a->ledger->table, t->m->number)
                               : ledger_write_sql(&a->session, a->ledger, t->m, now_ms() - t->started, a->run);
    sql_statement end = {.text = heap_printf("RESET ROLE; %s; COMMIT", row)}; /* the ledger is the login's */
    belay_status status = send_statement(&a->session, &end, &t->why);
    free(end.text);
    return status == BELAY_E_RETRY ? find_out(t) : status == BELAY_OK ? status : attempt_explain(t, status, true);
}

static belay_status make_ledger(attempt *t)
{
    applier *a = t->a;
    belay_status status = a->ledger->exists ? BELAY_OK : server_do(&a->session, "RESET ROLE");
    return status == BELAY_OK ? ledger_create(&a->session, a->ledger) : status;
}

static belay_status finish_transaction(attempt *t)
{
    belay_status status = indexes_check_new(&t->a->session, t->a->invalid, t->m->path, "the file was rolled back");
    if (status == BELAY_OK)
        status = make_ledger(t);
    return status == BELAY_OK ? commit(t) : status;
}

static belay_status try_transaction(attempt *t)
{
    belay_status status = session_begin(t->a);
    if (status == BELAY_OK)
        status = server_do(&t->a->session, "BEGIN");
    if (status != BELAY_OK)
        return status;
    for (t->at = 0; t->at < t->m->script->count; t->at++) {
        status = run_statement(t);
        if (status != BELAY_OK)
            return t->why.message || status == BELAY_E_CANCELLED ? attempt_explain(t, status, true) : status;
        if (PQtransactionStatus(t->a->session.conn) != PQTRANS_INTRANS)
            return say(t->a->c, t->a->h, BELAY_E_FAIL, "begin the file with the line -- belay: no-transaction",
                       "%s:%u: this statement ended the file's transaction; what came before it may stay applied",
                       t->m->path, t->m->script->items[t->at].lines[0]);
    }
    return finish_transaction(t);
}

/* Waits outside any transaction; jitter keeps two that block each other from meeting again. */
static belay_status wait_before_retry(applier *a, const attempt *t, int tries, int64_t tries_max)
{
    int64_t delay = a->h->opt_int(a->c, "lock_delay") << (tries < 5 ? tries : 5);
    delay = delay > DELAY_MAX ? DELAY_MAX : delay;
    delay += (int64_t)now_ms() % (delay / 2 + 1);
    say_log(a->c, a->h, 2, "%s: %s %s%s%s; trying again in %.1f s (%d of %lld)", t->m->name, t->why.state,
            t->why.message, a->blockers[0] ? "; the lock is held by " : "", a->blockers, (double)delay / 1000,
            tries + 1, (long long)tries_max);
    return a->h->nap(a->c, (uint32_t)delay);
}

static belay_status apply_in_transaction(applier *a, migration *m)
{
    int64_t retries = a->h->opt_int(a->c, "lock_retries");
    for (int tries = 0;; tries++) {
        attempt t = {.a = a, .m = m, .started = now_ms()};
        belay_status status = try_transaction(&t);
        session_end(a, m, status == BELAY_OK); /* ends a failed transaction, and its locks, before the wait */
        bool again = status == BELAY_E_FAIL && failure_is_transient(&t.why) && tries < retries;
        if (again && wait_before_retry(a, &t, tries, retries) != BELAY_OK)
            again = false, status = BELAY_E_CANCELLED;
        if (status == BELAY_E_FAIL && failure_is_transient(&t.why))
            status = BELAY_E_RETRY;
        failure_done(&t.why);
        if (!again)
            return status;
    }
}

/* ---- statement by statement ---------------------------------------------------------------------------------------
 */

static belay_status run_alone(attempt *t)
{
    int64_t retries = t->a->h->opt_int(t->a->c, "lock_retries");
    for (int tries = 0;; tries++) {
        bool idle = PQtransactionStatus(t->a->session.conn) == PQTRANS_IDLE;
        belay_status status = run_statement(t);
        bool concurrently = t->m->script->items[t->at].traits.flags & SQL_CONCURRENTLY;
        if (status != BELAY_E_FAIL || !failure_is_transient(&t->why) || !idle || concurrently || tries >= retries)
            return status;
        if (wait_before_retry(t->a, t, tries, retries) != BELAY_OK)
            return BELAY_E_CANCELLED;
        failure_done(&t->why);
    }
}

/* An error rolls most statements back whole; not these, which have transactions of their own. */
static bool leaves_nothing(const sql_statement *st, const failure *why)
{
    return why->state[0] && !(st->traits.flags & (SQL_ALONE | SQL_OWN_TRANSACTION)) &&
           strncasecmp(st->text, "call", 4) != 0 && strncasecmp(st->text, "do", 2) != 0;
}

/* A file of which nothing took effect is as if it had not been begun. */
static belay_status explain_alone(attempt *t, belay_status status)
{
    applier *a = t->a;
    (void)indexes_new(&a->keeper, a->invalid, t->index, sizeof t->index);
    t->nothing = t->at == 0 && !t->index[0] && leaves_nothing(&t->m->script->items[0], &t->why);
    if (t->nothing && !a->undoing && !t->again)
        (void)ledger_forget(&a->keeper, a->ledger, t->m->number);
    return t->why.message || status == BELAY_E_CANCELLED ? attempt_explain(t, status, false) : status;
}

/* Sends every statement; each takes effect by itself, and the ledger's row follows. */
static belay_status run_each(attempt *t)
{
    applier *a = t->a;
    for (t->at = 0; t->at < t->m->script->count; t->at++) {
        belay_status status = run_alone(t);
        if (status != BELAY_OK)
            return explain_alone(t, status);
        if (PQtransactionStatus(t->a->session.conn) != PQTRANS_IDLE)
            continue; /* in the file's own transaction: nothing of it is sure yet */
        t->kept = t->at + 1;
        status = server_do(&a->keeper, "UPDATE %s SET statements_done = %zu WHERE number = %lld", a->ledger->table,
                           t->kept, t->m->number);
        if (status != BELAY_OK)
            return say(a->c, a->h, status, "correct the file's row in the ledger once the server answers",
                       "%s: statement %zu of %zu is done, but the ledger could not be told: %s", t->m->path, t->kept,
                       t->m->script->count, PQerrorMessage(a->keeper.conn));
    }
    return BELAY_OK;
}

static belay_status try_statements(attempt *t)
{
    applier *a = t->a;
    belay_status status = session_begin(a);
    if (status == BELAY_OK)
        status = server_text(&a->session, t->lock_timeout, sizeof t->lock_timeout,
                             "SELECT current_setting('lock_timeout')", 0, NULL);
    if (status == BELAY_OK)
        status = ledger_create(&a->keeper, a->ledger);
    if (status == BELAY_OK && !a->undoing)
        status = ledger_write(&a->keeper, a->ledger, t->m, "started", 0, 0, a->run);
    if (status == BELAY_OK)
        status = run_each(t);
    if (status != BELAY_OK)
        return status;
    if (PQtransactionStatus(t->a->session.conn) != PQTRANS_IDLE)
        return say(a->c, a->h, BELAY_E_FAIL, "end the file with COMMIT",
                   "%s ends within a transaction that it began: what came after statement %zu is rolled back",
                   t->m->path, t->kept);
    status = indexes_check_new(&t->a->session, t->a->invalid, t->m->path,
                               "the file runs without a transaction: it stays applied");
    if (status == BELAY_OK)
        status = settle(t, &a->keeper);
    return status;
}

static belay_status apply_statements(applier *a, migration *m)
{
    const ledger_row *row = ledger_find(a->ledger, m->number);
    attempt t = {.a = a, .m = m, .started = now_ms(), .again = row != NULL};
    belay_status status = try_statements(&t);
    session_end(a, m, status == BELAY_OK);
    failure_done(&t.why);
    return status;
}

/* ------------------------------------------------------------------------------------------------------------------ */

belay_status apply_file(applier *a, migration *m)
{
    double start = now_ms();
    recipe r = recipe_of(m);
    const char *runner = a->h->opt_str(a->c, "runner");
    belay_status status = strcmp(runner, "psql") == 0 ? psql_apply(a, m, r.transaction)
                          : r.transaction             ? apply_in_transaction(a, m)
                                                      : apply_statements(a, m);
    if (status != BELAY_OK)
        return status;
    a->files++;
    a->statements += m->script->count;
    a->ledger->exists = true;
    say_log(a->c, a->h, 1, "%s: applied, %zu statement%s in %.2f s", m->name, m->script->count,
            m->script->count == 1 ? "" : "s", (now_ms() - start) / 1000);
    return BELAY_OK;
}

belay_status apply_down(applier *a, migration *m)
{
    a->undoing = true;
    belay_status status = recipe_of(m).transaction ? apply_in_transaction(a, m) : apply_statements(a, m);
    a->undoing = false;
    if (status == BELAY_OK)
        say_log(a->c, a->h, 1, "%s: done", m->name);
    return status;
}

/* A list that is too long for an output is no reason to take good migrations back; one that the core refuses is. */
static belay_status tell(applier *a, const char *names)
{
    char count[32];
    snprintf(count, sizeof count, "%zu", a->files);
    (void)a->h->measure(a->c, "files", (double)a->files);
    (void)a->h->measure(a->c, "statements", (double)a->statements);
    (void)a->h->measure(a->c, "longest_statement", a->longest_ms);
    belay_status status = a->h->output(a->c, "applied", names);
    return status == BELAY_OK || status == BELAY_E_LIMIT ? a->h->output(a->c, "count", count) : status;
}

belay_status apply_all(applier *a, migration_plan *plan)
{
    guard_buf names = {0};
    a->ledger = &plan->ledger;
    belay_status status = BELAY_OK;
    for (size_t i = 0; i < plan->count && status == BELAY_OK; i++) {
        status = apply_file(a, plan->items[i]);
        if (status == BELAY_OK)
            buf_printf(&names, "%s%s", i ? "," : "", plan->items[i]->name);
    }
    belay_status told = tell(a, buf_get(&names));
    return status == BELAY_OK ? told : status;
}
