#include <stdio.h>
#include <time.h>

#include "api.h"
#include "frames.h"
#include "kinds.h"
#include "say/say.h"
#include "values.h"

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
        s = values_measure(c, h, &f);
    frames_done(&f);
    return s;
}
