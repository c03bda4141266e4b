#include "inner.h"

bool machine_soaks(const machine *m, size_t step)
{
    return m->plan->steps[step].soak_ms > 0;
}

/* A sample stands for the time since the one before it; each further interval in that time lacks one. */
void machine_note_sample(machine *m, size_t step, int64_t at)
{
    const machine_step *p = &m->plan->steps[step];
    step_state *s = &m->steps[step];
    if (!s->soaking) {
        s->soaking = true;
        s->soak_end = at + p->soak_ms;
        s->samples = s->gaps = 0;
    } else {
        const int64_t until = at < s->soak_end ? at : s->soak_end;
        const int64_t missed = (until - s->sampled) / p->interval_ms - 1;
        s->gaps += missed > 0 ? missed : 0;
    }
    s->sampled = at;
    s->samples++;
}

bool machine_soak_has_gaps(const machine *m, size_t step)
{
    return m->steps[step].gaps > m->plan->steps[step].max_gaps;
}

bool machine_soak_over(const machine *m, size_t step)
{
    return m->steps[step].sampled >= m->steps[step].soak_end;
}

bool machine_soaking(const machine *m, size_t step)
{
    return m->steps[step].soaking;
}

int64_t machine_soak_samples(const machine *m, size_t step, int64_t *ret_gaps)
{
    *ret_gaps = m->steps[step].gaps;
    return m->steps[step].samples;
}

int64_t machine_soak_left(const machine *m, size_t step, int64_t now)
{
    const step_state *s = &m->steps[step];
    if (!s->soaking)
        return m->plan->steps[step].soak_ms;
    return now < s->soak_end ? s->soak_end - now : 0;
}

int64_t machine_soak_due(const machine *m, size_t step)
{
    const step_state *s = &m->steps[step];
    const int64_t due = s->sampled + m->plan->steps[step].interval_ms;
    return due < s->soak_end ? due : s->soak_end;
}
