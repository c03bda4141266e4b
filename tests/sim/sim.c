#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define DIAGNOSE_MS 100

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

static const char *const phase_words[] = {"prepare", "execute", "verify", "rollback"};
static const char *const verdict_words[] = {
    [MACHINE_PASSED] = "passed",
    [MACHINE_NOT_YET] = "not yet",
    [MACHINE_FAILED] = "failed",
    [MACHINE_RETRY] = "retry",
    [MACHINE_ERROR] = "error",
    [MACHINE_UNKNOWN] = "not known",
    [MACHINE_INCONCLUSIVE] = "inconclusive",
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

void sim_hold(sim *s, bool truth, const char *rule)
{
    if (truth)
        return;
    s->broken = rule;
    if (s->story)
        fprintf(s->story, "%8lld ms  BROKEN: %s\n", (long long)s->now, rule);
    if (s->escape)
        longjmp(*s->escape, 1);
    fail_msg("%s\n  seed: %llu\n  trace: %s\n  steps: %s", rule, (unsigned long long)s->name, s->trace, s->notes);
}

/* A line of the story, with the time. */
static void tell(const sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void tell(const sim *s, const char *fmt, ...)
{
    if (!s->story)
        return;
    va_list ap;
    va_start(ap, fmt);
    fprintf(s->story, "%8lld ms  ", (long long)s->now);
    vfprintf(s->story, fmt, ap);
    fputc('\n', s->story);
    va_end(ap);
}

char sim_letter(size_t step)
{
    return (char)(step < 26 ? 'a' + (char)step : 'A' + (char)(step - 26));
}

unsigned sim_draw(uint64_t *state, unsigned n)
{
    *state ^= *state << 13; /* xorshift64 */
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (unsigned)((*state >> 11) % n);
}

unsigned sim_chance(sim *s, unsigned n)
{
    return sim_draw(&s->random, n);
}

/* ---- plan -------------------------------------------------------------------------------------------------------- */

void sim_init(sim *s, size_t count)
{
    memset(s, 0, offsetof(sim, rows));
    s->trace[0] = s->notes[0] = '\0';
    s->kind = sim_machine_get();
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
                             .prepare_parallel = 1,
                             .undo_attempts = 3,
                             .undo_delay_ms = 1000,
                             .diagnose_ms = DIAGNOSE_MS};
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
    if (a->phase == MACHINE_EXECUTE && !w->executed && rules_is_main(s, a->step))
        s->order[s->order_count++] = a->step;
    w->executed |= a->phase == MACHINE_EXECUTE && rules_is_main(s, a->step);
}

static void perform_start(sim *s, const machine_action *a)
{
    rules_start(s, a);
    s->intent_open = false;
    sim_step *w = &s->world[a->step];
    w->running = true;
    w->stopped = false;
    w->phase = a->phase;
    w->attempt = a->attempt;
    w->verdict = scripted(s, a->step, a->phase);
    w->good = a->phase == MACHINE_VERIFY ? w->good : 0;
    if (rules_diagnoses(s, a->step) && !s->diagnosed) {
        s->diagnosed = true;
        s->diagnose_end = s->now + s->plan.diagnose_ms;
    }
    w->ends = s->now + 1 + (s->random ? sim_chance(s, rules_diagnoses(s, a->step) ? 2 * DIAGNOSE_MS : 50) : 0);
    w->answered &= a->phase != MACHINE_EXECUTE;
    w->undo_tries += a->phase == MACHINE_ROLLBACK;
    append(s->trace, "%c%c", "pevr"[a->phase], sim_letter(a->step));
    tell(s, "%s of %c starts, try %d", phase_words[a->phase], sim_letter(a->step), a->attempt);
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
    sim_hold(s, false, "a result without an intent");
    return NULL;
}

/* A crash may swallow the word that a step is through; the journal then says it. */
static bool settled_by(const sim *s, const machine_action *a)
{
    const machine_step *p = &s->steps[a->step];
    if (a->verdict == MACHINE_PASSED && a->phase == MACHINE_VERIFY && p->soak_ms > 0) {
        const soak soaked = rules_soak(s, a->step);
        return soaked == SOAK_OVER || (soaked == SOAK_GAPS && p->on_inconclusive == MACHINE_DO_WARN);
    }
    if (a->verdict == MACHINE_PASSED)
        return a->phase == MACHINE_VERIFY ? s->world[a->step].good >= p->hits
                                          : a->phase == MACHINE_EXECUTE && !p->has_verify;
    if (a->phase == MACHINE_ROLLBACK || (a->phase == MACHINE_PREPARE && !rules_was_prepared(s, a->step)))
        return false;
    if (a->verdict == MACHINE_FAILED || (a->verdict == MACHINE_NOT_YET && s->world[a->step].fell))
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
    sim_hold(s, !rules_diagnoses(s, a->step) || s->now <= s->diagnose_end + 1, "a diagnosis goes on beyond its limit");
    sim_step *w = &s->world[a->step];
    if (a->phase == MACHINE_VERIFY)
        w->fell =
            a->verdict == MACHINE_FAILED || a->verdict == MACHINE_INCONCLUSIVE ||
            (a->verdict == MACHINE_NOT_YET && s->steps[a->step].soak_ms > 0 && rules_soak(s, a->step) == SOAK_OPEN);
    row->finished = true;
    row->verdict = a->verdict;
    row->at = s->now;
    w->good = a->phase == MACHINE_VERIFY && a->verdict == MACHINE_PASSED ? w->good + 1 : 0;
    w->settled |= settled_by(s, a);
    if (a->phase == MACHINE_EXECUTE) {
        w->acted = a->verdict == MACHINE_PASSED;
        w->judged = true;
        w->last = a->verdict;
        w->fell = false;
    }
    if (a->phase == MACHINE_ROLLBACK && a->verdict == MACHINE_PASSED) {
        s->world[a->step].undone = true;
        s->world[a->step].undo_failed = false;
    }
    if (a->phase == MACHINE_ROLLBACK)
        for (size_t i = 0; i < s->plan.step_count; i++) /* the rollback stage proves nothing any more */
            s->world[i].settled &= rules_is_main(s, i);
}

static void perform_step_end(sim *s, const machine_action *a)
{
    sim_step *w = &s->world[a->step];
    rules_step_end(s, a);
    const bool by_journal = a->outcome == MACHINE_STEP_STOPPED && w->settled; /* its result was the last it needed */
    w->settled = by_journal || a->outcome == MACHINE_STEP_PASSED || a->outcome == MACHINE_STEP_WARNED ||
                 a->outcome == MACHINE_STEP_SKIPPED ||
                 (a->outcome == MACHINE_STEP_UNDO_SKIPPED && !rules_is_main(s, a->step));
    w->asked_again |= s->again;
    if ((a->outcome == MACHINE_STEP_NOT_UNDONE || a->outcome == MACHINE_STEP_UNDO_SKIPPED) && rules_is_main(s, a->step))
        w->undo_failed = true;
    append(s->notes, "%c:%s", sim_letter(a->step), outcome_words[a->outcome]);
}

static void perform_diagnosis(sim *s, const machine_action *a)
{
    const bool begins = a->what == MACHINE_DIAGNOSE;
    tell(s, "the diagnosis of %c %s", sim_letter(a->step), begins ? "begins" : "is over");
    sim_hold(s, begins || (s->diagnosed && rules_running(s) == 0), "a diagnosis is weighed that is not over");
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
        if (!s->world[a->step].stopped)
            s->world[a->step].ends = s->now + 1;
        s->world[a->step].stopped = true;
        break;
    case MACHINE_WAIT: s->timer = a->until; break;
    case MACHINE_STATE:
        rules_state(s, a);
        s->state = a->state;
        s->reason = a->reason;
        s->reason_step = a->step;
        s->due = a->until;
        s->decided = rules_is_failure(a) ? a->step : MACHINE_NO_STEP;
        append(s->trace, "[%s]", state_words[a->state]);
        tell(s, "the run is %s", state_words[a->state]);
        break;
    case MACHINE_EVIDENCE: s->evidence = true; break;
    case MACHINE_DIAGNOSE:
    case MACHINE_DIAGNOSED: perform_diagnosis(s, a); break;
    case MACHINE_STEP_END: perform_step_end(s, a); break;
    case MACHINE_FINISH:
        sim_hold(s, rules_running(s) == 0, "it finishes while something runs");
        s->finished = true;
        s->finish = a->finish;
        tell(s, "the process ends");
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
    size_t n = s->kind->handle(s->m, &event, &actions);
    for (size_t i = 0; i < n; i++) {
        if (s->crash > 0 && sim_chance(s, s->crash) == 0) {
            sim_kill(s);
            return;
        }
        perform(s, &actions[i]);
    }
    rules_event(s);
}

/* ---- the process ------------------------------------------------------------------------------------------------- */

void sim_kill(sim *s)
{
    append(s->trace, "!");
    tell(s, "kill -9");
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
    s->m = s->kind->init(malloc(s->kind->size(&s->plan)), &s->plan);
    s->cancels = 0;
    s->left = false;
    tell(s, "the process starts: %s", s->sessions == 0 ? "run" : rollback ? "rollback" : "resume");
    s->finished = false;
    s->last_undo = SIZE_MAX;
    s->again = false;
    s->diagnosed = false;
    s->decided = MACHINE_NO_STEP;
    s->timer = INT64_MAX;
    if (s->due > s->now) /* who resumes a soak looks when it is due; in troubled times, later */
        s->now = s->due + (s->trouble > 0 ? sim_chance(s, 300) : 0);
    if (s->sessions++ > 0) {
        for (size_t i = 0; i < s->plan.step_count; i++) {
            s->world[i].acted |= assume == MACHINE_ASSUME_DONE && !s->steps[i].has_rollback;
            s->world[i].judged &= s->state != MACHINE_PAUSED;
            s->world[i].fell &= s->state != MACHINE_PAUSED;
            s->world[i].answered |= assume != MACHINE_ASSUME_NOTHING;
            s->world[i].undo_tries = 0;
            s->world[i].asked_again = false;
        }
        for (size_t i = 0; i < s->row_count; i++)
            s->rows[i].undo = s->world[s->rows[i].step].undo;
        machine_journal journal = {
            .rows = s->rows, .row_count = s->row_count, .state = s->state, .rollback = rollback, .assume = assume};
        s->kind->restore(s->m, &journal);
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
        s->now = s->timer > s->now ? s->timer : s->now;
        s->timer = INT64_MAX;
        handle(s, (machine_event){.kind = MACHINE_TIMER});
        return s->m && !s->finished;
    }
    sim_step *w = &s->world[next];
    s->now = w->ends > s->now ? w->ends : s->now;
    if (w->stopped && !w->deaf && !(s->random && sim_chance(s, 4) == 0))
        w->verdict = MACHINE_UNKNOWN;
    w->running = false;
    take_effect(s, next, w->verdict == MACHINE_PASSED);
    tell(s, "%s of %c ends: %s", phase_words[w->phase], sim_letter(next), verdict_words[w->verdict]);
    handle(s, (machine_event){.kind = MACHINE_PHASE_ENDED, .step = next, .verdict = w->verdict});
    return s->m && !s->finished;
}

void sim_cancel(sim *s)
{
    append(s->trace, "^C");
    tell(s, "a person cancels");
    s->cancels++;
    handle(s, (machine_event){.kind = MACHINE_CANCEL});
}

void sim_leave(sim *s)
{
    append(s->trace, "^H");
    tell(s, "nobody waits any more");
    s->left = true;
    handle(s, (machine_event){.kind = MACHINE_LEAVE});
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
