#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "indexes.h"
#include "say/say.h"

/* ---- who holds the lock ------------------------------------------------------------------------------------------ */

/* Called while a statement of the file is awaited. */
static void look_for_blockers(void *user, int64_t waited_ms)
{
    applier *a = user;
    char pid[16], now[sizeof a->blockers] = "";
    if (waited_ms < a->watch_from || (waited_ms - a->watch_from) % (a->watch_from ? a->watch_from : 1) >= 100)
        return;
    const char *parameter = pid;
    snprintf(pid, sizeof pid, "%d", PQbackendPID(a->session.conn));
    (void)server_text(
        &a->keeper, now, sizeof now,
        "SELECT string_agg(format('pid %s (%s, user %s, %s since %s: %s)', pid,"
        " coalesce(nullif(application_name, ''), 'unnamed'), usename, state, to_char(state_change, 'HH24:MI:SS'),"
        " left(regexp_replace(query, '\\s+', ' ', 'g'), 100)), ', ') FROM pg_stat_activity"
        " WHERE pid = ANY (pg_blocking_pids($1::integer))",
        1, &parameter);
    if (now[0] && strcmp(now, a->blockers) != 0)
        say_log(a->c, a->h, 1, "waiting for a lock of %s", now);
    if (now[0])
        snprintf(a->blockers, sizeof a->blockers, "%s", now);
}

/* ---- one session for all files ----------------------------------------------------------------------------------- */

void session_close(applier *a)
{
    server_close(&a->session);
    a->connected = a->used = false;
    free(a->invalid);
    a->invalid = NULL;
}

static belay_status open_session(applier *a)
{
    long long lock = a->h->opt_int(a->c, "lock_timeout");
    belay_status status = server_open_other(a->c, a->h, a->database, &a->session);
    a->connected = status == BELAY_OK;
    a->watch_from = lock > 0 && lock < 2000 ? lock / 200 * 100 : 1000;
    a->watch_from = a->watch_from < 100 ? 100 : a->watch_from;
    a->session.waiting = look_for_blockers;
    a->session.waiting_user = a;
    return status;
}

/* In one round trip, for there may be hundreds of files. */
static belay_status set_timeouts(applier *a)
{
    char lock[32], limit[32];
    const char *parameters[] = {lock, limit};
    snprintf(lock, sizeof lock, "%lld", (long long)a->h->opt_int(a->c, "lock_timeout"));
    snprintf(limit, sizeof limit, "%lld", (long long)a->h->opt_int(a->c, "statement_timeout"));
    return server_ask(&a->session, NULL,
                      "SELECT set_config('client_encoding', 'UTF8', false), set_config('lock_timeout', $1, false),"
                      " CASE WHEN $2 <> '0' THEN set_config('statement_timeout', $2, false) END",
                      2, parameters);
}

belay_status session_begin(applier *a)
{
    belay_status status = BELAY_OK;
    if (a->connected && a->used) {
        a->session.waiting = NULL;
        status = server_do(&a->session, "DISCARD ALL");
        a->session.waiting = look_for_blockers;
        if (status == BELAY_E_CANCELLED)
            return status;
        if (status != BELAY_OK)
            session_close(a);
    }
    status = a->connected ? BELAY_OK : open_session(a);
    if (status == BELAY_OK)
        status = set_timeouts(a);
    if (status == BELAY_OK && !a->invalid)
        status = indexes_invalid(&a->session, &a->invalid);
    a->used = true;
    return status;
}

static bool begins_with(const sql_statement *st, const char *word)
{
    size_t n = strlen(word);
    return strncasecmp(st->text, word, n) == 0 && (st->text[n] == ' ' || st->text[n] == '\t' || st->text[n] == '\n');
}

/* DISCARD ALL leaves loaded libraries, and settings with names of their own ("app.user"), which become empty instead of
 * unknown. */
static bool outlives_a_reset(const migration *m)
{
    for (size_t i = 0; i < m->script->count; i++) {
        const sql_statement *st = &m->script->items[i];
        if (begins_with(st, "load") || (begins_with(st, "set") && strchr(st->text, '.')) ||
            strcasestr(st->text, "set_config"))
            return true;
    }
    return false;
}

void session_end(applier *a, const migration *m, bool good)
{
    if (!good || outlives_a_reset(m) || PQtransactionStatus(a->session.conn) != PQTRANS_IDLE)
        session_close(a);
}
