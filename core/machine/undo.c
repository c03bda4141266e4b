#include "inner.h"

/* What a step stands on stays as long as the step does. */
static void not_undone(machine *m, size_t step, machine_outcome outcome, machine_verdict verdict)
{
    const machine_step *p = &m->plan->steps[step];
    m->steps[step].undo = UNDO_FAILED;
    for (size_t i = 0; i < p->need_count; i++)
        m->steps[p->needs[i]].keep = true;
    if (m->undo_failures++ == 0)
        m->undo_failed_step = step;
    machine_emit_end(m, step, outcome, verdict);
}

static void recover(machine *m)
{
    const size_t stage = machine_rollback_stage(m);
    m->mode = MODE_RECOVERING;
    m->next = NEXT_GO_ON;
    for (size_t i = 0; m->undid && i < m->plan->step_count; i++)
        if (m->plan->steps[i].stage == stage)
            m->steps[i].at = AT_NEW;
    machine_enter_stage(m, stage);
}

static void undo_next(machine *m)
{
    while (m->cursor > 0) {
        size_t step = m->order[--m->cursor];
        step_state *s = &m->steps[step];
        if (s->undo == UNDO_DONE)
            continue;
        if (!machine_can_undo(&m->plan->steps[step])) {
            if (!m->again)
                machine_emit_end(m, step, MACHINE_STEP_IRREVERSIBLE, MACHINE_PASSED);
        } else if (s->keep) {
            not_undone(m, step, MACHINE_STEP_UNDO_SKIPPED, MACHINE_PASSED);
        } else {
            s->tries = m->again ? m->plan->undo_attempts - 1 : 0;
            m->undid = true;
            machine_start_phase(m, step, MACHINE_ROLLBACK);
            return;
        }
    }
    recover(m);
}

void machine_undo(machine *m)
{
    m->mode = MODE_UNDOING;
    m->cursor = m->order_count;
    if (!m->saved && m->why.reason != MACHINE_BECAUSE_TRIAL)
        machine_emit(m, MACHINE_EVIDENCE, m->why.step);
    m->saved = true;
    undo_next(m);
}

void machine_undo_again(machine *m)
{
    m->again = true;
    m->mode = MODE_UNDOING;
    m->cursor = m->order_count;
    m->undo_failures = 0;
    for (size_t i = 0; i < m->plan->step_count; i++)
        m->steps[i].keep = false;
    for (size_t i = 0; i < m->order_count; i++)
        if (m->steps[m->order[i]].undo == UNDO_FAILED)
            m->steps[m->order[i]].undo = UNDO_OPEN;
    machine_emit(m, MACHINE_NOTE, MACHINE_NO_STEP)->reason = MACHINE_BECAUSE_AGAIN;
    undo_next(m);
}

void machine_undo_ended(machine *m, size_t step, machine_verdict verdict)
{
    step_state *s = &m->steps[step];
    s->at = AT_BAD;
    if (verdict == MACHINE_PASSED) {
        s->undo = UNDO_DONE;
        machine_emit_end(m, step, MACHINE_STEP_UNDONE, verdict);
    } else if (++s->tries < m->plan->undo_attempts) {
        machine_start_later(m, step, MACHINE_ROLLBACK, m->plan->undo_delay_ms << (s->tries - 1));
        return;
    } else {
        not_undone(m, step, MACHINE_STEP_NOT_UNDONE, verdict);
    }
    undo_next(m);
}
