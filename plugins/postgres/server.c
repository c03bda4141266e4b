#include "server.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say/say.h"

#define POLL_MS    1000
#define WAITING_MS 100

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
