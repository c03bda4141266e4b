#include "inner.h"

/* ---- prepare ----------------------------------------------------------------------------------------------------- */

void machine_prepare_next(machine *m)
{
    const machine_plan *p = m->plan;
    for (; m->cursor < p->step_count && m->active_count < p->prepare_parallel; m->cursor++) {
        step_state *s = &m->steps[m->cursor];
        if (s->prepared || p->steps[m->cursor].skipped)
            continue;
        if (p->steps[m->cursor].has_prepare)
            machine_start_phase(m, m->cursor, MACHINE_PREPARE);
        else
            s->prepared = true;
    }
    if (m->active_count > 0)
        return;
    if (m->why.reason == MACHINE_BECAUSE_PREPARE) {
        machine_emit_state(m, MACHINE_REFUSED);
        machine_end(m, MACHINE_FINISH_REFUSED);
    } else if (p->prepare_only) {
        machine_end(m, MACHINE_FINISH_COMMITTED);
    } else {
        m->mode = MODE_RUNNING;
        machine_enter_stage(m, m->stage);
    }
}

/* All steps are prepared, also after one of them cannot run: a person wants to know all that is wrong. */
void machine_prepare_ended(machine *m, size_t step, machine_verdict verdict)
{
    step_state *s = &m->steps[step];
    s->at = AT_NEW;
    s->prepared = verdict == MACHINE_PASSED;
    if (!s->prepared) {
        machine_emit_end(m, step, MACHINE_STEP_BAD, verdict);
        if (m->why.reason == MACHINE_BECAUSE_NOTHING)
            machine_decide(m, MACHINE_BECAUSE_PREPARE, step, verdict);
    }
    machine_prepare_next(m);
}

/* ---- stages ------------------------------------------------------------------------------------------------------ */

static void recovered(machine *m)
{
    const bool has_stage = machine_rollback_stage(m) < m->plan->stage_count;
    if (m->undo_failures > 0 && has_stage && !m->again)
        machine_undo_again(m);
    else if (m->undo_failures > 0)
        machine_call_for_person(m);
    else
        machine_stop_here(m, MACHINE_ROLLED_BACK,
                          m->why.reason == MACHINE_BECAUSE_TRIAL ? MACHINE_FINISH_COMMITTED
                                                                 : MACHINE_FINISH_ROLLED_BACK);
}

static void main_stages_done(machine *m)
{
    if (m->plan->undo_at_end && m->order_count > 0) {
        machine_decide(m, MACHINE_BECAUSE_TRIAL, MACHINE_NO_STEP, MACHINE_PASSED);
        machine_roll_back(m, MACHINE_STOP);
        return;
    }
    machine_emit_state(m, MACHINE_COMMITTED);
    machine_end(m, MACHINE_FINISH_COMMITTED);
}

/* The rollback stage may need steps of the main stages: it runs unless one of them could not be undone. */
static bool needs_hold(const machine *m, const machine_step *p)
{
    for (size_t i = 0; i < p->need_count; i++) {
        const machine_stage *stage = &m->plan->stages[m->plan->steps[p->needs[i]].stage];
        if ((m->mode != MODE_RECOVERING || stage->rollback) && m->steps[p->needs[i]].at != AT_SETTLED)
            return false;
    }
    return true;
}

static bool needs_what_was_not_undone(const machine *m, const machine_step *p)
{
    for (size_t i = 0; i < p->need_count; i++)
        if (m->steps[p->needs[i]].undo == UNDO_FAILED)
            return true;
    return false;
}

static void begin(machine *m, size_t step)
{
    const machine_step *p = &m->plan->steps[step];
    const step_state *s = &m->steps[step];
    if (p->skipped)
        machine_settle(m, step, MACHINE_STEP_SKIPPED, MACHINE_PASSED);
    else if (m->mode == MODE_RECOVERING && needs_what_was_not_undone(m, p))
        machine_settle(m, step, MACHINE_STEP_UNDO_SKIPPED, MACHINE_PASSED);
    else if (s->at == AT_ACTED)
        machine_begin_verify(m, step);
    else if (p->pending && p->has_prepare && !s->complete)
        machine_start_phase(m, step, MACHINE_PREPARE);
    else
        machine_begin_acting(m, step);
}

static bool goes_on(const machine *m)
{
    return m->mode == MODE_RUNNING || m->mode == MODE_RECOVERING;
}

static void begin_steps(machine *m, const machine_stage *stage)
{
    const size_t end = stage->first + stage->count;
    for (size_t i = m->first; i < end && m->active_count < stage->parallel && goes_on(m); i++) {
        const step_state *s = &m->steps[i];
        if ((s->at == AT_NEW || s->at == AT_ACTED) && needs_hold(m, &m->plan->steps[i]))
            begin(m, i);
    }
    while (m->first < end && m->steps[m->first].at == AT_SETTLED)
        m->first++;
}

static bool enter(machine *m, size_t stage)
{
    if (m->mode == MODE_RUNNING && stage == machine_main_stages(m)) {
        main_stages_done(m);
        return false;
    }
    if (stage == m->plan->stage_count) {
        recovered(m);
        return false;
    }
    m->stage = stage;
    m->first = m->plan->stages[stage].first;
    machine_emit(m, MACHINE_STAGE_START, stage);
    return true;
}

void machine_schedule(machine *m)
{
    while (goes_on(m)) {
        const machine_stage *stage = &m->plan->stages[m->stage];
        begin_steps(m, stage);
        if (m->first < stage->first + stage->count)
            return;
        machine_emit(m, MACHINE_STAGE_END, m->stage);
        if (!enter(m, m->stage + 1))
            return;
    }
}

void machine_enter_stage(machine *m, size_t stage)
{
    if (enter(m, stage))
        machine_schedule(m);
}
