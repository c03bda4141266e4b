/* postgres.sessions: waits until nobody but those allowed is connected to the database. */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "server.h"

/* The allow list as one expression; *ret is the caller's to free. */
static belay_status join_patterns(belay_ctx *c, const belay_host *h, char **ret)
{
    size_t size = 8;
    const char *const *list = h->opt_list(c, "allow");
    for (const char *const *p = list; *p; p++)
        size += strlen(*p) + 3;
    char *joined = calloc(1, size);
    if (!joined)
        return BELAY_E_RETRY;
    char *at = stpcpy(joined, "^(");
    for (const char *const *p = list; *p; p++)
        at += snprintf(at, size - (size_t)(at - joined), "%s%s", p == list ? "" : "|", *p);
    snprintf(at, size - (size_t)(at - joined), ")$");
    *ret = joined;
    return BELAY_OK;
}

belay_status sessions_prepare(belay_ctx *c, const belay_host *h)
{
    char *joined = NULL;
    regex_t regex;
    belay_status status = join_patterns(c, h, &joined);
    if (status != BELAY_OK)
        return status;
    int code = regcomp(&regex, joined, REG_EXTENDED | REG_NOSUB);
    if (code == 0)
        regfree(&regex);
    free(joined);
    if (code == 0)
        return BELAY_OK;
    h->explain(c, "a pattern of allow is no extended regular expression", NULL, "allow");
    return BELAY_E_CONFIG;
}

static belay_status count(server *s, const char *allow)
{
    char text[64] = "", names[1024] = "";
    const char *parameters[] = {s->database, allow};
    int64_t max = s->h->opt_int(s->c, "max");
    static const char where[] = " FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
                                " AND backend_type = 'client backend' AND application_name !~ $2 AND usename !~ $2";
    char sql[1024];
    snprintf(sql, sizeof sql, "SELECT count(*)%s", where);
    belay_status status = server_sees_sessions(s, s->database, allow);
    if (status == BELAY_OK)
        status = server_text(s, text, sizeof text, sql, 2, parameters);
    if (status != BELAY_OK)
        return status;
    int64_t others = strtoll(text, NULL, 10);
    (void)s->h->measure(s->c, "sessions", (double)others);
    if (others <= max)
        return BELAY_OK;
    snprintf(
        sql, sizeof sql,
        "SELECT string_agg(format('%%s (user %%s, pid %%s, %%s, since %%s)', coalesce(nullif(application_name, ''),"
        " 'unnamed'), usename, pid, state, to_char(backend_start, 'HH24:MI:SS')), ', ')%s",
        where);
    status = server_text(s, names, sizeof names, sql, 2, parameters);
    return status != BELAY_OK ? status
                              : server_say(s, BELAY_NOT_YET, "stop what holds them, or name it in allow",
                                           "%lld session%s on %s, at most %lld allowed: %s", (long long)others,
                                           others == 1 ? "" : "s", s->database, (long long)max, names);
}

belay_status sessions_verify(belay_ctx *c, const belay_host *h)
{
    server s;
    char *allow = NULL;
    belay_status status = server_open(c, h, &s);
    if (status == BELAY_OK)
        status = join_patterns(c, h, &allow);
    if (status == BELAY_OK)
        status = count(&s, allow);
    free(allow);
    server_close(&s);
    return status;
}
