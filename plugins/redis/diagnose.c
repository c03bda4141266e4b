/* redis.diagnose: what a Redis server says about a failure. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "say/finding.h"
#include "session.h"
#include "stats.h"

#define SLOWLOG_ENTRIES "10"

/* ---- rules over INFO --------------------------------------------------------------------------------------------- */

static bool memory_is_full(const char *info)
{
    const double used = stats_number(info, "used_memory"), most = stats_number(info, "maxmemory");
    return most > 0 && used >= 0.98 * most;
}

static bool evicts_nothing(const char *info)
{
    return memory_is_full(info) && stats_is(info, "maxmemory_policy", "noeviction");
}

static bool cannot_save(const char *info)
{
    return stats_is(info, "rdb_last_bgsave_status", "err") || stats_is(info, "aof_last_write_status", "err");
}

static bool is_cut_off(const char *info)
{
    return stats_is(info, "master_link_status", "down");
}

static bool has_no_clients_left(const char *info)
{
    const double clients = stats_number(info, "connected_clients"), most = stats_number(info, "maxclients");
    return most > 0 && clients >= 0.98 * most;
}

static bool misses(const char *info)
{
    const double hits = stats_number(info, "keyspace_hits"), missed = stats_number(info, "keyspace_misses");
    return hits + missed > 1000 && hits < missed;
}

static const struct rule {
    int weight;
    bool (*applies)(const char *info);
    const char *text;
} rules[] = {
    {92, evicts_nothing,
     "Redis is full and refuses to write: used_memory has reached maxmemory, and nothing is evicted"},
    {91, cannot_save, "Redis cannot save its data (its disk may be full), and by default refuses to write then"},
    {84, has_no_clients_left, "Redis has no connection left: connected_clients has reached maxclients"},
    {80, is_cut_off, "this Redis is a replica that has lost its master"},
    {55, memory_is_full, "Redis is full: used_memory has reached maxmemory, and keys are evicted"},
    {30, misses, "more than half of the lookups since the start of Redis found nothing"},
};

static void judge(belay_ctx *c, const belay_host *h, const char *info)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].applies(info))
            finding(c, h, rules[i].weight, "%s", rules[i].text);
}

/* ---- the slow log ------------------------------------------------------------------------------------------------ */

/* Entries: id, time, microseconds, arguments ... The command's name is enough: arguments may be secret. */
static void add_entry(const redisReply *entry, FILE *out)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements < 4 || entry->element[3]->type != REDIS_REPLY_ARRAY ||
        entry->element[3]->elements == 0)
        return;
    fprintf(out, "%10.1f ms  %s\n", (double)entry->element[2]->integer / 1000, entry->element[3]->element[0]->str);
}

static void keep_slow_log(belay_ctx *c, const belay_host *h, session *redis)
{
    static const char *command[] = {"SLOWLOG", "GET", SLOWLOG_ENTRIES};
    char *text = NULL;
    size_t size = 0;
    belay_status ignored = BELAY_OK; /* a user may be barred from it */
    redisReply *reply = session_command(redis, &ignored, 3, command);
    FILE *out = reply ? open_memstream(&text, &size) : NULL;
    for (size_t i = 0; out && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        add_entry(reply->element[i], out);
    if (out && fclose(out) == 0 && size)
        (void)h->keep(c, "slowlog.txt", text, size);
    free(text);
    if (reply)
        freeReplyObject(reply);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static belay_status look(belay_ctx *c, const belay_host *h, session *redis)
{
    static const char *command[] = {"INFO"};
    belay_status s = BELAY_OK;
    redisReply *reply = session_command(redis, &s, 1, command);
    if (reply && reply->str) {
        (void)h->keep(c, "info.txt", reply->str, reply->len);
        judge(c, h, reply->str);
    }
    if (reply)
        freeReplyObject(reply);
    if (s == BELAY_OK)
        keep_slow_log(c, h, redis);
    return s;
}

belay_status diagnose_verify(belay_ctx *c, const belay_host *h)
{
    belay_status s = BELAY_OK;
    char why[SESSION_WHY] = "";
    session *redis = session_open(c, h, &s, why);
    if (redis) {
        s = look(c, h, redis);
        session_close(redis);
        return s;
    }
    if (s == BELAY_E_CONFIG || s == BELAY_E_CANCELLED)
        return s;
    finding(c, h, 88, "%s", why);
    return BELAY_OK;
}
