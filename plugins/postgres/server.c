#include "server.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say/character.h"
#include "say/say.h"

#define POLL_MS    1000
#define WAITING_MS 100
#define STEP_ROOM  16 /* bytes of a step's id in a derived name */

uint64_t server_hash(uint64_t hash, const char *bytes)
{
    for (const char *p = bytes; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
    return hash;
}

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

/* "_WORD_RUN" */
static void write_tail(const server *s, const char *word, char ret[SERVER_NAME])
{
    const char *run = s->h->fact(s->c, "run.id");
    snprintf(ret, SERVER_NAME - STEP_ROOM - 8, "_%s_%s", word, run && *run ? run : "RUN");
    for (char *p = ret; *p; p++)
        if (*p == '-')
            *p = '_';
}

/* "_STEP"; of a long id its beginning, and a sum by which it differs from the others. */
static void add_step(const server *s, char tail[SERVER_NAME])
{
    const char *step = s->h->fact(s->c, "step.id");
    const size_t length = strlen(tail);
    if (!step || !*step)
        return;
    if (strlen(step) < STEP_ROOM)
        snprintf(tail + length, SERVER_NAME - length, "_%s", step);
    else
        snprintf(tail + length, SERVER_NAME - length, "_%.*s~%06" PRIx64, STEP_ROOM - 8, step,
                 server_hash(SERVER_HASH_BEGIN, step) & 0xffffff);
}

void server_derive(const server *s, const char *word, char ret[SERVER_NAME])
{
    char tail[SERVER_NAME];
    write_tail(s, word, tail);
    add_step(s, tail);
    const size_t room = SERVER_NAME - 1 - strlen(tail);
    size_t length = 0;
    for (size_t n; s->database[length]; length += n) { /* a character is not cut in two */
        n = character_length(s->database + length);
        n = n ? n : 1;
        if (length + n > room)
            break;
    }
    memcpy(ret, s->database, length);
    memcpy(ret + length, tail, strlen(tail) + 1);
}

void server_derive_next(const server *s, const char *word, int n, char ret[SERVER_NAME])
{
    char numbered[16];
    snprintf(numbered, sizeof numbered, n > 1 ? "%s%d" : "%s", word, n);
    server_derive(s, numbered, ret);
}

/* The part before the word may be cut. */
static bool is_base(const server *s, const char *name, size_t length)
{
    return strncmp(name, s->database, length) == 0 && (s->database[length] == '\0' || strlen(name) + 4 >= SERVER_NAME);
}

bool server_derives(const server *s, const char *word, const char *name)
{
    char derived[SERVER_NAME], tail[SERVER_NAME];
    for (int n = 1; n <= SERVER_DERIVED; n++) {
        snprintf(derived, sizeof derived, n > 1 ? "%s%d" : "%s", word, n);
        write_tail(s, derived, tail);
        const char *at = strstr(name, tail), *after = at ? at + strlen(tail) : "?";
        if ((*after == '_' || *after == '\0') && is_base(s, name, (size_t)(at - name)))
            return true;
    }
    return false;
}
