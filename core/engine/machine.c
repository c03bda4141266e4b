#include "machine_inner.h"

#define LONGEST_DELAY_MS ((int64_t)60 * 60 * 1000)

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

void machine_end(machine *m, machine_finish finish)
{
    m->mode = MODE_ENDED;
    machine_emit(m, MACHINE_FINISH, MACHINE_NO_STEP)->finish = finish;
}

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
static void prepare_ended(machine *m, size_t step, machine_verdict verdict)
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

/* ---- one step: execute, verify ----------------------------------------------------------------------------------- */

static void settle(machine *m, size_t step, machine_outcome outcome, machine_verdict verdict)
{
    m->steps[step].at = AT_SETTLED;
    machine_emit_end(m, step, outcome, verdict);
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

static void bad(machine *m, size_t step, machine_verdict verdict, machine_reason reason)
{
    machine_policy policy = machine_policy_of(&m->plan->steps[step], verdict);
    if (policy == MACHINE_DO_WARN) {
        settle(m, step, MACHINE_STEP_WARNED, verdict);
        return;
    }
    m->steps[step].at = AT_BAD;
    machine_emit_end(m, step, MACHINE_STEP_BAD, verdict);
    if (m->mode == MODE_RECOVERING) {
        machine_decide(m, MACHINE_BECAUSE_STAGE_FAILED, step, verdict);
        machine_stop(m, NEXT_PERSON, MACHINE_STOP);
    } else if (policy == MACHINE_DO_ROLLBACK) {
        machine_decide(m, reason, step, verdict);
        machine_roll_back(m);
    } else if (m->mode == MODE_RUNNING) {
        machine_decide(m, reason, step, verdict);
        m->mode = MODE_DRAINING;
        m->next = NEXT_PAUSE;
    }
}

static int64_t retry_delay(const machine_step *p, int tries)
{
    double delay = (double)p->delay_ms;
    for (int i = 1; i < tries && delay < (double)LONGEST_DELAY_MS; i++)
        delay *= p->backoff;
    return delay < (double)LONGEST_DELAY_MS ? (int64_t)delay : LONGEST_DELAY_MS;
}

/* The step has not ended: it is asked again when the run goes on. */
static void leave_waiting(machine *m, size_t step, machine_reason reason, int64_t until)
{
    m->steps[step].at = AT_BAD;
    if (m->mode != MODE_RUNNING)
        return;
    machine_decide(m, reason, step, MACHINE_NOT_YET);
    m->why.until = until;
    m->mode = MODE_DRAINING;
    m->next = NEXT_PAUSE;
}

static bool may_leave(const machine *m)
{
    return m->plan->no_wait && m->mode != MODE_RECOVERING;
}

static void next_sample(machine *m, size_t step)
{
    const int64_t due = machine_soak_due(m, step);
    if (due <= m->now)
        machine_start_phase(m, step, MACHINE_VERIFY);
    else if (may_leave(m))
        leave_waiting(m, step, MACHINE_BECAUSE_SOAKING, due);
    else
        machine_start_later(m, step, MACHINE_VERIFY, due - m->now);
}

static void begin_verify(machine *m, size_t step)
{
    const machine_step *p = &m->plan->steps[step];
    step_state *s = &m->steps[step];
    if (!p->has_verify) {
        settle(m, step, MACHINE_STEP_PASSED, MACHINE_PASSED);
        return;
    }
    s->tries = s->good = 0;
    s->ready_end = m->now + p->ready_ms;
    if (s->soaking) /* it goes on where it stood */
        next_sample(m, step);
    else
        machine_start_phase(m, step, MACHINE_VERIFY);
}

static void begin_acting(machine *m, size_t step)
{
    if (!m->plan->steps[step].has_execute)
        begin_verify(m, step);
    else
        machine_start_phase(m, step, MACHINE_EXECUTE);
}

static void complete_ended(machine *m, size_t step, machine_verdict verdict)
{
    if (verdict != MACHINE_PASSED) {
        bad(m, step, verdict, MACHINE_BECAUSE_VERDICT);
        return;
    }
    m->steps[step].complete = true;
    begin_acting(m, step);
}

/* Only an error that was returned is tried again: after any other, what execute did is not known. */
static void execute_ended(machine *m, size_t step, machine_verdict verdict)
{
    const machine_step *p = &m->plan->steps[step];
    step_state *s = &m->steps[step];
    if (verdict == MACHINE_PASSED)
        begin_verify(m, step);
    else if (verdict == MACHINE_RETRY && ++s->tries < p->attempts)
        machine_start_later(m, step, MACHINE_EXECUTE, retry_delay(p, s->tries));
    else
        bad(m, step, verdict, MACHINE_BECAUSE_VERDICT);
}

static void not_ready(machine *m, size_t step)
{
    const machine_step *p = &m->plan->steps[step];
    step_state *s = &m->steps[step];
    s->good = 0;
    if (p->waits) {
        if (may_leave(m))
            leave_waiting(m, step, MACHINE_BECAUSE_WAITING, 0);
        else
            machine_start_later(m, step, MACHINE_VERIFY, p->interval_ms);
        return;
    }
    if (s->soaking || m->now >= s->ready_end) {
        bad(m, step, MACHINE_FAILED, MACHINE_BECAUSE_NOT_READY);
        return;
    }
    int64_t interval = p->interval_ms, left = s->ready_end - m->now;
    machine_start_later(m, step, MACHINE_VERIFY, interval < left ? interval : left);
}

static void sample_held(machine *m, size_t step)
{
    const machine_step *p = &m->plan->steps[step];
    step_state *s = &m->steps[step];
    if (!machine_soaks(m, step)) {
        if (++s->good < p->hits) {
            machine_start_later(m, step, MACHINE_VERIFY, p->interval_ms);
            return;
        }
    } else {
        s->tries = 0;
        machine_note_sample(m, step, m->now);
        if (machine_soak_has_gaps(m, step)) {
            bad(m, step, MACHINE_INCONCLUSIVE, MACHINE_BECAUSE_GAPS);
            return;
        }
        if (!machine_soak_over(m, step)) {
            next_sample(m, step);
            return;
        }
    }
    settle(m, step, MACHINE_STEP_PASSED, MACHINE_PASSED);
}

static void verify_ended(machine *m, size_t step, machine_verdict verdict)
{
    const machine_step *p = &m->plan->steps[step];
    step_state *s = &m->steps[step];
    switch (verdict) {
    case MACHINE_PASSED: sample_held(m, step); return;
    case MACHINE_NOT_YET: not_ready(m, step); return;
    case MACHINE_RETRY:
    case MACHINE_ERROR:
    case MACHINE_UNKNOWN: /* changes nothing, so it may be tried again however it ended */
        s->good = 0;
        if (++s->tries < p->attempts) {
            machine_start_later(m, step, MACHINE_VERIFY, retry_delay(p, s->tries));
            return;
        }
        break;
    case MACHINE_FAILED:
    case MACHINE_INCONCLUSIVE: break;
    }
    bad(m, step, verdict, MACHINE_BECAUSE_VERDICT);
}

/* ---- stages ------------------------------------------------------------------------------------------------------ */

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

static void main_stages_done(machine *m)
{
    if (m->plan->undo_at_end && m->order_count > 0) {
        machine_decide(m, MACHINE_BECAUSE_TRIAL, MACHINE_NO_STEP, MACHINE_PASSED);
        machine_roll_back(m);
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
        settle(m, step, MACHINE_STEP_SKIPPED, MACHINE_PASSED);
    else if (m->mode == MODE_RECOVERING && needs_what_was_not_undone(m, p))
        settle(m, step, MACHINE_STEP_UNDO_SKIPPED, MACHINE_PASSED);
    else if (s->at == AT_ACTED)
        begin_verify(m, step);
    else if (p->pending && p->has_prepare && !s->complete)
        machine_start_phase(m, step, MACHINE_PREPARE);
    else
        begin_acting(m, step);
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
        machine_recovered(m);
        return false;
    }
    m->stage = stage;
    m->first = m->plan->stages[stage].first;
    machine_emit(m, MACHINE_STAGE_START, stage);
    return true;
}

static void schedule(machine *m)
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
        schedule(m);
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

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
        s->at = AT_BAD;
        bool cut_short = verdict == MACHINE_ERROR || verdict == MACHINE_RETRY || verdict == MACHINE_UNKNOWN;
        if (s->phase != MACHINE_ROLLBACK)
            machine_emit_end(m, step, cut_short ? MACHINE_STEP_STOPPED : MACHINE_STEP_BAD, verdict);
    } else if (m->mode == MODE_PREPARING) {
        prepare_ended(m, step, verdict);
    } else if (m->mode == MODE_DIAGNOSING) {
        machine_diagnosis_ended(m, step, verdict);
    } else {
        void (*const ended[])(machine *, size_t, machine_verdict) = {
            [MACHINE_PREPARE] = complete_ended,
            [MACHINE_EXECUTE] = execute_ended,
            [MACHINE_VERIFY] = verify_ended,
            [MACHINE_ROLLBACK] = machine_undo_ended,
        };
        ended[s->phase](m, step, verdict);
    }
    schedule(m);
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
        machine_roll_back(m);
    } else if (m->next != NEXT_GO_ON) {
        m->mode = MODE_STOPPING;
    } else {
        if (m->was_paused)
            machine_emit_state(m, MACHINE_RUNNING);
        m->why.reason = MACHINE_BECAUSE_NOTHING;
        machine_prepare_next(m);
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
        case MACHINE_CANCEL: machine_cancel(m); break;
        }
        machine_when_idle(m);
        emit_wait(m);
    }
    *ret = m->actions;
    return m->action_count;
}
