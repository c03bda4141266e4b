#include "session.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "say/say.h"

#define PART_MAX 256

typedef struct address {
    char host[PART_MAX], user[PART_MAX], password[PART_MAX], database[16];
    char socket[PART_MAX];
    int port;
} address;

static int hex_digit(char ch)
{
    const char *digits = "0123456789abcdef";
    const char *at = ch ? strchr(digits, ch | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Percent-decodes n bytes of text into out; false when they do not fit or an escape is broken. */
static bool decode(const char *text, size_t n, char out[PART_MAX])
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        int byte = (unsigned char)text[i];
        if (text[i] == '%') {
            if (i + 2 >= n || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
                return false;
            byte = hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]);
            i += 2;
        }
        if (used + 1 >= PART_MAX)
            return false;
        out[used++] = (char)byte;
    }
    out[used] = '\0';
    return true;
}

static bool parse_login(const char *text, size_t n, address *a)
{
    const char *colon = memchr(text, ':', n);
    if (!colon)
        return decode(text, n, a->password);
    size_t user = (size_t)(colon - text);
    return decode(text, user, a->user) && decode(colon + 1, n - user - 1, a->password);
}

static bool parse_place(const char *text, address *a)
{
    size_t n = strcspn(text, "/");
    const char *database = text[n] == '/' ? text + n + 1 : "";
    const char *colon = memchr(text, ':', n);
    char *end = NULL;
    if (colon) {
        long port = strtol(colon + 1, &end, 10);
        if (end != text + n || port < 1 || port > 65535)
            return false;
        a->port = (int)port;
    }
    size_t host = colon ? (size_t)(colon - text) : n;
    if (host == 0 || strlen(database) >= sizeof a->database || strspn(database, "0123456789") != strlen(database))
        return false;
    snprintf(a->database, sizeof a->database, "%s", database);
    return decode(text, host, a->host);
}

/* Says nothing of the URL itself: it may hold a password. */
static bool parse(const char *url, address *a)
{
    *a = (address){.port = 6379};
    if (strncmp(url, "unix://", 7) == 0)
        return url[7] == '/' && decode(url + 7, strlen(url + 7), a->socket);
    if (strncmp(url, "redis://", 8) != 0)
        return false;
    const char *rest = url + 8;
    const char *at = strrchr(rest, '@');
    if (at && !parse_login(rest, (size_t)(at - rest), a))
        return false;
    return parse_place(at ? at + 1 : rest, a);
}

belay_status session_check_url(belay_ctx *c, const belay_host *h)
{
    address a;
    const char *url = h->opt_str(c, "url");
    if (!url || parse(url, &a)) {
        explicit_bzero(&a, sizeof a);
        return BELAY_OK;
    }
    h->explain(c, "the address is neither redis://[user:password@]host[:port][/database] nor unix:///path",
               "TLS (rediss://) is not spoken: use a local tunnel", "url");
    return BELAY_E_CONFIG;
}

/* Explains, and tells the caller the same. */
static belay_status explain(belay_ctx *c, const belay_host *h, belay_status status, const char *hint,
                            char why[SESSION_WHY], const char *fmt, ...) __attribute__((format(printf, 6, 7)));
static belay_status explain(belay_ctx *c, const belay_host *h, belay_status status, const char *hint,
                            char why[SESSION_WHY], const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(why, SESSION_WHY, fmt, ap);
    va_end(ap);
    return say_option(c, h, status, "url", hint, "%s", why);
}

static redisReply *command(belay_ctx *c, const belay_host *h, redisContext *redis, belay_status *status,
                           char why[SESSION_WHY], int argc, const char **argv)
{
    redisReply *reply = redisCommandArgv(redis, argc, argv, NULL);
    if (!reply) {
        *status = explain(c, h, BELAY_E_RETRY, NULL, why, "Redis gave no answer to %s: %s", argv[0], redis->errstr);
        return NULL;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        bool loading = strncmp(reply->str, "LOADING", 7) == 0;
        *status = explain(c, h, loading ? BELAY_E_RETRY : BELAY_E_FAIL, NULL, why, "Redis refused %s: %s", argv[0],
                          reply->str);
        freeReplyObject(reply);
        return NULL;
    }
    return reply;
}

redisReply *session_command(belay_ctx *c, const belay_host *h, redisContext *redis, belay_status *status, int argc,
                            const char **argv)
{
    char why[SESSION_WHY];
    return command(c, h, redis, status, why, argc, argv);
}

static bool simple(belay_ctx *c, const belay_host *h, redisContext *redis, belay_status *status, char why[SESSION_WHY],
                   int argc, const char **argv)
{
    redisReply *reply = command(c, h, redis, status, why, argc, argv);
    if (!reply)
        return false;
    freeReplyObject(reply);
    return true;
}

static bool log_in(belay_ctx *c, const belay_host *h, redisContext *redis, const address *a, belay_status *status,
                   char why[SESSION_WHY])
{
    const char *auth[] = {"AUTH", a->user, a->password}, *plain[] = {"AUTH", a->password};
    const char *choose[] = {"SELECT", a->database};
    if (a->user[0] && !simple(c, h, redis, status, why, 3, auth))
        return false;
    if (!a->user[0] && a->password[0] && !simple(c, h, redis, status, why, 2, plain))
        return false;
    return !a->database[0] || simple(c, h, redis, status, why, 2, choose);
}

static belay_status explain_no_connection(belay_ctx *c, const belay_host *h, const address *a, const char *reason,
                                          char why[SESSION_WHY])
{
    const char *hint = "start the server, or correct its address in url";
    if (a->socket[0])
        return explain(c, h, BELAY_E_RETRY, hint, why, "no connection to Redis at %s: %s", a->socket, reason);
    return explain(c, h, BELAY_E_RETRY, hint, why, "no connection to Redis at %s:%d: %s", a->host, a->port, reason);
}

static redisContext *connect_to(const address *a, int64_t timeout_ms)
{
    struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    redisContext *redis =
        a->socket[0] ? redisConnectUnixWithTimeout(a->socket, limit) : redisConnectWithTimeout(a->host, a->port, limit);
    if (redis && !redis->err)
        redisSetTimeout(redis, limit); /* of each answer too */
    return redis;
}

redisContext *session_open(belay_ctx *c, const belay_host *h, belay_status *status, char why[SESSION_WHY])
{
    address a;
    why[0] = '\0';
    *status = session_check_url(c, h);
    if (*status != BELAY_OK)
        return NULL;
    (void)parse(h->opt_str(c, "url"), &a);
    redisContext *redis = connect_to(&a, h->opt_int(c, "connect_timeout"));
    bool open = redis && !redis->err;
    if (!open)
        *status = explain_no_connection(c, h, &a, redis ? redis->errstr : "out of memory", why);
    open = open && log_in(c, h, redis, &a, status, why);
    explicit_bzero(&a, sizeof a);
    if (open)
        return redis;
    redisFree(redis);
    return NULL;
}
