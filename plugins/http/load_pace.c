#include <math.h>

#include "load.h"

/* While ramping up over r the rate is rate * t / r: by t, rate * t^2 / 2r requests are due; afterwards rate * (t -
 * r/2). */
double load_pace_due(const load_plan *p, uint64_t k)
{
    double per_ms = p->rate / 1000.0, in_ramp = per_ms * p->ramp_ms / 2;
    if ((double)k < in_ramp)
        return sqrt(2 * p->ramp_ms * (double)k / per_ms);
    return (double)k / per_ms + p->ramp_ms / 2;
}

uint64_t load_pace_count(const load_plan *p, double ms)
{
    double per_ms = p->rate / 1000.0;
    double due = ms < p->ramp_ms ? per_ms * ms * ms / (2 * p->ramp_ms) : per_ms * (ms - p->ramp_ms / 2);
    return due > 0 ? (uint64_t)due : 0;
}

double load_pace_user(const load_plan *p, unsigned k)
{
    return p->ramp_ms * k / p->users;
}
