#include "inner.h"

#define LONGEST_DELAY_MS ((int64_t)60 * 60 * 1000)

void machine_settle(machine *m, size_t step, machine_outcome outcome, machine_verdict verdict)
{
    m->steps[step].at = AT_SETTLED;
    machine_emit_end(m, step, outcome, verdict);
}

static void bad(machine *m, size_t step, machine_verdict verdict, machine_reason reason)
{
    machine_policy policy = machine_policy_of(&m->plan->steps[step], verdict);
    if (policy == MACHINE_DO_WARN) {
        machine_settle(m, step, MACHINE_STEP_WARNED, verdict);
        return;
    }
    m->steps[step].at = AT_BAD;
    machine_emit_end(m, step, MACHINE_STEP_BAD, verdict);
    if (m->mode == MODE_RECOVERING) {
        machine_decide(m, MACHINE_BECAUSE_STAGE_FAILED, step, verdict);
        machine_stop(m, NEXT_PERSON, MACHINE_STOP);
    } else if (policy == MACHINE_DO_ROLLBACK) {
        machine_decide(m, reason, step, verdict);
        machine_roll_back(m, MACHINE_STOP);
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
    return (m->plan->no_wait || m->leaving) && m->mode != MODE_RECOVERING;
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

void machine_begin_verify(machine *m, size_t step)
{
    const machine_step *p = &m->plan->steps[step];
    step_state *s = &m->steps[step];
    if (!p->has_verify) {
        machine_settle(m, step, MACHINE_STEP_PASSED, MACHINE_PASSED);
        return;
    }
    s->tries = s->good = 0;
    s->ready_end = m->now + p->ready_ms;
    if (s->soaking) /* it goes on where it stood */
        next_sample(m, step);
    else
        machine_start_phase(m, step, MACHINE_VERIFY);
}

void machine_begin_acting(machine *m, size_t step)
{
    if (!m->plan->steps[step].has_execute)
        machine_begin_verify(m, step);
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
    machine_begin_acting(m, step);
}

/* Only an error that was returned is tried again: after any other, what execute did is not known. */
static void execute_ended(machine *m, size_t step, machine_verdict verdict)
{
    const machine_step *p = &m->plan->steps[step];
    step_state *s = &m->steps[step];
    if (verdict == MACHINE_PASSED)
        machine_begin_verify(m, step);
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
    machine_settle(m, step, MACHINE_STEP_PASSED, MACHINE_PASSED);
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

void machine_step_ended(machine *m, size_t step, machine_verdict verdict)
{
    void (*const ended[])(machine *, size_t, machine_verdict) = {
        [MACHINE_PREPARE] = complete_ended,
        [MACHINE_EXECUTE] = execute_ended,
        [MACHINE_VERIFY] = verify_ended,
    };
    ended[m->steps[step].phase](m, step, verdict);
}

/* For people, or between two samples; its phase may be asking just now. */
static bool waits_by_itself(const machine *m, size_t step)
{
    const step_state *s = &m->steps[step];
    return s->phase == MACHINE_VERIFY && (m->plan->steps[step].waits || s->soaking);
}

bool machine_leave(machine *m)
{
    bool any = false;
    for (size_t i = m->active_count; m->mode == MODE_RUNNING && i-- > 0;)
        any = any || waits_by_itself(m, m->active[i]);
    m->leaving = any;
    for (size_t i = m->active_count; any && i-- > 0;) {
        const size_t step = m->active[i];
        if (m->steps[step].at != AT_WAITING || !waits_by_itself(m, step))
            continue;
        machine_drop(m, step);
        if (m->steps[step].soaking)
            leave_waiting(m, step, MACHINE_BECAUSE_SOAKING, m->steps[step].due);
        else
            leave_waiting(m, step, MACHINE_BECAUSE_WAITING, 0);
    }
    return any;
}
