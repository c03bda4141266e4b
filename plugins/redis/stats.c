#include "stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

#define ERROR_PREFIX "errorstat_"

/* The line after this one, or NULL. */
static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : NULL;
}

const char *stats_field(const char *info, const char *name, size_t *length)
{
    size_t n = strlen(name);
    for (const char *line = info; line; line = next_line(line)) {
        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            *length = strcspn(line + n + 1, "\r\n");
            return line + n + 1;
        }
    }
    return NULL;
}

double stats_number(const char *info, const char *name)
{
    size_t n = 0;
    const char *value = stats_field(info, name, &n);
    return value ? strtod(value, NULL) : NAN;
}

bool stats_same(const char *before, const char *after, const char *name)
{
    size_t n = 0, m = 0;
    const char *a = stats_field(before, name, &n), *b = stats_field(after, name, &m);
    return a && b && n == m && memcmp(a, b, n) == 0;
}

bool stats_is(const char *info, const char *name, const char *value)
{
    size_t n = 0;
    const char *is = stats_field(info, name, &n);
    return is && n == strlen(value) && memcmp(is, value, n) == 0;
}

char *stats_counters(const char *info)
{
    static const char *const wanted[] = {"run_id:", "rejected_connections:", ERROR_PREFIX};
    char *text = calloc(1, strlen(info) + 1), *at = text;
    for (const char *line = info; text && line; line = next_line(line)) {
        size_t n = strcspn(line, "\r\n");
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            if (strncmp(line, wanted[i], strlen(wanted[i])) != 0)
                continue;
            if (at != text)
                *at++ = '\n';
            memcpy(at, line, n);
            at += n;
        }
    }
    return text;
}

bool stats_next_error(const char **at, char name[STATS_ERROR_NAME], double *count)
{
    for (const char *line = *at; line; line = next_line(line)) {
        if (strncmp(line, ERROR_PREFIX, strlen(ERROR_PREFIX)) != 0)
            continue;
        const char *begin = line + strlen(ERROR_PREFIX), *value = begin + strcspn(begin, ":\r\n");
        if (strncmp(value, ":count=", 7) != 0)
            continue;
        snprintf(name, STATS_ERROR_NAME, "%.*s", (int)(value - begin), begin);
        *count = strtod(value + 7, NULL);
        *at = next_line(line);
        return true;
    }
    *at = NULL;
    return false;
}

double stats_errors_named(const char *info, const char *name)
{
    char found[STATS_ERROR_NAME];
    double count = 0;
    for (const char *at = info; stats_next_error(&at, found, &count);)
        if (strcmp(found, name) == 0)
            return count;
    return 0;
}

char *stats_ask(belay_ctx *c, const belay_host *h, belay_status *status)
{
    const char *command[] = {"INFO"};
    char why[SESSION_WHY];
    session *redis = session_open(c, h, status, why);
    if (!redis)
        return NULL;
    redisReply *reply = session_command(redis, status, 1, command);
    char *info = reply && reply->str ? strdup(reply->str) : NULL;
    if (reply && !info) {
        h->explain(c, "Redis answered INFO without a text", NULL, "url");
        *status = BELAY_E_RETRY;
    }
    freeReplyObject(reply);
    session_close(redis);
    if (info && stats_is(info, "loading", "1")) {
        h->explain(c, "Redis is still loading its data", NULL, NULL);
        *status = BELAY_NOT_YET;
        free(info);
        return NULL;
    }
    return info;
}
