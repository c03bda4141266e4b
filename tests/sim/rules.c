/* The invariants of docs/TRANSACTION.md, as the machine's actions meet them. */
#include "sim.h"

bool rules_diagnoses(const sim *s, size_t step)
{
    return s->stages[s->steps[step].stage].diagnose;
}

bool rules_is_main(const sim *s, size_t step)
{
    return !s->stages[s->steps[step].stage].rollback && !rules_diagnoses(s, step);
}

bool rules_was_prepared(const sim *s, size_t step)
{
    if (s->steps[step].skipped || !s->steps[step].has_prepare)
        return true;
    for (size_t i = 0; i < s->row_count; i++)
        if (s->rows[i].step == step && s->rows[i].phase == MACHINE_PREPARE && s->rows[i].finished &&
            s->rows[i].verdict == MACHINE_PASSED)
            return true;
    return false;
}

size_t rules_running(const sim *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->plan.step_count; i++)
        n += s->world[i].running;
    return n;
}

soak rules_soak(const sim *s, size_t step)
{
    const machine_step *p = &s->steps[step];
    int64_t first = 0, last = 0, missed = 0;
    bool begun = false, fell = false;
    for (size_t i = 0; i < s->row_count; i++) {
        const machine_row *row = &s->rows[i];
        const bool held = row->phase == MACHINE_VERIFY && row->finished && row->verdict == MACHINE_PASSED;
        if (row->step != step || row->phase == MACHINE_ROLLBACK || row->phase == MACHINE_PREPARE)
            continue;
        begun = begun && row->phase != MACHINE_EXECUTE && missed <= p->max_gaps && !fell; /* else it began anew */
        fell =
            begun && row->finished &&
            (row->verdict == MACHINE_NOT_YET || row->verdict == MACHINE_FAILED || row->verdict == MACHINE_INCONCLUSIVE);
        if (!begun && held) {
            begun = true;
            first = last = row->at;
            missed = 0;
        } else if (begun && held) {
            for (int64_t due = last + 2 * p->interval_ms; due <= row->at && due <= first + p->soak_ms;
                 due += p->interval_ms)
                missed++;
            last = row->at;
        }
    }
    if (!begun)
        return SOAK_NONE;
    return missed > p->max_gaps ? SOAK_GAPS : last - first >= p->soak_ms ? SOAK_OVER : SOAK_OPEN;
}

/* ---- a phase starts ---------------------------------------------------------------------------------------------- */

/* The last execute before the one whose intent was just written. */
static const machine_row *execute_before(const sim *s, size_t step)
{
    for (size_t i = s->row_count - 1; i-- > 0;)
        if (s->rows[i].step == step && s->rows[i].phase == MACHINE_EXECUTE)
            return &s->rows[i];
    return NULL;
}

/* What an execute did is known only when it returned; no other is tried again before it is undone. */
static void check_execute_again(sim *s, size_t step)
{
    const sim_step *w = &s->world[step];
    const machine_row *before = execute_before(s, step);
    sim_hold(s, !w->judged || w->last == MACHINE_RETRY, "an execute is tried again that returned no error to retry");
    if (!before || before->finished)
        return;
    sim_hold(s, !s->steps[step].has_rollback || !w->undo, "an execute that was cut short in its act is tried again");
    sim_hold(s, s->steps[step].has_rollback || w->answered,
             "what cannot be undone and was cut short is tried again, and nobody was asked");
}

static void check_execute(sim *s, size_t step)
{
    for (size_t i = 0; i < s->plan.step_count; i++)
        sim_hold(s, rules_was_prepared(s, i), "a step executes before all are prepared");
    if (!rules_is_main(s, step))
        return;
    sim_hold(s, s->state == MACHINE_RUNNING, "a step executes in a run that does not go on");
    for (size_t i = 0; i < s->steps[step].need_count; i++)
        sim_hold(s, s->world[s->steps[step].needs[i]].settled, "a step executes before its needs");
    for (size_t i = 0; i < s->plan.step_count; i++)
        if (s->steps[i].stage < s->steps[step].stage)
            sim_hold(s, s->world[i].settled, "a step executes before an earlier stage is through");
    check_execute_again(s, step);
}

static bool answers(const sim *s, size_t step, size_t failed)
{
    for (size_t i = 0; i < s->steps[step].answer_count; i++)
        if (s->steps[step].answers[i] == failed)
            return true;
    return false;
}

/* By the last word of the journal. */
static bool went_bad(const sim *s, size_t step)
{
    for (size_t i = s->row_count; i-- > 0;)
        if (s->rows[i].step == step)
            return s->rows[i].finished && (s->rows[i].verdict != MACHINE_PASSED || rules_soak(s, step) == SOAK_GAPS);
    return false;
}

static void check_diagnosis(sim *s, const machine_action *a)
{
    bool called_for = false;
    for (size_t i = 0; i < s->plan.step_count; i++) {
        called_for |= rules_is_main(s, i) && went_bad(s, i) && answers(s, a->step, i);
        sim_hold(s, !s->world[i].running || rules_diagnoses(s, i), "a diagnosis begins while a step runs");
    }
    for (size_t i = 0; i < s->row_count; i++)
        sim_hold(s, s->rows[i].phase != MACHINE_ROLLBACK, "a diagnosis begins after the undo");
    sim_hold(s, called_for, "a diagnosis that no failure calls for");
    sim_hold(s, a->phase == MACHINE_VERIFY, "a diagnosis does more than to look");
    sim_hold(s, s->cancels == 0, "a diagnosis begins after a cancel");
}

static void check_diagnosed(sim *s)
{
    for (size_t i = 0; i < s->plan.step_count && s->cancels == 0 && s->decided != MACHINE_NO_STEP; i++)
        sim_hold(s, s->diagnosed || s->steps[i].skipped || s->steps[s->decided].waits || !answers(s, i, s->decided),
                 "undo starts before the diagnosis");
}

/* Nothing is left to be begun or to be tried there. */
static bool rollback_stage_passed(const sim *s)
{
    bool any = false;
    for (size_t i = 0; i < s->plan.step_count; i++) {
        const bool in_it = s->stages[s->steps[i].stage].rollback;
        any |= in_it;
        if (in_it && !s->world[i].settled)
            return false;
    }
    return any;
}

static void check_undo(sim *s, size_t step)
{
    if (!s->again && s->last_undo != SIZE_MAX && rollback_stage_passed(s)) { /* what failed, once more */
        s->again = true;
        s->last_undo = SIZE_MAX;
    }
    size_t place = 0;
    while (place < s->order_count && s->order[place] != step)
        place++;
    sim_hold(s, place < s->order_count, "a step is undone that never started");
    sim_hold(s, place <= s->last_undo, "undo is not in reverse order of start");
    sim_hold(s, !s->world[step].undone, "a step is undone twice");
    sim_hold(s, !s->again || !s->world[step].asked_again, "a failed undo is tried again more than once");
    s->world[step].asked_again |= s->again;
    s->last_undo = place;
    sim_hold(s, s->state == MACHINE_ROLLING_BACK, "undo starts before that is written");
    sim_hold(s, s->evidence || s->reason == MACHINE_BECAUSE_TRIAL, "undo starts before the evidence is saved");
    sim_hold(s, rules_running(s) == 0, "something runs beside an undo");
    check_diagnosed(s);
    for (size_t i = 0; i < s->plan.step_count; i++)
        for (size_t n = 0; n < s->steps[i].need_count; n++)
            if (s->steps[i].needs[n] == step)
                sim_hold(s, !s->world[i].undo_failed, "a step is undone under one that still stands on it");
}

void rules_start(sim *s, const machine_action *a)
{
    sim_hold(s,
             s->intent_open && s->intent.step == a->step && s->intent.phase == a->phase &&
                 s->intent.attempt == a->attempt,
             "a phase starts without its intent");
    sim_hold(s, !s->world[a->step].running, "two phases of one step run at once");
    sim_hold(s, !s->steps[a->step].skipped, "a skipped step runs");
    sim_hold(s, s->cancels < 2, "a phase starts after a second cancel");
    const bool opening = a->phase == MACHINE_PREPARE && !rules_was_prepared(s, a->step);
    sim_hold(s, rules_running(s) < (opening ? s->plan.prepare_parallel : s->stages[s->steps[a->step].stage].parallel),
             "more steps run than the stage allows");
    if (rules_diagnoses(s, a->step))
        check_diagnosis(s, a);
    if (a->phase == MACHINE_EXECUTE)
        check_execute(s, a->step);
    if (a->phase == MACHINE_VERIFY)
        sim_hold(s, !s->world[a->step].fell || !rules_is_main(s, a->step), "a verify that had failed is asked again");
    if (a->phase == MACHINE_ROLLBACK)
        check_undo(s, a->step);
    for (size_t i = 0; i < s->steps[a->step].need_count; i++)
        sim_hold(s,
                 rules_is_main(s, a->step) || a->phase == MACHINE_PREPARE ||
                     !s->world[s->steps[a->step].needs[i]].undo_failed,
                 "the rollback stage stands on a step that was not undone");
}

/* ---- states and ends --------------------------------------------------------------------------------------------- */

static machine_policy policy_of(const machine_step *p, machine_verdict verdict)
{
    switch (verdict) {
    case MACHINE_FAILED: return p->on_failure;
    case MACHINE_INCONCLUSIVE: return p->on_inconclusive;
    default: return p->on_error;
    }
}

static void check_policy(sim *s, size_t step, machine_verdict verdict, machine_policy done)
{
    sim_hold(s, policy_of(&s->steps[step], verdict) == done, "not what the step's policy says");
}

static void check_rolled_back(sim *s)
{
    for (size_t i = 0; i < s->plan.step_count; i++) {
        const sim_step *w = &s->world[i];
        if (rules_is_main(s, i) && w->executed && s->steps[i].has_rollback) {
            sim_hold(s, w->undone, "rolled back, but a started step was not undone");
            sim_hold(s, !w->applied, "rolled back, but an effect is still in the world");
        }
        if (s->stages[s->steps[i].stage].rollback)
            sim_hold(s, w->settled, "rolled back, but the rollback stage is not through");
    }
}

bool rules_is_failure(const machine_action *state)
{
    return state->state == MACHINE_ROLLING_BACK &&
           (state->reason == MACHINE_BECAUSE_VERDICT || state->reason == MACHINE_BECAUSE_NOT_READY ||
            state->reason == MACHINE_BECAUSE_GAPS);
}

/* For a person, though the previous version is up: only what failed again after that. */
static void check_person(sim *s)
{
    for (size_t i = 0; i < s->plan.step_count && rollback_stage_passed(s); i++)
        sim_hold(s, !rules_is_main(s, i) || !s->world[i].undo_failed || s->world[i].asked_again,
                 "a failed undo is not tried again, though the rollback stage has passed");
}

void rules_state(sim *s, const machine_action *a)
{
    const bool judged = a->reason == MACHINE_BECAUSE_VERDICT && a->step != MACHINE_NO_STEP;
    sim_hold(s, a->state == MACHINE_RUNNING || a->state == MACHINE_ROLLING_BACK || rules_running(s) == 0,
             "an end while something runs");
    sim_hold(s, a->reason != MACHINE_BECAUSE_NOT_READY || !s->steps[a->step].waits, "a step that waits was given up");
    sim_hold(s, a->reason != MACHINE_BECAUSE_GAPS || rules_soak(s, a->step) == SOAK_GAPS,
             "a soak has gaps that are none");
    sim_hold(s, a->reason != MACHINE_BECAUSE_WAITING || ((s->plan.no_wait || s->left) && s->steps[a->step].waits),
             "it pauses for a step that need not be waited for");
    sim_hold(s, a->state != MACHINE_PAUSED || s->cancels == 0, "it pauses for a person who has cancelled");
    for (size_t i = 0; i < s->plan.step_count; i++) {
        if (a->state == MACHINE_COMMITTED && rules_is_main(s, i))
            sim_hold(s, s->world[i].settled, "committed, but a step is not settled");
        if (a->state == MACHINE_REFUSED)
            sim_hold(s, !s->world[i].executed, "refused, but a step has executed");
    }
    if (a->state == MACHINE_ROLLED_BACK)
        check_rolled_back(s);
    if (a->state == MACHINE_NEEDS_PERSON)
        check_person(s);
    if (judged && a->state == MACHINE_ROLLING_BACK)
        check_policy(s, a->step, a->verdict, MACHINE_DO_ROLLBACK);
    if (judged && a->state == MACHINE_PAUSED)
        check_policy(s, a->step, a->verdict, MACHINE_DO_PAUSE);
}

static void check_passed(sim *s, size_t step)
{
    const machine_step *p = &s->steps[step];
    sim_hold(s, !p->has_execute || s->world[step].acted, "a step passed that did not execute well");
    sim_hold(s, !p->has_verify || s->world[step].good >= p->hits || p->soak_ms > 0,
             "a step passed with too few good samples");
    sim_hold(s, !p->has_verify || p->soak_ms == 0 || rules_soak(s, step) == SOAK_OVER,
             "a step passed that has not soaked");
}

void rules_step_end(sim *s, const machine_action *a)
{
    if (a->outcome == MACHINE_STEP_PASSED)
        check_passed(s, a->step);
    if (a->outcome == MACHINE_STEP_BAD)
        sim_hold(s, a->verdict != MACHINE_PASSED, "a step is bad by a good verdict");
    if (a->outcome == MACHINE_STEP_WARNED)
        check_policy(s, a->step, a->verdict, MACHINE_DO_WARN);
    if (a->outcome == MACHINE_STEP_NOT_UNDONE)
        sim_hold(s, s->world[a->step].undo_tries >= s->plan.undo_attempts, "an undo is given up before its last try");
}

/* ---- after an event ---------------------------------------------------------------------------------------------- */

void rules_event(sim *s)
{
    for (size_t i = 0; i < s->plan.step_count; i++) {
        const sim_step *w = &s->world[i];
        const bool forward = w->running && rules_is_main(s, i) && w->phase != MACHINE_ROLLBACK;
        if (s->state == MACHINE_ROLLING_BACK)
            sim_hold(s, !forward || w->stopped, "a step goes on while the run is taken back");
        if (s->cancels > 0)
            sim_hold(s, (!forward && !(w->running && rules_diagnoses(s, i))) || w->stopped,
                     "a step goes on that was cancelled");
    }
    sim_hold(s, s->finished || rules_running(s) > 0 || s->timer != INT64_MAX, "it waits for nothing");
    sim_hold(s, ++s->turns < SIM_TURNS, "the run does not end");
}
