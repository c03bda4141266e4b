#include "session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "container/container.h"
#include "link.h"
#include "say/say.h"
#include "stats.h"

#define CONNECT_HINT "start the server, or correct its address in url"
#define TLS_HINT                                                                                                       \
    "tls_ca names the file with the certificate authority; tls_cert and tls_key are for servers that ask for a "       \
    "certificate"

struct session {
    belay_ctx *c;
    const belay_host *h;
    redis_link link;
    redisReader *reader;
    container_tunnel tunnel; /* into a container, or none */
    char *why;               /* the caller's, while the session is opened; may be NULL */
};

/* Explains, and tells the caller of session_open() the same. */
static belay_status explain(session *s, belay_status status, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static belay_status explain(session *s, belay_status status, const char *hint, const char *fmt, ...)
{
    char text[SESSION_WHY];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (s->why)
        memcpy(s->why, text, sizeof text);
    if (s->h->cancelled(s->c))
        return BELAY_E_CANCELLED;
    return say_option(s->c, s->h, status, "url", hint, "%s", text);
}

static bool has_tls_files(belay_ctx *c, const belay_host *h)
{
    return h->opt_str(c, "tls_ca") || h->opt_str(c, "tls_cert") || h->opt_str(c, "tls_key");
}

belay_status session_check_url(belay_ctx *c, const belay_host *h)
{
    address a;
    if (!h->opt_str(c, "url"))
        return BELAY_OK;
    belay_status status = address_read(c, h, &a);
    if (status == BELAY_OK && !a.tls && has_tls_files(c, h))
        status = say_option(c, h, BELAY_E_CONFIG, "url", "write rediss://, or remove the options",
                            "tls_ca, tls_cert and tls_key are for addresses with TLS, rediss://");
    address_done(&a);
    return status;
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

/* The answer, or NULL with the link's `why` set. */
static redisReply *exchange(session *s, int argc, const char **argv)
{
    char *bytes = NULL, buffer[16384];
    size_t got = 0;
    void *reply = NULL;
    const int n = redisFormatCommandArgv(&bytes, argc, argv, NULL);
    bool fine = n > 0 && link_write(&s->link, bytes, (size_t)n);
    if (bytes)
        explicit_bzero(bytes, (size_t)n); /* AUTH has a password */
    redisFreeCommand(bytes);
    while (fine && !reply) {
        fine = link_read(&s->link, buffer, sizeof buffer, &got);
        if (!fine)
            break;
        fine =
            redisReaderFeed(s->reader, buffer, got) == REDIS_OK && redisReaderGetReply(s->reader, &reply) == REDIS_OK;
        if (!fine)
            snprintf(s->link.why, sizeof s->link.why, "%s", s->reader->errstr);
    }
    return reply;
}

redisReply *session_command(session *s, belay_status *status, int argc, const char **argv)
{
    redisReply *reply = exchange(s, argc, argv);
    if (!reply) {
        /* With TLS 1.3 a server says only now that it wanted a certificate, or closes without a word. */
        const bool of_tls = s->link.tls_refused || (s->link.tls && !s->link.answered);
        *status = explain(s, s->link.tls_refused ? BELAY_E_FAIL : BELAY_E_RETRY, of_tls ? TLS_HINT : NULL,
                          "Redis gave no answer to %s: %s", argv[0], s->link.why);
        return NULL;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        bool loading = strncmp(reply->str, "LOADING", 7) == 0;
        *status = explain(s, loading ? BELAY_E_RETRY : BELAY_E_FAIL, NULL, "Redis refused %s: %s", argv[0], reply->str);
        freeReplyObject(reply);
        return NULL;
    }
    return reply;
}

static bool simple(session *s, belay_status *status, int argc, const char **argv)
{
    redisReply *reply = session_command(s, status, argc, argv);
    if (!reply)
        return false;
    freeReplyObject(reply);
    return true;
}

/* A Sentinel knows INFO, but neither databases nor, as a rule, the server's users. */
static bool is_sentinel(session *s)
{
    const char *ask[] = {"INFO", "server"};
    redisReply *reply = exchange(s, 2, ask);
    const bool found =
        reply && reply->type != REDIS_REPLY_ERROR && reply->str && stats_is(reply->str, "redis_mode", "sentinel");
    if (reply)
        freeReplyObject(reply);
    return found;
}

static bool log_in(session *s, const address *a, belay_status *status)
{
    const char *auth[] = {"AUTH", a->user, a->password ? a->password : ""}, *plain[] = {"AUTH", a->password};
    const char *choose[] = {"SELECT", a->database};
    bool fine = true;
    if (a->user[0])
        fine = simple(s, status, 3, auth);
    else if (a->password && a->password[0])
        fine = simple(s, status, 2, plain);
    if (is_sentinel(s)) {
        *status = explain(s, BELAY_E_FAIL,
                          "write the address of the server itself: redis-cli SENTINEL get-master-addr-by-name NAME",
                          "a Redis Sentinel answers there, which has no data");
        return false;
    }
    return fine && (!a->database[0] || simple(s, status, 2, choose));
}

/* ---- connecting -------------------------------------------------------------------------------------------------- */

static bool no_connection(session *s, belay_status *status, const char *place)
{
    *status = explain(s, BELAY_E_RETRY, CONNECT_HINT, "no connection to Redis at %s: %s", place, s->link.why);
    return false;
}

static bool connect_plainly(session *s, const address *a, belay_status *status)
{
    char place[ADDRESS_PART + 16];
    if (a->socket[0])
        return link_unix(&s->link, a->socket) || no_connection(s, status, a->socket);
    const bool literal = strchr(a->host, ':') != NULL;
    snprintf(place, sizeof place, "%s%s%s:%d", literal ? "[" : "", a->host, literal ? "]" : "", a->port);
    if (!link_tcp(&s->link, a->host, a->port))
        return no_connection(s, status, place);
    if (!a->tls || link_tls(&s->link, a->host))
        return true;
    *status = explain(s, BELAY_E_FAIL, TLS_HINT, "no TLS with Redis at %s: %s", place, s->link.why);
    return false;
}

/* A server in protected mode answers nobody but its own machine. */
static bool answers(session *s)
{
    const char *ask[] = {"PING"};
    redisReply *reply = exchange(s, 1, ask);
    const bool fine = reply && !(reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "DENIED", 6) == 0);
    if (reply && !fine)
        snprintf(s->link.why, sizeof s->link.why, "%.100s", reply->str);
    if (reply)
        freeReplyObject(reply);
    return fine;
}

static bool by_tunnel(session *s, const container *k)
{
    char path[64];
    (void)unlink("redis.sock"); /* an earlier session's; the work folder is where we are */
    if (!container_tunnel_open(s->c, s->h, k, "redis.sock", &s->tunnel)) {
        snprintf(s->link.why, sizeof s->link.why, "%s", strerror(errno));
        return false;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d/redis.sock", s->tunnel.folder);
    return link_unix(&s->link, path);
}

/* The published port, the container's address, a tunnel by `docker exec`: the first through which the server answers.
 */
static bool enter(session *s, const container *k, belay_status *status)
{
    char tried[SESSION_WHY / 2] = "";
    size_t n = 0;
    for (int way = 0; way < 3; way++) {
        char name[CONTAINER_PLACE + 64];
        bool there = way == 0 ? k->published[0] : way == 1 ? k->address[0] : true;
        if (!there || s->h->cancelled(s->c))
            continue;
        if (way == 0)
            snprintf(name, sizeof name, "its published port %s:%d", k->published, k->published_port);
        else if (way == 1)
            snprintf(name, sizeof name, "its address %s:%d", k->address, k->port);
        else
            snprintf(name, sizeof name, "a tunnel by docker exec");
        there = way == 0   ? link_tcp(&s->link, k->published, k->published_port)
                : way == 1 ? link_tcp(&s->link, k->address, k->port)
                           : by_tunnel(s, k);
        if (there && answers(s)) {
            say_log(s->c, s->h, 1, "Redis in the container %s is reached by %s", k->name, name);
            return true;
        }
        link_close(&s->link);
        if (n < sizeof tried)
            n += (size_t)snprintf(tried + n, sizeof tried - n, "\nby %s: %s", name, s->link.why);
    }
    *status = explain(s, BELAY_E_RETRY, CONNECT_HINT, "no connection to Redis in the container %s:%s", k->name, tried);
    return false;
}

static bool connect_inside(session *s, const address *a, belay_status *status)
{
    container k;
    *status = container_find(s->c, s->h, "url", a->host, a->port, &k);
    if (*status != BELAY_OK) {
        if (s->why)
            snprintf(s->why, SESSION_WHY, "the container %s cannot be reached", a->host);
        return false;
    }
    return enter(s, &k, status);
}

session *session_open(belay_ctx *c, const belay_host *h, belay_status *status, char why[SESSION_WHY])
{
    address a;
    why[0] = '\0';
    *status = session_check_url(c, h);
    session *s = *status == BELAY_OK ? calloc(1, sizeof *s) : NULL;
    if (!s)
        return NULL;
    *s = (session){.c = c,
                   .h = h,
                   .link = {.c = c, .h = h, .limit_ms = h->opt_int(c, "connect_timeout"), .fd = -1},
                   .reader = redisReaderCreate(),
                   .tunnel = {.folder = -1, .control = -1, .pid = -1},
                   .why = why};
    *status = address_read(c, h, &a);
    bool open = *status == BELAY_OK && s->reader &&
                (a.in_container ? connect_inside(s, &a, status) : connect_plainly(s, &a, status));
    open = open && log_in(s, &a, status);
    address_done(&a);
    s->why = NULL;
    if (open)
        return s;
    session_close(s);
    return NULL;
}

void session_close(session *s)
{
    if (!s)
        return;
    link_close(&s->link);
    container_tunnel_close(&s->tunnel);
    redisReaderFree(s->reader);
    free(s);
}
