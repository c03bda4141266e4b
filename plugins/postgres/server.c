#include "server.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say/say.h"

#define POLL_MS     1000
#define WAITING_MS  100
#define PATIENCE_MS 10000 /* for a server that does not answer at all */
#define PING_NAP_MS 500
#define PING_LIMIT  "2" /* seconds; libpq knows no less */
#define MARGIN_MS   10000

belay_status server_say(const server *s, belay_status status, const char *hint, const char *fmt, ...)
{
    if (s->explained)
        return status;
    va_list ap;
    va_start(ap, fmt);
    (void)say_va(s->c, s->h, status, NULL, hint, fmt, ap);
    va_end(ap);
    return status;
}

/* Connection errors have no SQLSTATE in libpq; the two that waiting does not mend are known by their text. */
static belay_status explain_no_connection(const server *s)
{
    const char *why = PQerrorMessage(s->conn);
    bool refused = strstr(why, "authentication failed") || strstr(why, "no password supplied") ||
                   strstr(why, "does not exist") || strstr(why, "pg_hba.conf");
    const char *hint = refused ? "correct user, password or name in the database's address, or the server's pg_hba.conf"
                               : "start the server, or correct host and port in the database's address";
    return server_say(s, refused ? BELAY_E_FAIL : BELAY_E_RETRY, hint, "no connection to PostgreSQL: %s", why);
}

/* Waits for the connection, or until cancelled. */
static belay_status finish_connecting(server *s)
{
    for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;) {
        struct pollfd fds[2] = {{.fd = PQsocket(s->conn)}, {.fd = s->h->cancel_fd(s->c), .events = POLLIN}};
        fds[0].events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        int64_t left = s->h->time_left_ms(s->c);
        if (left <= 0 || poll(fds, 2, (int)(left < POLL_MS ? left : POLL_MS)) < 0)
            return server_say(s, BELAY_E_RETRY, NULL, "no connection to PostgreSQL in time");
        if (s->h->cancelled(s->c))
            return BELAY_E_CANCELLED;
        if (!fds[0].revents)
            continue;
        state = PQconnectPoll(s->conn);
        if (state == PGRES_POLLING_FAILED)
            return explain_no_connection(s);
    }
    return BELAY_OK;
}

#define PARAMETERS 64

/* The parameters of the URL, but for the database, which `last` and its value take the place of. */
static void fill_parameters(const PQconninfoOption *options, const char *last, const char *value,
                            const char *keys[PARAMETERS], const char *values[PARAMETERS])
{
    size_t n = 0;
    keys[n] = "client_encoding",
    values[n++] = "UTF8"; /* as our texts and the names of files are; the URL may say else */
    for (const PQconninfoOption *o = options; o->keyword && n < PARAMETERS - 4; o++) {
        if (!o->val || strcmp(o->keyword, "dbname") == 0 || strcmp(o->keyword, last) == 0)
            continue;
        keys[n] = o->keyword;
        values[n++] = o->val;
    }
    keys[n] = last, values[n++] = value;
    keys[n] = "fallback_application_name", values[n++] = "belay";
    keys[n] = values[n] = NULL;
}

/* Starts a connection with the parameters of the URL, but to the database `maintenance` and by our name. */
static PGconn *start_connection(const PQconninfoOption *options, const char *maintenance)
{
    const char *keys[PARAMETERS], *values[PARAMETERS];
    fill_parameters(options, "dbname", maintenance, keys, values);
    return PQconnectStartParams(keys, values, 0);
}

static void keep_value(const PQconninfoOption *options, const char *keyword, char buf[SERVER_NAME])
{
    for (const PQconninfoOption *o = options; o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0 && o->val)
            snprintf(buf, SERVER_NAME, "%s", o->val);
}

/* database: NULL connects to the one that the URL names, "" to the maintenance database. */
static belay_status open_server(belay_ctx *c, const belay_host *h, const char *database, server *ret)
{
    *ret = (server){.c = c, .h = h};
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(h->opt_str(c, "database"), &why);
    if (!options) {
        PQfreemem(why); /* it quotes the URL, password and all */
        h->explain(c, "the database's address cannot be read",
                   "write postgresql://user:password@host:port/name, with special characters percent-encoded",
                   "database");
        return BELAY_E_CONFIG;
    }
    keep_value(options, "user", ret->user);
    keep_value(options, "dbname", ret->database);
    if (!ret->database[0])
        keep_value(options, "user", ret->database); /* libpq's default */
    const char *maintenance = strcmp(ret->database, "postgres") == 0 ? "template1" : "postgres";
    ret->conn = start_connection(options, !database ? ret->database : *database ? database : maintenance);
    PQconninfoFree(options);
    if (!ret->database[0])
        return server_say(ret, BELAY_E_CONFIG, "end it in /name", "the database's address names no database");
    if (!ret->conn || PQstatus(ret->conn) == CONNECTION_BAD)
        return explain_no_connection(ret);
    return finish_connecting(ret);
}

belay_status server_open(belay_ctx *c, const belay_host *h, server *ret)
{
    belay_status s = open_server(c, h, "", ret);
    return s == BELAY_OK ? server_ask(ret, NULL, "SET lock_timeout = '30s'", 0, NULL) : s;
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t fnv1a(uint64_t hash, const char *bytes)
{
    for (const char *p = bytes; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
    return hash;
}

/*
 * The server notices a client's end only when it has something to say to it: a CREATE DATABASE goes on to its end,
 * after a rollback may have seen that there is nothing to drop. A lock held by the session tells which ones are of this
 * step.
 */
static void lock_of(const server *s, char high[16], char low[16])
{
    char name[SERVER_NAME];
    const char *step = s->h->fact(s->c, "step.id");
    server_derive(s, "alone", name);
    const uint64_t hash = fnv1a(fnv1a(0xcbf29ce484222325, name), step ? step : "");
    snprintf(high, 16, "%" PRId32, (int32_t)(hash >> 32));
    snprintf(low, 16, "%" PRId32, (int32_t)hash);
}

belay_status server_open_alone(belay_ctx *c, const belay_host *h, server *ret)
{
    char high[16], low[16];
    const char *lock[] = {high, low};
    belay_status status = server_open(c, h, ret);
    if (status != BELAY_OK)
        return status;
    lock_of(ret, high, low);
    status = server_ask(ret, NULL,
                        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
                        " AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                        " AND classid::bigint = $1::bigint & 4294967295 AND objid::bigint = $2::bigint & 4294967295",
                        2, lock);
    return status == BELAY_OK ? server_ask(ret, NULL, "SELECT pg_advisory_lock($1::int, $2::int)", 2, lock) : status;
}

belay_status server_open_target(belay_ctx *c, const belay_host *h, server *ret)
{
    return open_server(c, h, NULL, ret);
}

belay_status server_open_other(belay_ctx *c, const belay_host *h, const char *database, server *ret)
{
    return open_server(c, h, database, ret);
}

belay_status server_wait(belay_ctx *c, const belay_host *h)
{
    const char *keys[PARAMETERS], *values[PARAMETERS];
    PQconninfoOption *options = PQconninfoParse(h->opt_str(c, "database"), NULL);
    if (!options)
        return BELAY_OK;
    fill_parameters(options, "connect_timeout", PING_LIMIT, keys, values);
    belay_status status = BELAY_OK;
    int64_t began = h->time_left_ms(c);
    for (bool told = false; status == BELAY_OK; told = true) {
        PGPing ping = PQpingParams(keys, values, 0);
        int64_t left = h->time_left_ms(c);
        bool coming = ping == PQPING_REJECT, silent = ping == PQPING_NO_RESPONSE && began - left < PATIENCE_MS;
        if (left < MARGIN_MS || !(coming || silent))
            break;
        if (!told)
            say_log(c, h, 1, "waiting for PostgreSQL, which %s", coming ? "is starting" : "does not answer");
        status = h->nap(c, PING_NAP_MS);
    }
    PQconninfoFree(options);
    return status;
}

void server_close(server *s)
{
    PQfinish(s->conn);
    s->conn = NULL;
}

static void ask_to_cancel(server *s)
{
    char why[256];
    PGcancel *cancel = PQgetCancel(s->conn);
    if (cancel)
        (void)PQcancel(cancel, why, sizeof why);
    PQfreeCancel(cancel);
}

bool server_standard_strings(const server *s)
{
    const char *setting = PQparameterStatus(s->conn, "standard_conforming_strings");
    return !setting || strcmp(setting, "on") == 0;
}

/* Waits for input (or for `events` of the socket), or until something else is to be done first. */
static void await(server *s, short events, server_copying *state)
{
    struct pollfd fds[2] = {{.fd = PQsocket(s->conn), .events = events},
                            {.fd = state->asked ? -1 : s->h->cancel_fd(s->c), .events = POLLIN}};
    int ready = poll(fds, 2, s->waiting ? WAITING_MS : POLL_MS);
    if (ready == 0 && s->waiting)
        s->waiting(s->waiting_user, state->waited_ms += WAITING_MS);
    if (ready > 0 && fds[1].revents) {
        ask_to_cancel(s);
        state->asked = true;
    }
    if (ready > 0 && fds[0].revents & ~POLLOUT)
        (void)PQconsumeInput(s->conn); /* a lost connection ends PQisBusy() */
}

void server_await(server *s)
{
    server_copying state = {0};
    while (PQisBusy(s->conn) && PQstatus(s->conn) == CONNECTION_OK)
        await(s, POLLIN, &state);
}

void server_await_data(server *s, server_copying *state)
{
    await(s, POLLIN, state);
}

void server_await_room(server *s, server_copying *state)
{
    await(s, POLLIN | POLLOUT, state);
}

static belay_status explain_failure(const server *s, const PGresult *result, const char *sql)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (s->h->cancelled(s->c))
        return BELAY_E_CANCELLED;
    if (!state || strncmp(state, "08", 2) == 0 || strncmp(state, "57P", 3) == 0)
        return server_say(s, BELAY_E_RETRY, NULL, "the connection to PostgreSQL was lost in \"%.120s\": %s", sql,
                          PQerrorMessage(s->conn));
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    bool passing = strncmp(state, "53", 2) == 0 || strncmp(state, "55", 2) == 0 || strncmp(state, "40", 2) == 0;
    return server_say(s, passing ? BELAY_E_RETRY : BELAY_E_FAIL, PQresultErrorField(result, PG_DIAG_MESSAGE_HINT),
                      "%s %s%s%s in \"%.120s\"", state, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
                      detail ? ": " : "", detail ? detail : "", sql);
}

/* In COPY, PQgetResult() gives the same state again and again; only the session's end is sure to leave it. */
static belay_status leave_copy(server *s, const char *sql)
{
    ask_to_cancel(s);
    PQfinish(s->conn);
    s->conn = NULL;
    if (s->h->cancelled(s->c))
        return BELAY_E_CANCELLED;
    return server_say(s, BELAY_E_FAIL, "ask by a SELECT", "the statement is a COPY, which gives no rows: \"%.120s\"",
                      sql);
}

static bool is_good(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
}

static bool is_copy(const PGresult *result)
{
    ExecStatusType type = PQresultStatus(result);
    return type == PGRES_COPY_IN || type == PGRES_COPY_OUT || type == PGRES_COPY_BOTH;
}

/* The first result, or the first that is an error: a statement that the server called done may fail to be committed. */
static PGresult *take_results(server *s)
{
    server_await(s);
    PGresult *result = PQgetResult(s->conn);
    while (result && !is_copy(result)) {
        server_await(s);
        PGresult *next = PQgetResult(s->conn);
        if (!next)
            break;
        bool better = is_good(result) && !is_good(next);
        PQclear(better ? result : next);
        result = better ? next : result;
    }
    return result;
}

belay_status server_ask(server *s, PGresult **ret, const char *sql, int count, const char *const *parameters)
{
    if (!PQsendQueryParams(s->conn, sql, count, NULL, parameters, NULL, NULL, 0))
        return server_say(s, BELAY_E_RETRY, NULL, "PostgreSQL is gone: %s", PQerrorMessage(s->conn));
    PGresult *result = take_results(s);
    belay_status status = BELAY_OK;
    if (is_copy(result))
        status = leave_copy(s, sql);
    else if (!is_good(result))
        status = explain_failure(s, result, sql);
    if (status == BELAY_OK && ret)
        *ret = result;
    else
        PQclear(result);
    return status;
}

belay_status server_do(server *s, const char *fmt, ...)
{
    char *sql = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&sql, fmt, ap);
    va_end(ap);
    if (n < 0)
        return server_say(s, BELAY_E_RETRY, NULL, "out of memory");
    belay_status status = server_ask(s, NULL, sql, 0, NULL);
    free(sql);
    return status;
}

belay_status server_text(server *s, char *buf, size_t size, const char *sql, int count, const char *const *parameters)
{
    PGresult *result = NULL;
    belay_status status = server_ask(s, &result, sql, count, parameters);
    if (status == BELAY_OK)
        snprintf(buf, size, "%s", PQntuples(result) ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return status;
}

char *server_name(const char *name, char buf[SERVER_QUOTED])
{
    size_t used = 0;
    buf[used++] = '"';
    for (const char *p = name; *p && used + 3 < SERVER_QUOTED; p++) {
        if (*p == '"')
            buf[used++] = '"';
        buf[used++] = *p;
    }
    buf[used++] = '"';
    buf[used] = '\0';
    return buf;
}

void server_derive(const server *s, const char *word, char ret[SERVER_NAME])
{
    const char *run = s->h->fact(s->c, "run.id");
    char tail[SERVER_NAME];
    snprintf(tail, sizeof tail - 8, "_%s_%s", word, run && *run ? run : "RUN");
    for (char *p = tail; *p; p++)
        if (*p == '-')
            *p = '_';
    size_t room = SERVER_NAME - 1 - strlen(tail), length = strlen(s->database);
    memcpy(ret, s->database, length < room ? length : room);
    memcpy(ret + (length < room ? length : room), tail, strlen(tail) + 1);
}
