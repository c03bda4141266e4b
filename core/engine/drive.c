#include "engine/drive.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/call.h"
#include "engine/evidence.h"
#include "engine/findings.h"
#include "engine/reason.h"
#include "engine/series.h"
#include "engine/tell.h"

#define TICK_MS      100
#define KEEP_LOCK_MS 500

/* ---- states ------------------------------------------------------------------------------------------------------ */

static run_state run_state_of(machine_state state)
{
    static const run_state same[] = {
        [MACHINE_RUNNING] = RUN_RUNNING,           [MACHINE_PAUSED] = RUN_PAUSED,
        [MACHINE_ROLLING_BACK] = RUN_ROLLING_BACK, [MACHINE_COMMITTED] = RUN_COMMITTED,
        [MACHINE_ROLLED_BACK] = RUN_ROLLED_BACK,   [MACHINE_NEEDS_PERSON] = RUN_NEEDS_PERSON,
        [MACHINE_REFUSED] = RUN_REFUSED,
    };
    return same[state];
}

static char *state_reason(const driver *d, const machine_action *a)
{
    char *why = reason_text(d, a);
    const bool known = a->state == MACHINE_ROLLED_BACK || a->reason == MACHINE_BECAUSE_RESUMED;
    if (known && a->state != MACHINE_RUNNING && d->rollback_reason) {
        free(why);
        return mem_dup(d->rollback_reason);
    }
    if (a->state != MACHINE_NEEDS_PERSON || !d->rollback_reason)
        return why;
    guard_mem char *first = why;
    return mem_printf("%s; it was rolled back because %s", first, d->rollback_reason);
}

/* A gate is asked again after a while even if nobody has decided: it may have closed. */
#define GATE_AGAIN_MS (5 * 60 * 1000)

static int keep_due(driver *d, const machine_action *a, int64_t now, error **err)
{
    const int64_t left = a->reason == MACHINE_BECAUSE_SOAKING ? a->until - clock_steady_ms() : GATE_AGAIN_MS;
    const bool by_itself = a->reason == MACHINE_BECAUSE_WAITING || a->reason == MACHINE_BECAUSE_SOAKING;
    guard_mem char *due = by_itself ? mem_printf("%lld %lld", (long long)now, (long long)now + left) : mem_dup("");
    store *s = d->record.store;
    return s ? store_mark(s, d->record.run.id, STORE_MARK_DUE, due, err) : 0;
}

/* A step of the rollback stage has verified, and none was let pass with a warning: else nothing speaks for health. */
static bool proved_healthy(const driver *d)
{
    bool proved = false;
    for (size_t i = 0; i < d->pipeline->step_count; i++) {
        const pipeline_step *s = driver_step(d, i);
        const notes *n = &d->notes[i];
        if (!s->stage->rollback || s->skipped || !n->ended)
            continue;
        if (n->verdict != MACHINE_PASSED)
            return false;
        proved |= n->phase == WORKER_VERIFY;
    }
    return proved;
}

static int enter_state(driver *d, const machine_action *a, error **err)
{
    store_run *run = &d->record.run;
    const int64_t now = clock_wall_ms();
    guard_mem char *reason = state_reason(d, a);
    int r = 0;
    if (a->state == MACHINE_ROLLING_BACK && a->reason != MACHINE_BECAUSE_RESUMED)
        r = driver_set_reason(d, reason, err);
    if (r == 0 && a->state == MACHINE_PAUSED)
        r = keep_due(d, a, now, err);
    free(run->reason);
    run->reason = take(reason);
    const run_state was = run->state;
    run->state = run_state_of(a->state);
    run->ended_ms = run_state_is_end(run->state) ? now : 0;
    if (run->state == RUN_ROLLING_BACK && !run->failed_ms)
        run->failed_ms = now;
    run->healthy_ms = run->state == RUN_ROLLED_BACK && proved_healthy(d) ? now : 0;
    if (r < 0 || (r = record_update(&d->record, err)) < 0) {
        run->state = was;
        return r;
    }
    /* When nothing has executed, the decision is written for a resume; there is nothing that is rolled back. */
    const size_t *started;
    if (d->mode != DRIVER_PLAN && (run->state != RUN_ROLLING_BACK || machine_started(d->machine, &started) > 0))
        tell_state(d);
    return 0;
}

/* ---- actions ----------------------------------------------------------------------------------------------------- */

static void stop_step(const driver *d, size_t step, void (*how)(worker *))
{
    const call *c = d->notes[step].call;
    if (c && c->worker) /* else its end is in the queue already */
        how(c->worker);
}

/* Evidence must not cost the rollback: a full disk is told, and that is all. */
static void save_evidence(driver *d, size_t step)
{
    guard(error) err = NULL;
    if (step == MACHINE_NO_STEP || evidence_save(d, step, &err) == 0)
        return;
    guard_mem char *why = error_text(err);
    tell_warning(d, NULL, "the evidence of step '%s' was not saved: %s", driver_step(d, step)->id, why);
}

static void tell_stage(driver *d, size_t stage, bool begins)
{
    const char *name = d->pipeline->stages[stage].name;
    if (begins && !d->stage_ms[stage])
        d->stage_ms[stage] = clock_wall_ms();
    if (begins)
        d->stage_steady_ms[stage] = clock_steady_ms();
    guard(error) ignored = NULL; /* the lock's record is for people to read; the lock itself holds */
    if (begins && d->lock && store_lock_stage(d->lock, name, &ignored) < 0)
        error_free(take(ignored));
    json_t *event = tell_new(d, begins ? "stage.start" : "stage.end");
    json_object_set_new(event, "stage", json_string(name));
    if (!begins) {
        json_object_set_new(event, "duration_ms", json_integer(clock_steady_ms() - d->stage_steady_ms[stage]));
        json_object_set_new(event, "verdict", json_string("passed"));
    }
    tell(d, event);
}

static void tell_remark(driver *d, machine_reason reason)
{
    if (reason == MACHINE_BECAUSE_IGNORED)
        tell_note(d, "the rollback goes on; a second %s stops Belay where it stands", d->cancelled_by);
    else if (reason == MACHINE_BECAUSE_HALTED)
        tell_note(d, "stopped by a second %s: the rollback is not finished, `belay resume` goes on with it",
                  d->cancelled_by);
}

/* It wakes the machine, which may well ask to wait again. */
static void on_wake(uv_timer_t *timer);

static void wait_until(driver *d, int64_t until)
{
    const int64_t left = until - clock_steady_ms();
    uv_update_time(&d->loop); /* from which the timer counts */
    (void)uv_timer_start(&d->wake, on_wake, left > 0 ? (uint64_t)left : 0, 0);
}

static int perform(driver *d, const machine_action *a, error **err)
{
    switch (a->what) {
    case MACHINE_INTENT: return call_intend(d, a->step, (worker_phase)a->phase, a->attempt, err);
    case MACHINE_START: call_start(d, a->step); break;
    case MACHINE_RESULT: return call_conclude(d, a->step, err);
    case MACHINE_STOP: stop_step(d, a->step, worker_cancel); break;
    case MACHINE_KILL: stop_step(d, a->step, worker_kill); break;
    case MACHINE_WAIT: wait_until(d, a->until); break;
    case MACHINE_STATE: return enter_state(d, a, err);
    case MACHINE_DIAGNOSE: findings_begin(d, a->step); break;
    case MACHINE_DIAGNOSED: return findings_weigh(d, err);
    case MACHINE_EVIDENCE: save_evidence(d, a->step); break;
    case MACHINE_STEP_END: tell_step_end(d, a); break;
    case MACHINE_STAGE_START:
    case MACHINE_STAGE_END: tell_stage(d, a->step, a->what == MACHINE_STAGE_START); break;
    case MACHINE_NOTE: tell_remark(d, a->reason); break;
    case MACHINE_FINISH:
        d->finish = a->finish;
        driver_end(d);
        break;
    }
    return 0;
}

static void handle(driver *d, machine_event event)
{
    const machine_action *actions;
    if (!event.now)
        event.now = clock_steady_ms();
    const size_t n = machine_handle(d->machine, &event, &actions);
    for (size_t i = 0; i < n && !d->broken; i++) {
        guard(error) err = NULL;
        if (perform(d, &actions[i], &err) < 0)
            driver_break(d, take(err));
    }
}

static void push(driver *d, machine_event event)
{
    if (d->broken || d->ended)
        return;
    mem_reserve(&d->queue);
    d->queue.items[d->queue.count++] = event;
    if (d->performing)
        return;
    d->performing = true;
    for (size_t i = 0; i < d->queue.count; i++)
        handle(d, d->queue.items[i]);
    d->queue.count = 0;
    d->performing = false;
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

static void on_phase_ended(driver *d, size_t step)
{
    const call *c = d->notes[step].call;
    push(d, (machine_event){.kind = MACHINE_PHASE_ENDED,
                            .now = c->ended_steady_ms, /* by which its samples were judged */
                            .step = step,
                            .verdict = c->verdict});
}

static void on_cancelled(driver *d)
{
    push(d, (machine_event){.kind = MACHINE_CANCEL});
}

static void on_wake(uv_timer_t *timer)
{
    push(timer->data, (machine_event){.kind = MACHINE_TIMER});
}

/* Its files may be removed under it. */
static void keep_lock(driver *d)
{
    guard(error) err = NULL;
    bool made = false;
    const int64_t now = clock_steady_ms();
    if (!d->lock || now - d->lock_kept_ms < KEEP_LOCK_MS)
        return;
    d->lock_kept_ms = now;
    if (store_lock_keep_target(d->lock, &err) == -ERROR_LOCKED) {
        driver_break(d, take(err));
        return;
    }
    error_free(take(err));
    if (store_lock_keep(d->lock, &made, &err) < 0)
        return; /* it is tried again; the store is locked, too */
    if (made)
        tell_warning(d, NULL, "somebody removed the lock files of environment '%s'; they were made again",
                     d->pipeline->environment);
}

static void on_tick(uv_timer_t *timer)
{
    driver *d = timer->data;
    keep_lock(d);
    for (size_t i = 0; i < d->engine->sink_count; i++)
        if (d->engine->sinks[i].tick)
            d->engine->sinks[i].tick(d->engine->sinks[i].user);
}

static void on_signal(uv_signal_t *handle, int number)
{
    driver *d = handle->data;
    d->cancelled_by = number == SIGINT ? "SIGINT" : number == SIGTERM ? "SIGTERM" : "SIGHUP";
    d->on_cancel(d);
}

/* Who starts Belay by nohup wants the run to outlive the terminal. */
static bool is_ignored(int number)
{
    struct sigaction now;
    return number == SIGHUP && sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static int open_loop(driver *d, error **err)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    int r = uv_loop_init(&d->loop);
    if (r < 0)
        return error_set(err, ERROR_IO, "start the event loop: %s", uv_strerror(r));
    (void)uv_timer_init(&d->loop, &d->wake);
    (void)uv_timer_init(&d->loop, &d->tick);
    d->wake.data = d->tick.data = d;
    (void)uv_timer_start(&d->tick, on_tick, TICK_MS, TICK_MS);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        (void)uv_signal_init(&d->loop, &d->signals[i]);
        d->signals[i].data = d;
        if (is_ignored(numbers[i]))
            continue;
        if ((r = uv_signal_start(&d->signals[i], on_signal, numbers[i])) < 0)
            return error_set(err, ERROR_IO, "wait for signals: %s", uv_strerror(r));
    }
    return 0;
}

int drive_init(driver *d, const engine *e, const pipeline *p, driver_mode mode, store *s, error **err)
{
    *d = (driver){.engine = e,
                  .pipeline = p,
                  .mode = mode,
                  .secrets = redactor_new(),
                  .outline = outline_new(p),
                  .notes = mem_array(p->step_count, sizeof *d->notes),
                  .stage_ms = mem_array(p->stage_count, sizeof *d->stage_ms),
                  .stage_steady_ms = mem_array(p->stage_count, sizeof *d->stage_steady_ms),
                  .begun_ms = clock_steady_ms(),
                  .cancelled_by = "",
                  .findings.failed = MACHINE_NO_STEP,
                  .on_phase = on_phase_ended,
                  .on_cancel = on_cancelled};
    record_init(&d->record, s);
    d->outline->plan.no_wait = e->no_wait;
    int r = worker_init(err);
    return r < 0 ? r : open_loop(d, err);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Workers that were killed still come to their end; only then the loop can be closed. */
static void close_loop(driver *d)
{
    if (!d->wake.loop) /* it was never opened */
        return;
    close_handle((uv_handle_t *)&d->wake, NULL);
    close_handle((uv_handle_t *)&d->tick, NULL);
    for (size_t i = 0; i < sizeof d->signals / sizeof *d->signals; i++)
        if (d->signals[i].loop)
            close_handle((uv_handle_t *)&d->signals[i], NULL);
    while (uv_loop_close(&d->loop) == UV_EBUSY)
        (void)uv_run(&d->loop, UV_RUN_DEFAULT);
}

static void notes_done(notes *n)
{
    call_free(n->call);
    free(n->summary);
    free(n->hint);
    for (size_t i = 0; i < NOTES_LINES; i++)
        free(n->lines[i]);
    text_done(&n->measured);
    series_done(n);
}

void drive_done(driver *d)
{
    close_loop(d);
    for (size_t i = 0; d->notes && i < d->pipeline->step_count; i++)
        notes_done(&d->notes[i]);
    free(d->notes);
    free(d->stage_ms);
    free(d->stage_steady_ms);
    free(d->trial_id);
    free(d->rollback_reason);
    free(d->findings.best);
    for (size_t i = 0; i < d->findings.count; i++)
        free(d->findings.items[i].text);
    free(d->findings.items);
    free(d->queue.items);
    free(d->machine_memory);
    outline_free(d->outline);
    store_lock_free(d->lock);
    redactor_free(d->secrets);
    error_free(d->broken);
    record_done(&d->record);
}

void drive_plan(driver *d, const machine_journal *journal)
{
    d->machine_memory = mem_array(1, machine_size(&d->outline->plan));
    d->machine = machine_init(d->machine_memory, &d->outline->plan);
    if (journal)
        machine_restore(d->machine, journal);
}

/* ---- a run ------------------------------------------------------------------------------------------------------- */

void drive_loop(driver *d)
{
    while (!d->ended)
        (void)uv_run(&d->loop, UV_RUN_DEFAULT);
}

static int exit_status(const driver *d)
{
    static const int statuses[] = {[MACHINE_FINISH_COMMITTED] = EXIT_COMMITTED,
                                   [MACHINE_FINISH_REFUSED] = EXIT_REFUSED,
                                   [MACHINE_FINISH_WAITING] = EXIT_WAITING,
                                   [MACHINE_FINISH_ROLLED_BACK] = EXIT_ROLLED_BACK,
                                   [MACHINE_FINISH_PERSON] = EXIT_PERSON};
    return statuses[d->finish];
}

/* As after a crash: what is written holds, and resume goes on from there. */
static void tell_broken(driver *d)
{
    guard_mem char *why = error_text(d->broken);
    tell_warning(d, error_get_hint(d->broken), "the run stopped where it stood, for it could not be recorded: %s", why);
}

int drive_run(driver *d)
{
    push(d, (machine_event){.kind = MACHINE_BEGIN});
    drive_loop(d);
    if (d->broken)
        tell_broken(d);
    const int status = d->broken ? EXIT_PERSON : exit_status(d);
    if (d->mode == DRIVER_PLAN && !d->broken)
        tell_unplanned(d);
    tell_end(d, status);
    return status;
}
