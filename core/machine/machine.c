#include "inner.h"

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* The most that one event can call for: each step of a run that is all skipped ends, in stages that start and end. */
static size_t action_room(const machine_plan *p)
{
    return 4 * p->step_count + 2 * p->stage_count + 16;
}

static size_t aligned(size_t n)
{
    const size_t unit = _Alignof(max_align_t);
    return (n + unit - 1) / unit * unit;
}

size_t machine_size(const machine_plan *p)
{
    return aligned(sizeof(machine)) + aligned(p->step_count * sizeof(step_state)) +
           2 * aligned(p->step_count * sizeof(size_t)) + action_room(p) * sizeof(machine_action);
}

static void *carve(unsigned char **at, size_t n)
{
    void *p = *at;
    *at += aligned(n);
    return p;
}

machine *machine_init(void *memory, const machine_plan *p)
{
    unsigned char *at = memory;
    machine *m = carve(&at, sizeof *m);
    *m = (machine){.plan = p, .why.step = MACHINE_NO_STEP, .action_room = action_room(p)};
    m->steps = carve(&at, p->step_count * sizeof *m->steps);
    m->order = carve(&at, p->step_count * sizeof *m->order);
    m->active = carve(&at, p->step_count * sizeof *m->active);
    m->actions = (machine_action *)(void *)at;
    for (size_t i = 0; i < p->step_count; i++)
        m->steps[i] = (step_state){.at = AT_NEW};
    return m;
}

size_t machine_started(const machine *m, const size_t **ret)
{
    *ret = m->order;
    return m->order_count;
}

bool machine_finished(const machine *m)
{
    return m->mode == MODE_ENDED;
}

/* ---- rest -------------------------------------------------------------------------------------------------------- */

static bool comes_to_rest(const machine *m)
{
    return m->mode == MODE_STOPPING || m->mode == MODE_DRAINING || m->mode == MODE_DIAGNOSING;
}

static void when_idle(machine *m)
{
    if (!comes_to_rest(m) || m->active_count > 0 || machine_diagnose(m))
        return;
    switch (m->next) {
    case NEXT_GO_ON: return;
    case NEXT_UNDO: machine_undo(m); return;
    case NEXT_REFUSE: machine_stop_here(m, MACHINE_REFUSED, MACHINE_FINISH_REFUSED); return;
    case NEXT_PAUSE: machine_stop_here(m, MACHINE_PAUSED, MACHINE_FINISH_WAITING); return;
    case NEXT_ASK: machine_stop_here(m, MACHINE_PAUSED, MACHINE_FINISH_PERSON); return;
    case NEXT_PERSON: machine_call_for_person(m); return;
    case NEXT_HALT: /* the state stays as written: the run has not ended */
        machine_emit(m, MACHINE_NOTE, MACHINE_NO_STEP)->reason = MACHINE_BECAUSE_HALTED;
        machine_end(m, MACHINE_FINISH_PERSON);
        return;
    }
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

/* Its last phase passed, and nothing was to be sampled any further. */
static bool is_through(const machine *m, size_t step)
{
    const machine_step *p = &m->plan->steps[step];
    const step_state *s = &m->steps[step];
    return p->has_verify ? s->phase == MACHINE_VERIFY && !machine_soaks(m, step) && s->good + 1 >= p->hits
                         : s->phase == MACHINE_EXECUTE;
}

/* The run stops for another reason than this step. One that was only prepared has not run: nothing became of it. */
static void stopped_phase_ended(machine *m, size_t step, machine_verdict verdict)
{
    const machine_phase phase = m->steps[step].phase;
    m->steps[step].at = AT_BAD;
    if (phase == MACHINE_ROLLBACK || (phase == MACHINE_PREPARE && verdict == MACHINE_PASSED))
        return;
    if (verdict == MACHINE_PASSED && is_through(m, step))
        machine_emit_end(m, step, MACHINE_STEP_PASSED, verdict);
    else if (verdict == MACHINE_FAILED || verdict == MACHINE_INCONCLUSIVE)
        machine_emit_end(m, step, MACHINE_STEP_BAD, verdict);
    else
        machine_emit_end(m, step, MACHINE_STEP_STOPPED, verdict);
}

static void phase_ended(machine *m, size_t step, machine_verdict verdict)
{
    step_state *s = &m->steps[step];
    if (s->at != AT_RUNNING)
        return;
    machine_action *result = machine_emit(m, MACHINE_RESULT, step);
    result->phase = s->phase;
    result->attempt = s->attempt[s->phase];
    result->verdict = verdict;
    machine_drop(m, step);
    if (m->mode == MODE_STOPPING) {
        stopped_phase_ended(m, step, verdict);
    } else if (m->mode == MODE_PREPARING) {
        machine_prepare_ended(m, step, verdict);
    } else if (m->mode == MODE_DIAGNOSING) {
        machine_diagnosis_ended(m, step, verdict);
    } else if (s->phase == MACHINE_ROLLBACK) {
        machine_undo_ended(m, step, verdict);
    } else {
        machine_step_ended(m, step, verdict);
    }
    machine_schedule(m);
}

static void timer_fired(machine *m)
{
    machine_diagnosis_late(m);
    for (size_t i = 0; i < m->active_count;) {
        size_t step = m->active[i];
        const step_state *s = &m->steps[step];
        if (s->at == AT_WAITING && s->due <= m->now) {
            machine_drop(m, step); /* another takes its place: look at i again */
            machine_start_phase(m, step, s->phase);
        } else {
            i++;
        }
    }
}

static void emit_wait(machine *m)
{
    int64_t until = m->mode == MODE_DIAGNOSING ? m->diagnose_end : INT64_MAX;
    for (size_t i = 0; i < m->active_count; i++) {
        const step_state *s = &m->steps[m->active[i]];
        if (s->at == AT_WAITING && s->due < until)
            until = s->due;
    }
    if (until != INT64_MAX)
        machine_emit(m, MACHINE_WAIT, MACHINE_NO_STEP)->until = until;
}

static void begin_run(machine *m)
{
    if (m->next == NEXT_UNDO) {
        machine_roll_back(m, MACHINE_STOP);
    } else if (m->next != NEXT_GO_ON) {
        m->mode = MODE_STOPPING;
    } else {
        if (m->was_paused)
            machine_emit_state(m, MACHINE_RUNNING);
        m->why.reason = MACHINE_BECAUSE_NOTHING;
        machine_prepare_next(m);
    }
}

/* A person has no time for it; what was decided stays, but that nobody waits for an answer any more. */
static void cancel_diagnosis(machine *m)
{
    if (m->next == NEXT_PAUSE) {
        machine_decide(m, MACHINE_BECAUSE_CANCELLED, MACHINE_NO_STEP, MACHINE_FAILED);
        machine_roll_back(m, MACHINE_KILL);
        return;
    }
    machine_emit(m, MACHINE_NOTE, MACHINE_NO_STEP)->reason = MACHINE_BECAUSE_IGNORED;
    machine_stop(m, m->next, MACHINE_KILL);
}

static void cancel(machine *m)
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
        machine_roll_back(m, MACHINE_STOP);
        return;
    case MODE_DIAGNOSING: cancel_diagnosis(m); return;
    case MODE_STOPPING:
    case MODE_UNDOING:
    case MODE_RECOVERING: machine_emit(m, MACHINE_NOTE, MACHINE_NO_STEP)->reason = MACHINE_BECAUSE_IGNORED; return;
    case MODE_ENDED: return;
    }
}

size_t machine_handle(machine *m, const machine_event *event, const machine_action **ret)
{
    m->action_count = 0;
    m->now = event->now;
    if (m->mode != MODE_ENDED) {
        switch (event->kind) {
        case MACHINE_BEGIN: begin_run(m); break;
        case MACHINE_PHASE_ENDED: phase_ended(m, event->step, event->verdict); break;
        case MACHINE_TIMER: timer_fired(m); break;
        case MACHINE_CANCEL: cancel(m); break;
        case MACHINE_LEAVE:
            if (!machine_leave(m))
                cancel(m);
            break;
        }
        when_idle(m);
        emit_wait(m);
    }
    *ret = m->actions;
    return m->action_count;
}
