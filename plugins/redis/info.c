#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "say/say.h"
#include "session.h"
#include "stats.h"

/* A field as an output; `absent` where the server has no such field, NULL: then no output. */
static void give_output(belay_ctx *c, const belay_host *h, const char *info, const char *output, const char *name,
                        const char *absent)
{
    size_t n = 0;
    const char *value = stats_field(info, name, &n);
    char copy[128];
    if (value && n < sizeof copy) {
        snprintf(copy, sizeof copy, "%.*s", (int)n, value);
        absent = copy;
    }
    if (absent)
        (void)h->output(c, output, absent);
}

/* The sum of keys of all databases: lines "db0:keys=3,expires=0,avg_ttl=0". */
static double count_keys(const char *info)
{
    double keys = 0;
    for (const char *at = strstr(info, ":keys="); at; at = strstr(at + 1, ":keys="))
        keys += strtod(at + 6, NULL);
    return keys;
}

static void give_figures(belay_ctx *c, const belay_host *h, const char *info)
{
    static const struct {
        const char *metric, *name;
    } figures[] = {{"used_memory", "used_memory"},
                   {"clients", "connected_clients"},
                   {"blocked_clients", "blocked_clients"},
                   {"rejected_connections", "rejected_connections"},
                   {"evicted_keys", "evicted_keys"}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        size_t n = 0;
        const char *value = stats_field(info, figures[i].name, &n);
        if (value)
            (void)h->measure(c, figures[i].metric, strtod(value, NULL));
    }
    (void)h->measure(c, "keys", count_keys(info));
}

/* One item of `expect`: "field=value". */
static belay_status check(belay_ctx *c, const belay_host *h, const char *info, const char *item)
{
    char name[64];
    const char *equals = strchr(item, '=');
    snprintf(name, sizeof name, "%.*s", (int)(equals - item), item);
    size_t n = 0;
    const char *value = stats_field(info, name, &n);
    if (value && strlen(equals + 1) == n && strncmp(value, equals + 1, n) == 0)
        return BELAY_OK;
    const char *hint = "redis-cli INFO lists the fields";
    if (value)
        return say_option(c, h, BELAY_E_FAIL, "expect", hint, "%s is %.*s, expected %s", name, (int)n, value,
                          equals + 1);
    return say_option(c, h, BELAY_E_FAIL, "expect", hint, "INFO has no field '%s'", name);
}

static belay_status judge(belay_ctx *c, const belay_host *h, const char *info)
{
    /* Valkey answers one redis_version, 7.2.4, for ever. */
    const bool is_valkey = stats_is(info, "server_name", "valkey");
    give_output(c, h, info, "server_name", "server_name", "redis");
    give_output(c, h, info, "valkey_version", "valkey_version", "");
    give_output(c, h, info, "version", is_valkey ? "valkey_version" : "redis_version", NULL);
    give_output(c, h, info, "role", "role", NULL);
    char *counters = stats_counters(info);
    if (counters)
        (void)h->output(c, "counters", counters);
    free(counters);
    give_figures(c, h, info);
    for (const char *const *item = h->opt_list(c, "expect"); *item; item++) {
        belay_status s = check(c, h, info, *item);
        if (s != BELAY_OK)
            return s;
    }
    return BELAY_OK;
}

belay_status info_prepare(belay_ctx *c, const belay_host *h)
{
    for (const char *const *item = h->opt_list(c, "expect"); *item; item++) {
        const char *equals = strchr(*item, '=');
        if (!equals || equals == *item || equals - *item >= 64) {
            h->explain(c, "each item of expect is written \"field=value\"", NULL, "expect");
            return BELAY_E_CONFIG;
        }
    }
    return session_check_url(c, h);
}

belay_status info_verify(belay_ctx *c, const belay_host *h)
{
    belay_status status = BELAY_OK;
    char *info = stats_ask(c, h, &status);
    if (info)
        status = judge(c, h, info);
    free(info);
    return status;
}
