#include "inner.h"

/* ---- the plan ---------------------------------------------------------------------------------------------------- */

size_t machine_main_stages(const machine *m)
{
    size_t n = 0;
    while (n < m->plan->stage_count && !m->plan->stages[n].diagnose && !m->plan->stages[n].rollback)
        n++;
    return n;
}

size_t machine_rollback_stage(const machine *m)
{
    size_t n = m->plan->stage_count;
    return n > 0 && m->plan->stages[n - 1].rollback ? n - 1 : n;
}

bool machine_is_main(const machine *m, size_t step)
{
    const machine_stage *stage = &m->plan->stages[m->plan->steps[step].stage];
    return !stage->diagnose && !stage->rollback;
}

bool machine_can_undo(const machine_step *s)
{
    return s->has_execute && s->has_rollback;
}

machine_policy machine_policy_of(const machine_step *p, machine_verdict verdict)
{
    switch (verdict) {
    case MACHINE_INCONCLUSIVE: return p->on_inconclusive;
    case MACHINE_RETRY:
    case MACHINE_ERROR:
    case MACHINE_UNKNOWN: return p->on_error;
    default: return p->on_failure;
    }
}

/* ---- actions ----------------------------------------------------------------------------------------------------- */

machine_action *machine_emit(machine *m, machine_do what, size_t step)
{
    if (m->action_count == m->action_room) /* action_room() is wrong: never go on with half of the actions */
        __builtin_trap();
    machine_action *a = &m->actions[m->action_count++];
    *a = (machine_action){.what = what, .step = step};
    return a;
}

void machine_emit_state(machine *m, machine_state state)
{
    machine_action *a = machine_emit(m, MACHINE_STATE, m->why.step);
    a->state = state;
    a->reason = m->why.reason;
    a->verdict = m->why.verdict;
    a->until = m->why.until;
}

void machine_emit_end(machine *m, size_t step, machine_outcome outcome, machine_verdict verdict)
{
    machine_action *a = machine_emit(m, MACHINE_STEP_END, step);
    a->outcome = outcome;
    a->verdict = verdict;
}

/* ---- phases ------------------------------------------------------------------------------------------------------ */

static void activate(machine *m, size_t step)
{
    m->active[m->active_count++] = step;
}

void machine_drop(machine *m, size_t step)
{
    for (size_t i = 0; i < m->active_count; i++)
        if (m->active[i] == step) {
            m->active[i] = m->active[--m->active_count];
            return;
        }
}

void machine_start_phase(machine *m, size_t step, machine_phase phase)
{
    step_state *s = &m->steps[step];
    if (phase == MACHINE_EXECUTE && !s->started) {
        s->started = true;
        if (machine_is_main(m, step))
            m->order[m->order_count++] = step;
    }
    s->at = AT_RUNNING;
    s->phase = phase;
    s->attempt[phase]++;
    activate(m, step);
    const machine_do both[] = {MACHINE_INTENT, MACHINE_START};
    for (size_t i = 0; i < 2; i++) {
        machine_action *a = machine_emit(m, both[i], step);
        a->phase = phase;
        a->attempt = s->attempt[phase];
    }
}

void machine_start_later(machine *m, size_t step, machine_phase phase, int64_t delay_ms)
{
    step_state *s = &m->steps[step];
    s->at = AT_WAITING;
    s->phase = phase;
    s->due = m->now + delay_ms;
    activate(m, step);
}

/* ---- decisions --------------------------------------------------------------------------------------------------- */

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
void machine_roll_back(machine *m, machine_do how)
{
    if (m->order_count > 0 || m->active_count > 0)
        machine_emit_state(m, MACHINE_ROLLING_BACK);
    machine_stop(m, m->order_count > 0 ? NEXT_UNDO : NEXT_REFUSE, how);
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

void machine_end(machine *m, machine_finish finish)
{
    m->mode = MODE_ENDED;
    machine_emit(m, MACHINE_FINISH, MACHINE_NO_STEP)->finish = finish;
}

void machine_stop_here(machine *m, machine_state state, machine_finish finish)
{
    machine_emit_state(m, state);
    machine_end(m, finish);
}

/* What could not be undone comes first: a rollback stage that fails is often only its consequence. */
void machine_call_for_person(machine *m)
{
    if (m->undo_failures > 0)
        machine_decide(m, MACHINE_BECAUSE_UNDO_FAILED, m->undo_failed_step, MACHINE_FAILED);
    machine_stop_here(m, MACHINE_NEEDS_PERSON, MACHINE_FINISH_PERSON);
}
