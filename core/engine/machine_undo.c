#include "machine_inner.h"

void machine_decide(machine *m, machine_reason reason, size_t step, machine_verdict verdict)
{
    m->why.reason = reason;
    m->why.step = step;
    m->why.verdict = verdict;
    m->why.until = 0;
}

void machine_stop(machine *m, machine_next next, machine_do how)
{
    m->mode = MODE_STOPPING;
    m->next = next;
    for (size_t i = 0; i < m->active_count;) {
        size_t step = m->active[i];
        if (m->steps[step].at == AT_RUNNING) {
            machine_emit(m, how, step);
            i++;
        } else {
            m->steps[step].at = AT_BAD;
            machine_drop(m, step);
        }
    }
}

/* The decision is written unless it is carried out at once: a cancel cannot be told from the journal. */
static void roll_back(machine *m, machine_do how)
{
    if (m->order_count > 0 || m->active_count > 0)
        machine_emit_state(m, MACHINE_ROLLING_BACK);
    machine_stop(m, m->order_count > 0 ? NEXT_UNDO : NEXT_REFUSE, how);
}

void machine_roll_back(machine *m)
{
    roll_back(m, MACHINE_STOP);
}

/* ---- undo -------------------------------------------------------------------------------------------------------- */

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
            machine_emit_end(m, step, MACHINE_STEP_IRREVERSIBLE, MACHINE_PASSED);
        } else if (s->keep) {
            not_undone(m, step, MACHINE_STEP_UNDO_SKIPPED, MACHINE_PASSED);
        } else {
            s->tries = 0;
            m->undid = true;
            machine_start_phase(m, step, MACHINE_ROLLBACK);
            return;
        }
    }
    recover(m);
}

static void undo(machine *m)
{
    m->mode = MODE_UNDOING;
    m->cursor = m->order_count;
    if (!m->saved && m->why.reason != MACHINE_BECAUSE_TRIAL)
        machine_emit(m, MACHINE_EVIDENCE, m->why.step);
    m->saved = true;
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

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static void stop_here(machine *m, machine_state state, machine_finish finish)
{
    machine_emit_state(m, state);
    machine_end(m, finish);
}

/* What could not be undone comes first: a rollback stage that fails is often only its consequence. */
static void call_for_person(machine *m)
{
    if (m->undo_failures > 0)
        machine_decide(m, MACHINE_BECAUSE_UNDO_FAILED, m->undo_failed_step, MACHINE_FAILED);
    stop_here(m, MACHINE_NEEDS_PERSON, MACHINE_FINISH_PERSON);
}

void machine_recovered(machine *m)
{
    if (m->undo_failures > 0)
        call_for_person(m);
    else
        stop_here(m, MACHINE_ROLLED_BACK,
                  m->why.reason == MACHINE_BECAUSE_TRIAL ? MACHINE_FINISH_COMMITTED : MACHINE_FINISH_ROLLED_BACK);
}

static bool comes_to_rest(const machine *m)
{
    return m->mode == MODE_STOPPING || m->mode == MODE_DRAINING || m->mode == MODE_DIAGNOSING;
}

void machine_when_idle(machine *m)
{
    if (!comes_to_rest(m) || m->active_count > 0 || machine_diagnose(m))
        return;
    switch (m->next) {
    case NEXT_GO_ON: return;
    case NEXT_UNDO: undo(m); return;
    case NEXT_REFUSE: stop_here(m, MACHINE_REFUSED, MACHINE_FINISH_REFUSED); return;
    case NEXT_PAUSE: stop_here(m, MACHINE_PAUSED, MACHINE_FINISH_WAITING); return;
    case NEXT_ASK: stop_here(m, MACHINE_PAUSED, MACHINE_FINISH_PERSON); return;
    case NEXT_PERSON: call_for_person(m); return;
    case NEXT_HALT: /* the state stays as written: the run has not ended */
        machine_emit(m, MACHINE_NOTE, MACHINE_NO_STEP)->reason = MACHINE_BECAUSE_HALTED;
        machine_end(m, MACHINE_FINISH_PERSON);
        return;
    }
}

/* A person has no time for it; what was decided stays, but that nobody waits for an answer any more. */
static void cancel_diagnosis(machine *m)
{
    if (m->next == NEXT_PAUSE) {
        machine_decide(m, MACHINE_BECAUSE_CANCELLED, MACHINE_NO_STEP, MACHINE_FAILED);
        roll_back(m, MACHINE_KILL);
        return;
    }
    machine_emit(m, MACHINE_NOTE, MACHINE_NO_STEP)->reason = MACHINE_BECAUSE_IGNORED;
    machine_stop(m, m->next, MACHINE_KILL);
}

void machine_cancel(machine *m)
{
    if (++m->cancels > 1) {
        machine_stop(m, m->order_count > 0 ? NEXT_HALT : NEXT_REFUSE, MACHINE_KILL);
        return;
    }
    switch (m->mode) {
    case MODE_PREPARING:
    case MODE_RUNNING:
    case MODE_DRAINING:
        machine_decide(m, MACHINE_BECAUSE_CANCELLED, MACHINE_NO_STEP, MACHINE_FAILED);
        machine_roll_back(m);
        return;
    case MODE_DIAGNOSING: cancel_diagnosis(m); return;
    case MODE_STOPPING:
    case MODE_UNDOING:
    case MODE_RECOVERING: machine_emit(m, MACHINE_NOTE, MACHINE_NO_STEP)->reason = MACHINE_BECAUSE_IGNORED; return;
    case MODE_ENDED: return;
    }
}
