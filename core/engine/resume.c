/* engine_resume and engine_rollback: a recorded run is taken up again. */
#include <stdlib.h>
#include <string.h>

#include "approval/audit.h"
#include "approval/plan.h"
#include "base/clock.h"
#include "engine/drive.h"
#include "engine/journal.h"
#include "engine/lock.h"
#include "engine/series.h"
#include "engine/tell.h"

/* ---- which run --------------------------------------------------------------------------------------------------- */

/* The newest run that counts in each environment; there must be one environment only. */
typedef struct search {
    bool committed_too;
    json_t *seen; /* environments */
    char *id;
    int found;
    char *older; /* the newest committed one behind a newest that does not count */
} search;

static bool look_at(void *user, const store_run *r)
{
    search *s = user;
    const bool behind = json_object_get(s->seen, r->environment), can = r->state == RUN_COMMITTED && !r->discarded;
    if (behind && can && !s->older)
        s->older = mem_dup(r->id);
    if (r->state == RUN_REFUSED || behind)
        return true;
    json_object_set_new(s->seen, r->environment, json_true());
    if (!run_state_is_open(r->state) && !(s->committed_too && can))
        return true;
    if (s->found++ == 0)
        s->id = mem_dup(r->id);
    return true;
}

static int find_run(const engine *e, bool committed_too, const char *verb, char **ret_id, error **err)
{
    search s = {.committed_too = committed_too, .seen = json_object()};
    int r = store_runs(e->store, NULL, INT32_MAX, look_at, &s, err);
    json_decref(s.seen);
    guard_mem char *id = s.id, *older = s.older;
    if (r < 0)
        return r;
    if (s.found == 0) {
        (void)error_set(err, ERROR_NOT_FOUND, "there is no run to %s, among the newest of each environment", verb);
        return committed_too && older ? error_hint(err, "an older one must be named: `belay rollback %s`", older)
                                      : error_hint(err, "an older one must be named: `belay history` lists them");
    }
    if (s.found > 1) {
        (void)error_set(err, ERROR_USAGE, "there are runs to %s in %d environments", verb, s.found);
        return error_hint(err, "name one: `belay history` lists them");
    }
    *ret_id = take(id);
    return 0;
}

typedef struct later {
    const char *id;
    char *found;
} later;

static bool look_for_later(void *user, const store_run *r)
{
    later *l = user;
    if (strcmp(r->id, l->id) == 0)
        return false;
    if (r->state == RUN_COMMITTED || run_state_is_open(r->state))
        l->found = mem_dup(r->id);
    return !l->found; /* the newest: nothing stands on it */
}

/* What came after stands on this run. */
static int refuse_when_overtaken(const engine *e, const store_run *run, error **err)
{
    later l = {.id = run->id};
    int r = store_runs(e->store, run->environment, INT32_MAX, look_for_later, &l, err);
    guard_mem char *found = l.found;
    if (r < 0 || !found)
        return r;
    (void)error_set(err, ERROR_REFUSED, "run %s came after run %s in %s, and stands on it", found, run->id,
                    run->environment);
    return error_hint(err, "take run %s back first: `belay rollback %s`", found, found);
}

static int check_state(const store_run *run, bool rollback, error **err)
{
    if (run_state_is_open(run->state) || (rollback && run->state == RUN_COMMITTED && !run->discarded))
        return 0;
    if (run->state == RUN_COMMITTED && run->discarded)
        return error_set(err, ERROR_REFUSED, "what a rollback of run %s needs was discarded", run->id);
    (void)error_set(err, ERROR_REFUSED, "run %s has ended: it is %s", run->id, run_state_name(run->state));
    return run->state == RUN_COMMITTED ? error_hint(err, "take it back with `belay rollback %s`", run->id)
                                       : -(int)error_get_code(*err);
}

static int confirm(const engine *e, const store_run *run, error **err)
{
    if (run->state != RUN_COMMITTED || !e->confirm || e->confirm(run))
        return 0;
    (void)error_set(err, ERROR_REFUSED, "run %s was not rolled back: the answer was not yes", run->id);
    return error_hint(err, "`belay rollback --yes %s` does not ask", run->id);
}

/* ---- going on ---------------------------------------------------------------------------------------------------- */

static bool take_mark(void *user, const char *key, const char *value)
{
    driver *d = user;
    if (strcmp(key, "rolled back because") != 0)
        return true;
    d->rollback_reason = mem_dup(value);
    return false;
}

static machine_state machine_state_of(run_state state)
{
    static const machine_state same[] = {
        [RUN_RUNNING] = MACHINE_RUNNING,           [RUN_PAUSED] = MACHINE_PAUSED,
        [RUN_ROLLING_BACK] = MACHINE_ROLLING_BACK, [RUN_COMMITTED] = MACHINE_COMMITTED,
        [RUN_ROLLED_BACK] = MACHINE_ROLLED_BACK,   [RUN_NEEDS_PERSON] = MACHINE_NEEDS_PERSON,
        [RUN_REFUSED] = MACHINE_REFUSED,
    };
    return same[state];
}

static int restore(driver *d, bool rollback, engine_assume assume, error **err)
{
    static const machine_assume same[] = {[ASSUME_NOTHING] = MACHINE_ASSUME_NOTHING,
                                          [ASSUME_DONE] = MACHINE_ASSUME_DONE,
                                          [ASSUME_NOT_DONE] = MACHINE_ASSUME_NOT_DONE};
    guard_mem machine_row *rows = NULL;
    size_t count = 0;
    int r = journal_read(d, &rows, &count, err);
    if (r < 0 || (r = series_load(d, err)) < 0 ||
        (r = store_marks(d->record.store, d->record.run.id, take_mark, d, err)) < 0)
        return r;
    const run_state at = d->record.run.state;
    const bool rolling_back = at == RUN_ROLLING_BACK || at == RUN_NEEDS_PERSON; /* goes on, for its first reason */
    const machine_journal journal = {.rows = rows,
                                     .row_count = count,
                                     .state = machine_state_of(at),
                                     .rollback = rollback && !rolling_back,
                                     .assume = same[assume]};
    drive_plan(d, &journal);
    const size_t *started;
    if (at == RUN_COMMITTED && machine_started(d->machine, &started) == 0)
        return error_set(err, ERROR_REFUSED, "run %s changed nothing: there is nothing to take back", d->record.run.id);
    return 0;
}

static int drive(driver *d, store_run *run, bool rollback, engine_assume assume, int *ret_exit, error **err)
{
    store_run_done(&d->record.run);
    d->record.run = *run;
    *run = (store_run){0};
    d->resumed = run_state_is_open(d->record.run.state);
    int r = restore(d, rollback, assume, err);
    if (r < 0)
        return r;
    if (d->record.run.state == RUN_COMMITTED) /* from here the way back is measured anew */
        d->record.run.failed_ms = 0;
    tell_start(d);
    *ret_exit = drive_run(d);
    return 0;
}

/* ---- a run that changed nothing ---------------------------------------------------------------------------------- */

static bool note_execute(void *user, const store_phase *p)
{
    bool *executed = user;
    *executed = strcmp(p->phase, worker_phase_name(WORKER_EXECUTE)) == 0;
    return !*executed;
}

static bool note_step(void *user, const store_step *step)
{
    (void)step;
    *(bool *)user = true;
    return false;
}

/* True when there is nothing to take back, or when the process ended before it had written what the run is made of.
 * Such a run ends at once, and needs neither its pipeline nor its plugins for that. */
static int changed_nothing(const engine *e, const store_run *run, bool rollback, bool *ret, error **err)
{
    bool executed = false, described = false;
    int r = store_phases(e->store, run->id, NULL, note_execute, &executed, err);
    if (r == 0)
        r = store_steps(e->store, run->id, note_step, &described, err);
    *ret = run_state_is_open(run->state) && !executed && (rollback || !described);
    return r;
}

static int end_untouched(const engine *e, store_run *run, int *ret_exit, error **err)
{
    static const pipeline nothing = {0};
    driver d;
    int r = drive_init(&d, e, &nothing, DRIVER_ROLLBACK, e->store, err);
    if (r == 0) {
        store_run_done(&d.record.run);
        d.record.run = *run;
        *run = (store_run){0};
        d.record.run.state = RUN_REFUSED;
        d.record.run.ended_ms = clock_wall_ms();
        free(d.record.run.reason);
        d.record.run.reason = mem_dup("it was ended before it had changed anything");
        r = record_update(&d.record, err);
    }
    if (r == 0) {
        tell_state(&d);
        tell_end(&d, *ret_exit = EXIT_REFUSED);
    }
    drive_done(&d);
    return r;
}

/* ---- taking up --------------------------------------------------------------------------------------------------- */

static int take_up_recorded(const engine *e, store_run *run, store_lock **lock, bool rollback, engine_assume assume,
                            int *ret_exit, error **err)
{
    recorded recorded = {0};
    int r = recorded_open(e->store, run, &recorded, err);
    if (r < 0)
        return r;
    driver d;
    r = drive_init(&d, e, recorded.pipeline, rollback ? DRIVER_ROLLBACK : DRIVER_RUN, e->store, err);
    d.lock = take(*lock);
    if (r == 0)
        r = lock_target(e, recorded.pipeline, d.lock, err);
    if (r == 0)
        r = drive(&d, run, rollback, assume, ret_exit, err);
    drive_done(&d);
    recorded_done(&recorded);
    return r;
}

static void tell_changed(const engine *e, const error *why)
{
    guard_mem char *text = error_text(why);
    json_t *event = event_new(NULL, "note");
    json_object_set_new(event, "text", json_sprintf("the rollback goes on all the same: %s", text));
    for (size_t i = 0; i < e->sink_count; i++)
        e->sinks[i].event(e->sinks[i].user, event);
    json_decref(event);
}

static bool look_for_plan(void *user, const store_link *l)
{
    bool *found = user;
    *found = strcmp(l->kind, STORE_CHAIN_PLAN) == 0;
    return !*found;
}

/* What an older version began gets its plan from here on; what it did before stands unsigned. */
static int adopt(const engine *e, const store_run *run, error **err)
{
    bool found = false;
    int r = store_chain(e->store, run->id, look_for_plan, &found, err);
    return r == 0 && !found ? plan_record(e->store, run, true, err) : r;
}

/* A record that was changed is not gone on with. A rollback is: it is the last thing to be refused, and leads away from
 * what was changed. */
static int check_record(const engine *e, const store_run *run, bool rollback, error **err)
{
    int r = audit_check(e->store, run, err);
    if (r == -ERROR_REFUSED && rollback) {
        tell_changed(e, *err);
        error_free(take(*err));
        return 0;
    }
    return r == 0 ? adopt(e, run, err) : r;
}

/* run is what was asked for; it is read again under the lock. */
static int take_up(const engine *e, const char *id, bool rollback, engine_assume assume, int *ret_exit, error **err)
{
    store_run run = {0};
    store_lock *lock = NULL;
    bool untouched = false;
    int r = store_run_get(e->store, id, &run, err);
    if (r == 0 && (r = lock_environment(e, run.environment, run.id, &lock, err)) == 0) {
        guard_mem char *full = mem_dup(run.id);
        store_run_done(&run);
        r = store_run_get(e->store, full, &run, err);
    }
    if (r == 0 && (r = check_state(&run, rollback, err)) == 0 && (r = refuse_when_overtaken(e, &run, err)) == 0 &&
        (r = confirm(e, &run, err)) == 0)
        r = changed_nothing(e, &run, rollback, &untouched, err);
    if (r == 0 && !untouched)
        r = check_record(e, &run, rollback, err);
    if (r == 0)
        r = untouched ? end_untouched(e, &run, ret_exit, err)
                      : take_up_recorded(e, &run, &lock, rollback, assume, ret_exit, err);
    store_lock_free(lock);
    store_run_done(&run);
    return r;
}

static int take_up_named(const engine *e, const char *run, bool rollback, engine_assume assume, int *ret_exit,
                         error **err)
{
    guard_mem char *found = NULL;
    int r = run ? 0 : find_run(e, rollback, rollback ? "take back" : "resume", &found, err);
    return r < 0 ? r : take_up(e, run ? run : found, rollback, assume, ret_exit, err);
}

int engine_resume(const engine *e, const char *run, engine_assume assume, int *ret_exit, error **err)
{
    return take_up_named(e, run, false, assume, ret_exit, err);
}

int engine_rollback(const engine *e, const char *run, int *ret_exit, error **err)
{
    return take_up_named(e, run, true, ASSUME_NOTHING, ret_exit, err);
}
