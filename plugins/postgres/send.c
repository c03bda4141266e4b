#include "send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_CHUNK ((size_t)64 * 1024)

/* The server counts characters; text is UTF-8. */
static size_t byte_offset(const char *text, long characters)
{
    const char *p = text;
    for (long at = 1; *p && at < characters; at++) {
        p++;
        while (((unsigned char)*p & 0xc0) == 0x80)
            p++;
    }
    return (size_t)(p - text);
}

static void take_failure(const server *s, const sql_statement *st, const PGresult *r, failure *ret)
{
    if (ret->message)
        return; /* the first one counts */
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE), *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL),
               *hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);
    const char *context = PQresultErrorField(r, PG_DIAG_CONTEXT),
               *at = PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION);
    guard_buf b = {0};
    buf_puts(&b, text ? text : PQerrorMessage(s->conn));
    if (detail)
        buf_printf(&b, " (%s)", detail);
    if (context)
        buf_printf(&b, ", at: %.300s", context);
    while (b.length > 0 && b.text[b.length - 1] == '\n')
        b.text[--b.length] = '\0';
    for (char *p = b.text; p && *p; p++)
        if (*p == '\n')
            *p = ' ';
    ret->message = buf_take(&b);
    ret->hint = hint ? heap_dup(hint) : NULL;
    ret->offset = at ? byte_offset(st->text, strtol(at, NULL, 10)) : 0;
    bool ended = state && strncmp(state, "57P", 3) == 0; /* the server is going away, or ends this session */
    if (state && !ended && PQstatus(s->conn) == CONNECTION_OK)
        snprintf(ret->state, sizeof ret->state, "%s", state);
}

/* Sends the whole buffer, as fast as the server takes it; false when the server was asked to stop, or is gone. */
static bool flush(server *s, server_copying *state)
{
    int left;
    while ((left = PQflush(s->conn)) == 1 && !state->asked)
        server_await_room(s, state);
    return left == 0 && !state->asked && !s->h->cancelled(s->c);
}

static void give_data(server *s, const sql_statement *st)
{
    server_copying state = {0};
    bool going = PQsetnonblocking(s->conn, 1) == 0;
    for (size_t at = 0; going && at < st->data_length; at += COPY_CHUNK) {
        size_t n = st->data_length - at < COPY_CHUNK ? st->data_length - at : COPY_CHUNK;
        going = PQputCopyData(s->conn, st->data + at, (int)n) == 1 && flush(s, &state);
    }
    (void)PQsetnonblocking(s->conn, 0); /* a server that was asked to stop takes what is left, and forgets it */
    (void)PQputCopyEnd(s->conn, going ? NULL : "cancelled");
}

/* psql prints it; a deploy has no use for it. */
static void drop_data(server *s)
{
    server_copying state = {0};
    char *row = NULL;
    for (int n; (n = PQgetCopyData(s->conn, &row, 1)) >= 0;) {
        PQfreemem(row);
        row = NULL;
        if (n == 0)
            server_await_data(s, &state);
    }
}

/* Takes one result; false when it is the last that can come. */
static bool take_result(server *s, const sql_statement *st, PGresult *r, bool *data_given, failure *ret)
{
    switch (PQresultStatus(r)) {
    case PGRES_COPY_IN:
        if (*data_given || !st->data)
            (void)PQputCopyEnd(s->conn, "there is no data for this COPY in the file");
        else
            give_data(s, st);
        *data_given = true;
        return true;
    case PGRES_COPY_OUT: drop_data(s); return true;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_EMPTY_QUERY: return true;
    case PGRES_COPY_BOTH: /* START_REPLICATION: nothing but the session's end leaves it */
        take_failure(s, st, r, ret);
        return false;
    default: take_failure(s, st, r, ret); return PQstatus(s->conn) == CONNECTION_OK;
    }
}

belay_status send_statement(server *s, const sql_statement *st, failure *ret)
{
    bool data_given = false, more = PQsendQuery(s->conn, st->text) == 1;
    if (more)
        (void)PQsetSingleRowMode(s->conn); /* rows are of no interest: do not gather them */
    else
        take_failure(s, st, NULL, ret);
    while (more) {
        server_await(s);
        PGresult *r = PQgetResult(s->conn);
        more = r && take_result(s, st, r, &data_given, ret);
        PQclear(r);
    }
    if (s->h->cancelled(s->c))
        return BELAY_E_CANCELLED;
    if (!ret->message && PQstatus(s->conn) == CONNECTION_BAD)
        take_failure(s, st, NULL, ret);
    if (!ret->message)
        return BELAY_OK;
    return ret->state[0] ? BELAY_E_FAIL : BELAY_E_RETRY;
}

void failure_done(failure *f)
{
    free(f->message);
    free(f->hint);
    *f = (failure){0};
}

bool failure_is_transient(const failure *f)
{
    static const char *const states[] = {"55P03", "40P01", "40001"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(f->state, states[i]) == 0)
            return true;
    return false;
}
