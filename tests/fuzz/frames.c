/* Any JSON as Grafana's answer: what is no number is none, and the figures of a series lie within it. */
#include <math.h>

#include "fuzz.h"
#include "grafana/frames.h"

static bool holds(const frames_series *s, double value)
{
    for (size_t i = 0; i < s->count; i++)
        if (memcmp(&s->values[i], &value, sizeof value) == 0)
            return true;
    return false;
}

static void check_series(const frames_series *s)
{
    bool any = false, finite = true;
    for (size_t i = 0; i < s->count; i++) {
        any = any || !isnan(s->values[i]);
        finite = finite && !isinf(s->values[i]);
    }
    double last = frames_reduce_series(s, REDUCE_LAST), most = frames_reduce_series(s, REDUCE_MAX);
    double least = frames_reduce_series(s, REDUCE_MIN), mean = frames_reduce_series(s, REDUCE_MEAN);
    MUST(s->name);
    MUST(isnan(last) == !any && isnan(most) == !any && isnan(least) == !any);
    if (!any)
        return;
    MUST(holds(s, last) && holds(s, most) && holds(s, least) && least <= last && last <= most);
    double slack = 1e-9 * fmax(fabs(least), fabs(most));
    if (finite && isfinite(mean)) /* a sum may exceed what a number can hold */
        MUST(least - slack <= mean && mean <= most + slack);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    json_t *answer = json_loadb((const char *)bytes, size, 0, NULL);
    if (!answer)
        return 0;
    frames f;
    frames_read(answer, "A", &f);
    MUST(strlen(f.error) < sizeof f.error);
    for (size_t i = 0; i < f.count; i++)
        check_series(&f.series[i]);
    frames_done(&f);
    json_decref(answer);
    return 0;
}
