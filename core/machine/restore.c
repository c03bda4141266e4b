#include "inner.h"

/* ---- what the rows say ------------------------------------------------------------------------------------------- */

static void forget_rollback_stage(machine *m)
{
    const size_t stage = machine_rollback_stage(m);
    if (stage == m->plan->stage_count)
        return;
    const machine_stage *s = &m->plan->stages[stage];
    for (size_t i = s->first; i < s->first + s->count; i++) {
        m->steps[i].last = NULL;
        m->steps[i].good = 0;
        m->steps[i].soaking = false;
    }
}

/* A sample did not hold, or too many are missing. An error is no sample, and is tried again. */
static bool soak_broke(const machine *m, size_t step)
{
    const step_state *s = &m->steps[step];
    const machine_row *last = s->last;
    const bool sampled = last && last->phase == MACHINE_VERIFY && last->finished;
    const bool fell = sampled && (last->verdict == MACHINE_NOT_YET || last->verdict == MACHINE_FAILED ||
                                  last->verdict == MACHINE_INCONCLUSIVE);
    return s->soaking && (fell || machine_soak_has_gaps(m, step));
}

static void read_row(machine *m, const machine_row *row)
{
    step_state *s = &m->steps[row->step];
    const bool passed = row->finished && row->verdict == MACHINE_PASSED;
    if (row->attempt > s->attempt[row->phase])
        s->attempt[row->phase] = row->attempt;
    if (m->plan->stages[m->plan->steps[row->step].stage].diagnose) /* it decided nothing */
        return;
    s->good = row->phase == MACHINE_VERIFY && passed ? s->good + 1 : 0;
    if (row->phase == MACHINE_EXECUTE)
        s->soaking = false;
    if (soak_broke(m, row->step)) /* a person has let it begin anew */
        s->soaking = false;
    if (s->good > 0 && machine_soaks(m, row->step))
        machine_note_sample(m, row->step, row->at);
    switch (row->phase) {
    case MACHINE_PREPARE:
        if (!passed && !s->prepared)
            return; /* to be prepared once more */
        s->prepared = true;
        break;
    case MACHINE_EXECUTE:
        if (!s->started && machine_is_main(m, row->step))
            m->order[m->order_count++] = row->step;
        s->started = true;
        break;
    case MACHINE_ROLLBACK:
        s->undo = passed ? UNDO_DONE : UNDO_OPEN;
        m->saved = true;
        forget_rollback_stage(m);
        return;
    default: break;
    }
    s->last = row;
}

/* ---- where each step stands -------------------------------------------------------------------------------------- */

static void decide_once(machine *m, machine_next next, machine_reason reason, size_t step, machine_verdict verdict)
{
    static const int weight[] = {[NEXT_GO_ON] = 0, [NEXT_PAUSE] = 1, [NEXT_ASK] = 2, [NEXT_UNDO] = 3};
    if (weight[next] <= weight[m->next])
        return;
    m->next = next;
    machine_decide(m, reason, step, verdict);
}

/* A verdict that was written, while its consequence was not. After a pause a person has dealt with it: try again. */
static void judge_again(machine *m, size_t step, step_at again, machine_verdict verdict)
{
    const machine_step *p = &m->plan->steps[step];
    step_state *s = &m->steps[step];
    s->at = again;
    if (m->was_paused)
        return;
    switch (machine_policy_of(p, verdict)) {
    case MACHINE_DO_WARN: s->at = AT_SETTLED; break;
    case MACHINE_DO_PAUSE: decide_once(m, NEXT_PAUSE, MACHINE_BECAUSE_VERDICT, step, verdict); break;
    case MACHINE_DO_ROLLBACK: decide_once(m, NEXT_UNDO, MACHINE_BECAUSE_VERDICT, step, verdict); break;
    }
}

/* What execute did is not known. Without an undo record it did nothing, for it may act only after the first one. */
static void cut_short(machine *m, size_t step, machine_assume assume)
{
    step_state *s = &m->steps[step];
    const machine_row *last = s->last;
    if (!machine_can_undo(&m->plan->steps[step])) {
        s->at = assume == MACHINE_ASSUME_DONE ? AT_ACTED : AT_NEW;
        if (assume == MACHINE_ASSUME_NOTHING)
            decide_once(m, NEXT_ASK, MACHINE_BECAUSE_ASK, step, MACHINE_UNKNOWN);
    } else if (!last->finished && last->undo) {
        decide_once(m, NEXT_UNDO, MACHINE_BECAUSE_CUT_SHORT, step, MACHINE_UNKNOWN);
    } else {
        s->at = AT_NEW;
    }
}

static void restore_execute(machine *m, size_t step, machine_assume assume)
{
    const machine_step *p = &m->plan->steps[step];
    step_state *s = &m->steps[step];
    const machine_row *last = s->last;
    if (!last->finished || (last->verdict == MACHINE_UNKNOWN && m->was_paused)) {
        cut_short(m, step, assume);
    } else if (last->verdict == MACHINE_PASSED) {
        s->at = AT_ACTED;
    } else if (last->verdict == MACHINE_RETRY && !m->was_paused && last->attempt < p->attempts) {
        s->at = AT_NEW;
        s->tries = last->attempt;
    } else {
        judge_again(m, step, AT_NEW, last->verdict);
    }
}

/* Samples start anew, but for a step that had all it needs, for one that soaks, and for a verdict that ended it. */
static void restore_verify(machine *m, size_t step)
{
    step_state *s = &m->steps[step];
    const machine_row *last = s->last;
    const bool judged = last->finished && (last->verdict == MACHINE_FAILED || last->verdict == MACHINE_INCONCLUSIVE);
    s->at = AT_ACTED;
    if (judged || soak_broke(m, step)) {
        const bool fell = last->finished && last->verdict == MACHINE_NOT_YET;
        s->soaking = false;
        judge_again(m, step, AT_ACTED, judged ? last->verdict : fell ? MACHINE_FAILED : MACHINE_INCONCLUSIVE);
    } else if (s->soaking ? s->good > 0 && machine_soak_over(m, step) : s->good >= m->plan->steps[step].hits) {
        s->at = AT_SETTLED;
    }
}

static void restore_main_step(machine *m, size_t step, machine_assume assume)
{
    const machine_row *last = m->steps[step].last;
    if (!last)
        return;
    switch (last->phase) {
    case MACHINE_EXECUTE: restore_execute(m, step, assume); break;
    case MACHINE_VERIFY: restore_verify(m, step); break;
    default:
        if (last->finished && last->verdict != MACHINE_PASSED)
            judge_again(m, step, AT_NEW, last->verdict);
        break;
    }
}

/* Nothing undoes the rollback stage's steps, so they must bear being run again. */
static void restore_rollback_step(machine *m, size_t step)
{
    step_state *s = &m->steps[step];
    if (!s->last || s->last->phase == MACHINE_PREPARE)
        return;
    const bool passed = s->last->finished && s->last->verdict == MACHINE_PASSED;
    if (s->last->phase == MACHINE_EXECUTE)
        s->at = passed ? AT_ACTED : AT_NEW;
    else
        s->at = s->good >= m->plan->steps[step].hits ? AT_SETTLED : AT_ACTED;
}

/* What began after a step shows that the step had been settled, perhaps with a warning. */
static void settle_what_went_before(machine *m, const machine_journal *j)
{
    const machine_plan *p = m->plan;
    size_t furthest = 0;
    bool any = false;
    for (size_t i = 0; i < j->row_count; i++) {
        const machine_row *row = &j->rows[i];
        if ((row->phase == MACHINE_EXECUTE || row->phase == MACHINE_VERIFY) && machine_is_main(m, row->step) &&
            (!any || row->step > furthest)) {
            furthest = row->step;
            any = true;
        }
    }
    if (!any)
        return;
    m->stage = p->steps[furthest].stage;
    const machine_stage *stage = &p->stages[m->stage];
    const size_t before = stage->parallel == 1 ? furthest : stage->first;
    for (size_t i = 0; i < before; i++) {
        m->steps[i].at = AT_SETTLED;
        m->steps[i].last = NULL;
    }
}

void machine_restore(machine *m, const machine_journal *j)
{
    const machine_plan *p = m->plan;
    m->was_paused = j->state == MACHINE_PAUSED;
    for (size_t i = 0; i < j->row_count; i++)
        read_row(m, &j->rows[i]);
    if (j->rollback || j->state == MACHINE_ROLLING_BACK || j->state == MACHINE_NEEDS_PERSON) {
        decide_once(m, NEXT_UNDO, j->rollback ? MACHINE_BECAUSE_ASKED : MACHINE_BECAUSE_RESUMED, MACHINE_NO_STEP,
                    MACHINE_FAILED);
        for (size_t i = 0; i < p->step_count; i++)
            if (p->stages[p->steps[i].stage].rollback)
                restore_rollback_step(m, i);
    } else {
        settle_what_went_before(m, j);
        for (size_t i = 0; i < p->step_count; i++)
            if (machine_is_main(m, i))
                restore_main_step(m, i, j->assume);
        if (m->was_paused && m->next == NEXT_GO_ON)
            machine_decide(m, MACHINE_BECAUSE_RESUMED, MACHINE_NO_STEP, MACHINE_PASSED);
    }
    for (size_t i = 0; i < p->step_count; i++) {
        m->steps[i].last = NULL;
        m->steps[i].good = 0;
    }
}
