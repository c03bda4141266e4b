#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "frames.h"
#include "kinds.h"
#include "say/say.h"

belay_status query_prepare(belay_ctx *c, const belay_host *h)
{
    return api_check(c, h);
}

/* The body of POST /api/ds/query for a Prometheus data source. */
static json_t *make_request(belay_ctx *c, const belay_host *h)
{
    char from[32], to[32];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    long long now_ms = (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    int instant = h->opt_int(c, "instant") != 0;
    snprintf(from, sizeof from, "%lld", now_ms - (long long)h->opt_int(c, "window"));
    snprintf(to, sizeof to, "%lld", now_ms);
    return json_pack("{s:s, s:s, s:[{s:s, s:{s:s}, s:s, s:b, s:b, s:i, s:i}]}", "from", from, "to", to, "queries",
                     "refId", "A", "datasource", "uid", h->opt_str(c, "datasource"), "expr", h->opt_str(c, "expr"),
                     "instant", instant, "range", !instant, "intervalMs", 15000, "maxDataPoints", 1000);
}

static frames_reduce chosen_reduce(belay_ctx *c, const belay_host *h)
{
    static const char *const words[] = {"last", "max", "min", "mean"};
    const char *word = h->opt_str(c, "reduce");
    for (int i = 0; i < 4; i++)
        if (word && strcmp(word, words[i]) == 0)
            return (frames_reduce)i;
    return REDUCE_LAST;
}

/* One figure a series: "value", or "value/LABELS" when there are several. */
static belay_status measure(belay_ctx *c, const belay_host *h, const frames *f)
{
    size_t measured = 0;
    for (size_t i = 0; i < f->count; i++) {
        char name[192] = "value";
        double value = frames_reduce_series(&f->series[i], chosen_reduce(c, h));
        if (f->count > 1)
            snprintf(name, sizeof name, "value/%s", f->series[i].name);
        if (isnan(value))
            continue;
        if (isinf(value))
            return say(c, h, BELAY_E_FAIL, "a division by zero in the expression?", "series %s is infinite",
                       f->series[i].name);
        if (h->measure(c, name, value) == BELAY_OK)
            measured++;
    }
    if (measured == 0)
        return say(c, h, BELAY_NO_DATA, "is the data source scraping, and does the expression match any series?",
                   "the query gave %zu series and not one number", f->count);
    return BELAY_OK;
}

belay_status query_verify(belay_ctx *c, const belay_host *h)
{
    json_t *request = make_request(c, h), *answer = NULL;
    belay_status s = api_call(c, h, "POST", "/api/ds/query", request, 1, &answer);
    json_decref(request);
    if (s != BELAY_OK)
        return s;
    frames f;
    frames_read(answer, "A", &f);
    json_decref(answer);
    if (f.error[0])
        s = say(c, h, BELAY_E_RETRY, "try the expression in Grafana's Explore", "the query failed: %s", f.error);
    else
        s = measure(c, h, &f);
    frames_done(&f);
    return s;
}
