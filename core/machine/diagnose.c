#include "inner.h"

static bool answers(const machine_step *p, size_t failed)
{
    for (size_t i = 0; i < p->answer_count; i++)
        if (p->answers[i] == failed)
            return true;
    return false;
}

/* Only of what this process saw fail: after a crash the world may be another, and the undo is late already. Who cancels
 * does not want to wait. */
static bool is_worth_it(const machine *m)
{
    if (m->diagnosis != DIAGNOSIS_NONE || m->cancels > 0)
        return false;
    if (m->why.step != MACHINE_NO_STEP && m->plan->steps[m->why.step].waits)
        return false; /* people have decided, or have not: the message is the cause */
    switch (m->why.reason) {
    case MACHINE_BECAUSE_VERDICT:
    case MACHINE_BECAUSE_NOT_READY:
    case MACHINE_BECAUSE_GAPS: return true;
    default: return false;
    }
}

static void begin(machine *m, size_t stage)
{
    const machine_stage *s = &m->plan->stages[stage];
    for (size_t i = s->first; i < s->first + s->count; i++) {
        const machine_step *p = &m->plan->steps[i];
        if (p->skipped || !answers(p, m->why.step))
            continue;
        if (m->active_count == 0)
            machine_emit(m, MACHINE_DIAGNOSE, m->why.step);
        machine_start_phase(m, i, MACHINE_VERIFY);
    }
}

bool machine_diagnose(machine *m)
{
    const size_t stage = machine_main_stages(m);
    if (is_worth_it(m) && stage < machine_rollback_stage(m))
        begin(m, stage);
    if (m->active_count > 0) {
        m->mode = MODE_DIAGNOSING;
        m->diagnosis = DIAGNOSIS_BEGUN;
        m->diagnosed = m->why.step;
        m->diagnose_end = m->now + m->plan->diagnose_ms;
        return true;
    }
    if (m->diagnosis == DIAGNOSIS_BEGUN)
        machine_emit(m, MACHINE_DIAGNOSED, m->diagnosed);
    m->diagnosis = DIAGNOSIS_OVER;
    return false;
}

/* Whatever it came to, nothing is decided by it. */
void machine_diagnosis_ended(machine *m, size_t step, machine_verdict verdict)
{
    m->steps[step].at = AT_SETTLED;
    machine_emit_end(m, step, verdict == MACHINE_PASSED ? MACHINE_STEP_PASSED : MACHINE_STEP_BAD, verdict);
}

void machine_diagnosis_late(machine *m)
{
    if (m->mode != MODE_DIAGNOSING || m->now < m->diagnose_end)
        return;
    m->diagnose_end = INT64_MAX;
    for (size_t i = 0; i < m->active_count; i++)
        machine_emit(m, MACHINE_KILL, m->active[i]);
}
