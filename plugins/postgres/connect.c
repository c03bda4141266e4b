/*
 * Connecting: by the words of the option `database`, but to the database that the caller needs.
 *
 * All sessions of a call go to the server that its first one reached. An address with several hosts could lead each of
 * them to another: a copy that one session made would be missing where the next one looks.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "buf.h"
#include "pooler.h"
#include "say/say.h"
#include "server.h"

#define POLL_MS     1000
#define PATIENCE_MS 10000 /* for a server that does not answer at all */
#define PING_NAP_MS 500
#define PING_LIMIT  "2" /* seconds; libpq knows no less */
#define MARGIN_MS   10000
#define POOLER_MS   2000

/* Where the call's first session got to: each call is a process of its own. */
static struct {
    char *host, *hostaddr, *port;
} reached;

static belay_status explain_no_connection(const server *s)
{
    const char *why = PQerrorMessage(s->conn), *hint = NULL;
    belay_status status = address_blame(why, &hint);
    return server_say(s, status, hint, "no connection to PostgreSQL: %s", why);
}

belay_status server_connect(server *s, int64_t limit_ms)
{
    const int64_t end = s->h->time_left_ms(s->c) - limit_ms; /* of the time that is left */
    if (!s->conn || PQstatus(s->conn) == CONNECTION_BAD)
        return explain_no_connection(s);
    for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;) {
        struct pollfd fds[2] = {{.fd = PQsocket(s->conn)}, {.fd = s->h->cancel_fd(s->c), .events = POLLIN}};
        fds[0].events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        int64_t left = s->h->time_left_ms(s->c) - (end > 0 ? end : 0);
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

/* Replaces a word's value; keys end with NULL, and have room. */
static void set_word(const char *keys[PARAMETERS], const char *values[PARAMETERS], const char *key, const char *value)
{
    size_t n = 0;
    while (keys[n] && strcmp(keys[n], key) != 0)
        n++;
    if (!keys[n] && n + 1 < PARAMETERS)
        keys[n + 1] = values[n + 1] = NULL;
    if (n + 1 < PARAMETERS)
        keys[n] = key, values[n] = value;
}

/* The words of the address; host and port as the first session found them. */
static void fill_words(const PQconninfoOption *words, const char *keys[PARAMETERS], const char *values[PARAMETERS])
{
    size_t n = 0;
    for (const PQconninfoOption *w = words; w->keyword && n < PARAMETERS - 8; w++)
        if (w->val)
            keys[n] = w->keyword, values[n++] = w->val;
    keys[n] = values[n] = NULL;
    set_word(keys, values, "fallback_application_name", "belay");
    if (reached.port) {
        set_word(keys, values, "host", reached.host);
        set_word(keys, values, "hostaddr", reached.hostaddr);
        set_word(keys, values, "port", reached.port);
    }
}

static PGconn *start_connection(const PQconninfoOption *words, const char *database)
{
    const char *keys[PARAMETERS], *values[PARAMETERS];
    fill_words(words, keys, values);
    set_word(keys, values, "dbname", database);
    return PQconnectStartParams(keys, values, 0);
}

static void keep_reached(const PGconn *conn)
{
    if (reached.port)
        return;
    const char *host = PQhost(conn), *address = PQhostaddr(conn);
    reached.host = heap_dup(host ? host : "");
    reached.hostaddr = heap_dup(address ? address : "");
    reached.port = heap_dup(PQport(conn));
}

/* A service file or the environment may name what the address does not: libpq tells once it begins to connect. */
static void keep_names(server *s, const PQconninfoOption *words)
{
    const char *user = address_word(words, "user"), *database = address_word(words, "dbname");
    PGconn *probe = user && database ? NULL : start_connection(words, database);
    if (probe) {
        user = PQuser(probe);
        database = PQdb(probe);
    }
    snprintf(s->user, sizeof s->user, "%s", user ? user : "");
    snprintf(s->database, sizeof s->database, "%s", database ? database : "");
    PQfinish(probe);
}

/* Refuses a pooler that gives each transaction another server process. */
static belay_status check_pooler(server *s, const PQconninfoOption *words)
{
    bool pooled = false;
    belay_status status = pooler_is_there(s, &pooled);
    if (status != BELAY_OK || !pooled)
        return status;
    server other = {.c = s->c, .h = s->h, .explained = true};
    other.conn = start_connection(words, PQdb(s->conn));
    const bool shared = server_connect(&other, POOLER_MS) == BELAY_OK && pooler_shares(s, &other);
    server_close(&other);
    if (!shared)
        return BELAY_OK;
    return say_option(
        s->c, s->h, BELAY_E_CONFIG, "database",
        "give the address of the server itself, or of a pool with pool_mode = session",
        "the address leads to a connection pooler in transaction mode (such as pgbouncer with pool_mode = "
        "transaction): Belay's session settings and locks would reach the sessions of others");
}

/* A session by the words, of which database takes the place of the one there. */
static belay_status connect_by(server *s, const PQconninfoOption *words, const char *database)
{
    s->conn = start_connection(words, database);
    belay_status status = server_connect(s, INT64_MAX);
    if (status != BELAY_OK)
        return status;
    keep_reached(s->conn);
    return check_pooler(s, words);
}

/* database: NULL connects to the one that the URL names, "" to the maintenance database. */
static belay_status open_server(belay_ctx *c, const belay_host *h, const char *database, server *ret)
{
    *ret = (server){.c = c, .h = h};
    PQconninfoOption *words = NULL;
    belay_status status = address_read(c, h, &words);
    if (status != BELAY_OK)
        return status;
    keep_names(ret, words);
    const char *maintenance = strcmp(ret->database, "postgres") == 0 ? "template1" : "postgres";
    if (!ret->database[0])
        status = server_say(ret, BELAY_E_CONFIG, "end it in /name", "the database's address names no database");
    else
        status = connect_by(ret, words, !database ? ret->database : *database ? database : maintenance);
    PQconninfoFree(words);
    return status;
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
    PQconninfoOption *words = PQconninfoParse(h->opt_str(c, "database"), NULL);
    if (!words)
        return BELAY_OK;
    fill_words(words, keys, values);
    set_word(keys, values, "connect_timeout", PING_LIMIT);
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
    PQconninfoFree(words);
    return status;
}
