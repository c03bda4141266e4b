#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kinds.h"
#include "say/measure.h"
#include "say/say.h"
#include "text/text.h"

#define WHY_MAX 400

/* Compiles the option `body`; *set tells whether there is one. */
static belay_status compile_body(belay_ctx *c, const belay_host *h, regex_t *regex, bool *set)
{
    const char *pattern = h->opt_str(c, "body");
    *set = false;
    if (!pattern)
        return BELAY_OK;
    int code = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);
    if (code != 0) {
        char why[128];
        regerror(code, regex, why, sizeof why);
        return say_option(c, h, BELAY_E_CONFIG, "body", NULL, "'%s' is no extended regular expression: %s", pattern,
                          why);
    }
    *set = true;
    return BELAY_OK;
}

belay_status http_health_prepare(belay_ctx *c, const belay_host *h)
{
    http_requests r;
    regex_t body;
    bool has_body = false;
    belay_status s = compile_body(c, h, &body, &has_body);
    if (has_body)
        regfree(&body);
    if (s != BELAY_OK || h->pending(c, "targets"))
        return s;
    s = http_requests_new(c, h, &r);
    http_requests_done(&r);
    return s;
}

/* Why a target is not healthy yet, into why; false when it is. */
static bool explain_ill(belay_ctx *c, const belay_host *h, const transfer *t, const regex_t *body, char why[WHY_MAX])
{
    if (t->error[0])
        snprintf(why, WHY_MAX, "%s", t->error);
    else if (!http_status_is_good(c, h, t->status))
        snprintf(why, WHY_MAX, "HTTP %ld: %.200s", t->status, t->answer);
    else if (body && regexec(body, t->answer, 0, NULL, 0) != 0)
        snprintf(why, WHY_MAX, "HTTP %ld, but the body does not match: %.200s", t->status, t->answer);
    else
        return false;
    return true;
}

static double ms_since_step_start(belay_ctx *c, const belay_host *h)
{
    const char *started = h->fact(c, "step.started_at");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    double ms = started ? ((double)now.tv_sec + (double)now.tv_nsec / 1e9 - strtod(started, NULL)) * 1000.0 : 0.0;
    return ms > 0.0 ? ms : 0.0;
}

static belay_status judge(belay_ctx *c, const belay_host *h, const http_requests *r, const regex_t *body)
{
    guard_text summary = {0};
    size_t ill = 0;
    for (size_t i = 0; i < r->count; i++) {
        char why[WHY_MAX];
        if (!explain_ill(c, h, &r->items[i], body, why)) {
            belay_status s = measure_instance(c, h, "answer", r->targets[i].name, r->items[i].total_ms);
            if (s != BELAY_OK)
                return s;
            continue;
        }
        text_add(&summary, "%s%s: %s", ill ? "; " : "", r->targets[i].name, why);
        ill++;
    }
    h->progress(c, r->count - ill, r->count, "healthy");
    if (ill)
        return say(c, h, BELAY_NOT_YET, NULL, "%zu of %zu not healthy: %s", ill, r->count, text_of(&summary));
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < r->count && s == BELAY_OK; i++)
        s = measure_instance(c, h, "healthy_after", r->targets[i].name, ms_since_step_start(c, h));
    return s;
}

belay_status http_health_verify(belay_ctx *c, const belay_host *h)
{
    http_requests r;
    regex_t body;
    bool has_body = false;
    belay_status s = compile_body(c, h, &body, &has_body);
    if (s != BELAY_OK)
        return s;
    s = http_requests_new(c, h, &r);
    if (s == BELAY_OK)
        s = transfer_run(c, h, r.items, r.count);
    if (s == BELAY_OK)
        s = judge(c, h, &r, has_body ? &body : NULL);
    http_requests_done(&r);
    if (has_body)
        regfree(&body);
    return s;
}
