/* redis.errors: errors answered and connections refused since a baseline or over a window; what persistence and
 * replication say of themselves. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "say/measure.h"
#include "say/say.h"
#include "session.h"
#include "stats.h"
#include "window/window.h"

static bool is_allowed(belay_ctx *c, const belay_host *h, const char *name)
{
    for (const char *const *item = h->opt_list(c, "allow"); *item; item++)
        if (strcmp(*item, name) == 0)
            return true;
    return false;
}

static belay_status check_baseline(belay_ctx *c, const belay_host *h, const char *baseline)
{
    size_t n = 0;
    if (stats_field(baseline, "run_id", &n))
        return BELAY_OK;
    return say_option(c, h, BELAY_E_CONFIG, "baseline", "write \"${steps.ID.counters}\", ID being a step redis.info",
                      "the baseline is not what redis.info gives as its output counters");
}

belay_status errors_prepare(belay_ctx *c, const belay_host *h)
{
    const char *baseline = h->opt_str(c, "baseline");
    belay_status s = session_check_url(c, h);
    if (s != BELAY_OK || h->pending(c, "baseline"))
        return s;
    return baseline ? check_baseline(c, h, baseline) : window_check(c, h, h->opt_int(c, "window"));
}

/* A counter that fell in one life of the server was reset by somebody; what it had counted is lost. */
static belay_status check_resets(belay_ctx *c, const belay_host *h, const char *before, const char *after)
{
    char name[STATS_ERROR_NAME];
    double count = 0, now = 0;
    bool fell = stats_number(after, "rejected_connections") < stats_number(before, "rejected_connections");
    for (const char *at = before; !fell && stats_next_error(&at, name, &count);) {
        now = stats_errors_named(after, name);
        fell = now < count;
    }
    if (!fell)
        return BELAY_OK;
    return say(c, h, BELAY_E_RETRY, "find out who sends CONFIG RESETSTAT; a new baseline is needed",
               "the counters of Redis were reset since they were first read, and what they counted is lost");
}

static belay_status measure_counters(belay_ctx *c, const belay_host *h, const char *before, const char *after)
{
    char name[STATS_ERROR_NAME];
    double count = 0, all = 0, rejected = stats_number(before, "rejected_connections");
    for (const char *at = after; stats_next_error(&at, name, &count);) {
        double more = count - stats_errors_named(before, name);
        if (more <= 0)
            continue;
        say_log(c, h, 1, "%.0f %s errors%s", more, name, is_allowed(c, h, name) ? ", which are allowed" : "");
        if (is_allowed(c, h, name))
            continue;
        belay_status s = measure_instance(c, h, "errors", name, more);
        if (s != BELAY_OK)
            return s;
        all += more;
    }
    (void)h->measure(c, "errors", all);
    (void)h->measure(c, "rejected_connections",
                     stats_number(after, "rejected_connections") - (isnan(rejected) ? 0 : rejected));
    return BELAY_OK;
}

/* What must be said of the server's state, each a field with the value that is good. */
static belay_status judge_state(belay_ctx *c, const belay_host *h, const char *info)
{
    static const struct {
        const char *field, *good;
    } states[] = {{"rdb_last_bgsave_status", "ok"},
                  {"aof_last_bgrewrite_status", "ok"},
                  {"aof_last_write_status", "ok"},
                  {"master_link_status", "up"}};
    char bad[512] = "";
    size_t used = 0, n = 0;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        const char *value = stats_field(info, states[i].field, &n);
        if (value && !stats_is(info, states[i].field, states[i].good) && !is_allowed(c, h, states[i].field))
            used += (size_t)snprintf(bad + used, sizeof bad - used, "%s%s is %.*s", used ? ", " : "", states[i].field,
                                     n < 64 ? (int)n : 64, value);
    }
    if (!used)
        return BELAY_OK;
    return say(c, h, BELAY_E_FAIL, "the log of Redis says why; a name in allow is let through", "%s", bad);
}

static belay_status judge(belay_ctx *c, const belay_host *h, const char *before, const char *after)
{
    char up[WINDOW_TEXT];
    bool restarted = !stats_same(before, after, "run_id");
    if (restarted && !h->opt_str(c, "baseline"))
        return say(c, h, BELAY_E_RETRY, "measure again once Redis stays up",
                   "Redis was restarted during the window: its run_id changed, and its counters began anew");
    if (restarted)
        say_log(c, h, 2, "Redis was restarted since the baseline; errors are counted since then, for %s",
                window_text((int64_t)(stats_number(after, "uptime_in_seconds") * 1000), up));
    (void)h->measure(c, "restarts", restarted);
    const char *from = restarted ? "" : before;
    belay_status s = check_resets(c, h, from, after);
    if (s != BELAY_OK)
        return s;
    if (isnan(stats_number(after, "total_error_replies")))
        return say(c, h, BELAY_NO_DATA, "Redis 6.2 and later do",
                   "this Redis does not count the errors that it answers");
    s = measure_counters(c, h, from, after);
    return s == BELAY_OK ? judge_state(c, h, after) : s;
}

/* The counters to start from: the baseline, or read now, a window before the second reading. The caller frees. */
static char *first_reading(belay_ctx *c, const belay_host *h, belay_status *status)
{
    const char *baseline = h->opt_str(c, "baseline");
    *status = baseline ? check_baseline(c, h, baseline) : window_check(c, h, h->opt_int(c, "window"));
    if (*status != BELAY_OK)
        return NULL;
    if (baseline)
        return strdup(baseline);
    char *before = stats_ask(c, h, status);
    if (before)
        *status = window_wait(c, h, h->opt_int(c, "window"), "window");
    return before;
}

belay_status errors_verify(belay_ctx *c, const belay_host *h)
{
    belay_status s = BELAY_OK;
    char *before = first_reading(c, h, &s), *after = NULL;
    if (before && s == BELAY_OK)
        after = stats_ask(c, h, &s);
    if (after)
        s = judge(c, h, before, after);
    free(before);
    free(after);
    return s;
}
