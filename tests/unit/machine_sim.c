#include "machine_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_words[] = {
    [MACHINE_RUNNING] = "running",     [MACHINE_PAUSED] = "paused",           [MACHINE_ROLLING_BACK] = "rolling back",
    [MACHINE_COMMITTED] = "committed", [MACHINE_ROLLED_BACK] = "rolled back", [MACHINE_NEEDS_PERSON] = "needs a person",
    [MACHINE_REFUSED] = "refused",
};
static const char *const outcome_words[] = {
    [MACHINE_STEP_PASSED] = "passed",
    [MACHINE_STEP_WARNED] = "warned",
    [MACHINE_STEP_BAD] = "bad",
    [MACHINE_STEP_STOPPED] = "stopped",
    [MACHINE_STEP_SKIPPED] = "skipped",
    [MACHINE_STEP_UNDONE] = "undone",
    [MACHINE_STEP_NOT_UNDONE] = "not undone",
    [MACHINE_STEP_UNDO_SKIPPED] = "kept",
    [MACHINE_STEP_IRREVERSIBLE] = "irreversible",
};

static void append(char *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void append(char *to, const char *fmt, ...)
{
    size_t n = strlen(to);
    va_list ap;
    va_start(ap, fmt);
    if (n > 0 && n + 1 < SIM_TRACE)
        to[n++] = ' ';
    (void)vsnprintf(to + n, SIM_TRACE - n, fmt, ap);
    va_end(ap);
}

static void breach(const sim *s, const char *rule)
{
    fail_msg("%s\n  seed: %llu\n  trace: %s\n  steps: %s", rule, (unsigned long long)s->name, s->trace, s->notes);
}

void sim_hold(const sim *s, bool truth, const char *rule)
{
    if (!truth)
        breach(s, rule);
}

unsigned sim_chance(sim *s, unsigned n)
{
    s->random ^= s->random << 13; /* xorshift64 */
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (unsigned)((s->random >> 11) % n);
}

/* ---- plan -------------------------------------------------------------------------------------------------------- */

void sim_init(sim *s, size_t count)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < count; i++)
        s->steps[i] = (machine_step){.needs = s->needs[i],
                                     .has_prepare = true,
                                     .has_execute = true,
                                     .has_verify = true,
                                     .has_rollback = true,
                                     .attempts = 1,
                                     .delay_ms = 100,
                                     .backoff = 2,
                                     .ready_ms = 1000,
                                     .interval_ms = 100,
                                     .hits = 1};
    s->stages[0] = (machine_stage){.count = count, .parallel = 1};
    s->plan = (machine_plan){.steps = s->steps,
                             .step_count = count,
                             .stages = s->stages,
                             .stage_count = 1,
                             .undo_attempts = 3,
                             .undo_delay_ms = 1000};
}

void sim_done(sim *s)
{
    free(s->m);
    s->m = NULL;
}

void sim_split(sim *s, size_t count, bool rollback)
{
    machine_stage *old = &s->stages[s->plan.stage_count - 1];
    old->count -= count;
    s->stages[s->plan.stage_count] =
        (machine_stage){.first = old->first + old->count, .count = count, .parallel = 1, .rollback = rollback};
    for (size_t i = 0; i < count; i++)
        s->steps[old->first + old->count + i].stage = s->plan.stage_count;
    s->plan.stage_count++;
}

void sim_need(sim *s, size_t step, size_t need)
{
    s->needs[step][s->steps[step].need_count++] = need;
}

/* ---- invariants -------------------------------------------------------------------------------------------------- */

static bool is_main(const sim *s, size_t step)
{
    return !s->stages[s->steps[step].stage].rollback;
}

static bool was_prepared(const sim *s, size_t step)
{
    if (s->steps[step].skipped || !s->steps[step].has_prepare)
        return true;
    for (size_t i = 0; i < s->row_count; i++)
        if (s->rows[i].step == step && s->rows[i].phase == MACHINE_PREPARE && s->rows[i].finished &&
            s->rows[i].verdict == MACHINE_PASSED)
            return true;
    return false;
}

static size_t running(const sim *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->plan.step_count; i++)
        n += s->world[i].running;
    return n;
}

static void check_execute(const sim *s, size_t step)
{
    for (size_t i = 0; i < s->plan.step_count; i++)
        sim_hold(s, was_prepared(s, i), "a step executes before all are prepared");
    for (size_t i = 0; i < s->steps[step].need_count; i++)
        sim_hold(s, s->world[s->steps[step].needs[i]].settled || !is_main(s, step), "a step executes before its needs");
    sim_hold(s, !is_main(s, step) || s->state == MACHINE_RUNNING, "a step executes in a run that does not go on");
    for (size_t i = 0; i < s->plan.step_count; i++)
        if (s->steps[i].stage < s->steps[step].stage && is_main(s, step))
            sim_hold(s, s->world[i].settled, "a step executes before an earlier stage is through");
}

static void check_undo(sim *s, size_t step)
{
    size_t place = 0;
    while (place < s->order_count && s->order[place] != step)
        place++;
    sim_hold(s, place < s->order_count, "a step is undone that never started");
    sim_hold(s, place <= s->last_undo, "undo is not in reverse order of start");
    s->last_undo = place;
    sim_hold(s, s->state == MACHINE_ROLLING_BACK, "undo starts before that is written");
    sim_hold(s, s->evidence || s->reason == MACHINE_BECAUSE_TRIAL, "undo starts before the evidence is saved");
    sim_hold(s, running(s) == 0, "something runs beside an undo");
    for (size_t i = 0; i < s->plan.step_count; i++)
        for (size_t n = 0; n < s->steps[i].need_count; n++)
            if (s->steps[i].needs[n] == step)
                sim_hold(s, !s->world[i].undo_failed, "a step is undone under one that still stands on it");
}

static void check_start(sim *s, const machine_action *a)
{
    sim_hold(s,
             s->intent_open && s->intent.step == a->step && s->intent.phase == a->phase &&
                 s->intent.attempt == a->attempt,
             "a phase starts without its intent");
    s->intent_open = false;
    sim_hold(s, !s->world[a->step].running, "two phases of one step run at once");
    sim_hold(s, !s->steps[a->step].skipped, "a skipped step runs");
    sim_hold(s, running(s) < s->stages[s->steps[a->step].stage].parallel || a->phase == MACHINE_PREPARE,
             "more steps run than the stage allows");
    if (a->phase == MACHINE_EXECUTE)
        check_execute(s, a->step);
    if (a->phase == MACHINE_ROLLBACK)
        check_undo(s, a->step);
    for (size_t i = 0; i < s->steps[a->step].need_count; i++)
        sim_hold(
            s, is_main(s, a->step) || a->phase == MACHINE_PREPARE || !s->world[s->steps[a->step].needs[i]].undo_failed,
            "the rollback stage stands on a step that was not undone");
}

static void check_rolled_back(const sim *s)
{
    for (size_t i = 0; i < s->plan.step_count; i++) {
        const sim_step *w = &s->world[i];
        if (is_main(s, i) && w->executed && s->steps[i].has_rollback) {
            sim_hold(s, w->undone, "rolled back, but a started step was not undone");
            sim_hold(s, !w->applied, "rolled back, but an effect is still in the world");
        }
        if (!is_main(s, i))
            sim_hold(s, w->settled, "rolled back, but the rollback stage is not through");
    }
}

static void check_state(const sim *s, machine_state state)
{
    sim_hold(s, state == MACHINE_RUNNING || state == MACHINE_ROLLING_BACK || running(s) == 0,
             "an end while something runs");
    for (size_t i = 0; i < s->plan.step_count; i++) {
        if (state == MACHINE_COMMITTED && is_main(s, i))
            sim_hold(s, s->world[i].settled, "committed, but a step is not settled");
        if (state == MACHINE_REFUSED)
            sim_hold(s, !s->world[i].executed, "refused, but a step has executed");
    }
    if (state == MACHINE_ROLLED_BACK)
        check_rolled_back(s);
}

/* ---- actions ----------------------------------------------------------------------------------------------------- */

static machine_verdict scripted(sim *s, size_t step, machine_phase phase)
{
    sim_step *w = &s->world[step];
    static const machine_verdict any[] = {MACHINE_NOT_YET, MACHINE_FAILED,  MACHINE_RETRY,
                                          MACHINE_ERROR,   MACHINE_UNKNOWN, MACHINE_INCONCLUSIVE};
    if (s->trouble > 0 && sim_chance(s, s->trouble) == 0) {
        machine_verdict v = any[sim_chance(s, 6)];
        return v == MACHINE_NOT_YET && phase != MACHINE_VERIFY ? MACHINE_RETRY : v;
    }
    const char *script = w->script[phase];
    if (!script || !script[w->at[phase]])
        return MACHINE_PASSED;
    switch (script[w->at[phase]++]) {
    case 'n': return MACHINE_NOT_YET;
    case 'f': return MACHINE_FAILED;
    case 'r': return MACHINE_RETRY;
    case 'e': return MACHINE_ERROR;
    case 'u': return MACHINE_UNKNOWN;
    case 'i': return MACHINE_INCONCLUSIVE;
    default: return MACHINE_PASSED;
    }
}

static void perform_intent(sim *s, const machine_action *a)
{
    sim_hold(s, !s->intent_open, "an intent is followed by another");
    sim_hold(s, s->row_count < SIM_ROWS, "the run does not end");
    s->rows[s->row_count++] = (machine_row){.step = a->step, .phase = a->phase, .attempt = a->attempt};
    s->intent = *a;
    s->intent_open = true;
    sim_step *w = &s->world[a->step];
    if (a->phase == MACHINE_EXECUTE && !w->executed && is_main(s, a->step))
        s->order[s->order_count++] = a->step;
    w->executed |= a->phase == MACHINE_EXECUTE && is_main(s, a->step);
}

static void perform_start(sim *s, const machine_action *a)
{
    check_start(s, a);
    sim_step *w = &s->world[a->step];
    w->running = true;
    w->stopped = false;
    w->phase = a->phase;
    w->attempt = a->attempt;
    w->verdict = scripted(s, a->step, a->phase);
    w->good = a->phase == MACHINE_VERIFY ? w->good : 0;
    w->ends = s->now + 1 + (s->random ? sim_chance(s, 50) : 0);
    append(s->trace, "%c%c", "pevr"[a->phase], (char)('a' + (char)a->step));
}

/* Undo records come before the effect; how far a phase that did not pass has got is open. */
static void take_effect(sim *s, size_t step, bool whole)
{
    sim_step *w = &s->world[step];
    unsigned far = whole ? 2 : s->random ? sim_chance(s, 3) : 1;
    if (w->phase == MACHINE_EXECUTE) {
        w->undo |= far >= 1 && s->steps[step].has_rollback;
        w->applied |= far >= 2;
    }
    if (w->phase == MACHINE_ROLLBACK && far >= 2)
        w->applied = false;
}

static machine_row *row_of(sim *s, const machine_action *a)
{
    for (size_t i = s->row_count; i-- > 0;)
        if (s->rows[i].step == a->step && s->rows[i].phase == a->phase && s->rows[i].attempt == a->attempt)
            return &s->rows[i];
    breach(s, "a result without an intent");
    return NULL;
}

/* A crash may swallow the word that a step is through; the journal then says it. */
static bool settled_by(const sim *s, const machine_action *a)
{
    const machine_step *p = &s->steps[a->step];
    if (a->verdict == MACHINE_PASSED)
        return a->phase == MACHINE_VERIFY ? s->world[a->step].good >= p->hits
                                          : a->phase == MACHINE_EXECUTE && !p->has_verify;
    if (a->phase == MACHINE_ROLLBACK || (a->phase == MACHINE_PREPARE && !was_prepared(s, a->step)))
        return false;
    if (a->verdict == MACHINE_FAILED)
        return p->on_failure == MACHINE_DO_WARN;
    if (a->verdict == MACHINE_INCONCLUSIVE)
        return p->on_inconclusive == MACHINE_DO_WARN;
    return a->phase != MACHINE_VERIFY && p->on_error == MACHINE_DO_WARN &&
           (a->verdict != MACHINE_RETRY || a->phase == MACHINE_PREPARE || a->attempt >= p->attempts);
}

static void perform_result(sim *s, const machine_action *a)
{
    machine_row *row = row_of(s, a);
    sim_hold(s, !row->finished, "two results of one phase");
    row->finished = true;
    row->verdict = a->verdict;
    sim_step *w = &s->world[a->step];
    w->good = a->phase == MACHINE_VERIFY && a->verdict == MACHINE_PASSED ? w->good + 1 : 0;
    w->settled |= settled_by(s, a);
    if (a->phase == MACHINE_EXECUTE)
        w->acted = a->verdict == MACHINE_PASSED;
    if (a->phase == MACHINE_ROLLBACK && a->verdict == MACHINE_PASSED) {
        s->world[a->step].undone = true;
        s->world[a->step].undo_failed = false;
    }
    if (a->phase == MACHINE_ROLLBACK)
        for (size_t i = 0; i < s->plan.step_count; i++) /* the rollback stage proves nothing any more */
            s->world[i].settled &= is_main(s, i);
}

static void check_passed(const sim *s, size_t step)
{
    const machine_step *p = &s->steps[step];
    sim_hold(s, !p->has_execute || s->world[step].acted, "a step passed that did not execute well");
    sim_hold(s, !p->has_verify || s->world[step].good >= p->hits, "a step passed with too few good samples");
}

static void perform_step_end(sim *s, const machine_action *a)
{
    sim_step *w = &s->world[a->step];
    if (a->outcome == MACHINE_STEP_PASSED)
        check_passed(s, a->step);
    w->settled = a->outcome == MACHINE_STEP_PASSED || a->outcome == MACHINE_STEP_WARNED ||
                 a->outcome == MACHINE_STEP_SKIPPED ||
                 (a->outcome == MACHINE_STEP_UNDO_SKIPPED && !is_main(s, a->step));
    if ((a->outcome == MACHINE_STEP_NOT_UNDONE || a->outcome == MACHINE_STEP_UNDO_SKIPPED) && is_main(s, a->step))
        w->undo_failed = true;
    append(s->notes, "%c:%s", (char)('a' + (char)a->step), outcome_words[a->outcome]);
}

static void perform(sim *s, const machine_action *a)
{
    sim_hold(s, !s->finished, "an action after the last");
    sim_hold(s, !s->intent_open || a->what == MACHINE_START, "an intent is not followed by its start");
    switch (a->what) {
    case MACHINE_INTENT: perform_intent(s, a); break;
    case MACHINE_START: perform_start(s, a); break;
    case MACHINE_RESULT: perform_result(s, a); break;
    case MACHINE_STOP:
    case MACHINE_KILL:
        sim_hold(s, s->world[a->step].running, "a step is stopped that does not run");
        s->world[a->step].stopped = true;
        s->world[a->step].ends = s->now + 1;
        break;
    case MACHINE_WAIT: s->timer = a->until; break;
    case MACHINE_STATE:
        check_state(s, a->state);
        s->state = a->state;
        s->reason = a->reason;
        s->reason_step = a->step;
        append(s->trace, "[%s]", state_words[a->state]);
        break;
    case MACHINE_EVIDENCE: s->evidence = true; break;
    case MACHINE_STEP_END: perform_step_end(s, a); break;
    case MACHINE_FINISH:
        sim_hold(s, running(s) == 0, "it finishes while something runs");
        s->finished = true;
        s->finish = a->finish;
        break;
    case MACHINE_STAGE_START:
    case MACHINE_STAGE_END:
    case MACHINE_NOTE: break;
    }
}

static void handle(sim *s, machine_event event)
{
    const machine_action *actions;
    event.now = s->now;
    size_t n = machine_handle(s->m, &event, &actions);
    for (size_t i = 0; i < n; i++) {
        if (s->crash > 0 && sim_chance(s, s->crash) == 0) {
            sim_kill(s);
            return;
        }
        perform(s, &actions[i]);
    }
}

/* ---- the process ------------------------------------------------------------------------------------------------- */

void sim_kill(sim *s)
{
    append(s->trace, "!");
    for (size_t i = 0; i < s->plan.step_count; i++) {
        if (s->world[i].running)
            take_effect(s, i, false);
        s->world[i].running = false;
    }
    s->intent_open = false;
    free(s->m);
    s->m = NULL;
}

void sim_boot(sim *s, bool rollback, machine_assume assume)
{
    free(s->m);
    s->m = machine_init(malloc(machine_size(&s->plan)), &s->plan);
    s->finished = false;
    s->last_undo = SIZE_MAX;
    s->timer = INT64_MAX;
    if (s->sessions++ > 0) {
        for (size_t i = 0; i < s->plan.step_count; i++)
            s->world[i].acted |= assume == MACHINE_ASSUME_DONE && !s->steps[i].has_rollback;
        for (size_t i = 0; i < s->row_count; i++)
            s->rows[i].undo = s->world[s->rows[i].step].undo;
        machine_journal journal = {
            .rows = s->rows, .row_count = s->row_count, .state = s->state, .rollback = rollback, .assume = assume};
        machine_restore(s->m, &journal);
    }
    handle(s, (machine_event){.kind = MACHINE_BEGIN});
}

bool sim_turn(sim *s)
{
    if (!s->m || s->finished)
        return false;
    size_t next = SIM_STEPS;
    for (size_t i = 0; i < s->plan.step_count; i++)
        if (s->world[i].running && (next == SIM_STEPS || s->world[i].ends < s->world[next].ends))
            next = i;
    if (next == SIM_STEPS || s->timer < s->world[next].ends) {
        sim_hold(s, s->timer != INT64_MAX, "it waits for nothing");
        s->now = s->timer > s->now ? s->timer : s->now;
        s->timer = INT64_MAX;
        handle(s, (machine_event){.kind = MACHINE_TIMER});
        return s->m && !s->finished;
    }
    sim_step *w = &s->world[next];
    s->now = w->ends > s->now ? w->ends : s->now;
    if (w->stopped)
        w->verdict = MACHINE_UNKNOWN;
    w->running = false;
    take_effect(s, next, w->verdict == MACHINE_PASSED);
    handle(s, (machine_event){.kind = MACHINE_PHASE_ENDED, .step = next, .verdict = w->verdict});
    return s->m && !s->finished;
}

void sim_cancel(sim *s)
{
    append(s->trace, "^C");
    handle(s, (machine_event){.kind = MACHINE_CANCEL});
}

void sim_run(sim *s)
{
    sim_boot(s, false, MACHINE_ASSUME_NOTHING);
    while (sim_turn(s))
        ;
}

void sim_resume(sim *s)
{
    sim_run(s);
}
