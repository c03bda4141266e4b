/* redis.hit_rate: how many of the lookups in a window found their key. */
#include <stdlib.h>

#include "kinds.h"
#include "say/say.h"
#include "session.h"
#include "stats.h"
#include "window/window.h"

belay_status hit_rate_prepare(belay_ctx *c, const belay_host *h)
{
    belay_status s = session_check_url(c, h);
    return s == BELAY_OK ? window_check(c, h, h->opt_int(c, "warm_up") + h->opt_int(c, "window")) : s;
}

/* Are they two samples of the same counters? */
static belay_status compare(belay_ctx *c, const belay_host *h, const char *before, const char *after)
{
    static const char *const growing[] = {"keyspace_hits", "keyspace_misses", "total_commands_processed"};
    if (!stats_same(before, after, "run_id"))
        return say(c, h, BELAY_E_RETRY, "measure again once Redis stays up",
                   "Redis was restarted during the window: its run_id changed, and its counters began anew");
    for (size_t i = 0; i < sizeof growing / sizeof *growing; i++)
        if (!(stats_number(after, growing[i]) >= stats_number(before, growing[i])))
            return say(c, h, BELAY_E_RETRY, "find out who sends CONFIG RESETSTAT, and measure again",
                       "the counters of Redis were reset during the window: %s fell from %.0f to %.0f", growing[i],
                       stats_number(before, growing[i]), stats_number(after, growing[i]));
    return BELAY_OK;
}

static belay_status judge(belay_ctx *c, const belay_host *h, const char *before, const char *after)
{
    char window[WINDOW_TEXT];
    double hits = stats_number(after, "keyspace_hits") - stats_number(before, "keyspace_hits");
    double misses = stats_number(after, "keyspace_misses") - stats_number(before, "keyspace_misses");
    double lookups = hits + misses, wanted = (double)h->opt_int(c, "min_samples");
    (void)h->measure(c, "lookups", lookups);
    if (lookups < wanted)
        return say_option(c, h, BELAY_NO_DATA, "min_samples",
                          "lengthen window, or see that the cache is in use meanwhile",
                          "%.0f keys were looked up in %s, at least %.0f are needed to judge by", lookups,
                          window_text(h->opt_int(c, "window"), window), wanted);
    (void)h->measure(c, "hits", hits);
    (void)h->measure(c, "misses", misses);
    return h->measure(c, "hit_rate", 100 * hits / lookups);
}

belay_status hit_rate_verify(belay_ctx *c, const belay_host *h)
{
    int64_t warm_up = h->opt_int(c, "warm_up"), window = h->opt_int(c, "window");
    char *before = NULL, *after = NULL;
    belay_status s = window_check(c, h, warm_up + window);
    if (s == BELAY_OK)
        s = window_wait(c, h, warm_up, "warm-up");
    if (s == BELAY_OK)
        before = stats_ask(c, h, &s);
    if (before)
        s = window_wait(c, h, window, "window");
    if (before && s == BELAY_OK)
        after = stats_ask(c, h, &s);
    if (after)
        s = compare(c, h, before, after);
    if (after && s == BELAY_OK)
        s = judge(c, h, before, after);
    free(before);
    free(after);
    return s;
}
