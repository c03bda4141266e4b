/* engine_discard: of runs that have ended and are no longer the way back, lets go of what rollback kept. */
#include <stdlib.h>
#include <string.h>

#include "engine/call.h"
#include "engine/drive.h"
#include "engine/journal.h"
#include "engine/lock.h"
#include "engine/tell.h"

/* ---- which runs -------------------------------------------------------------------------------------------------- */

typedef struct candidates {
    int keep;
    json_t *committed; /* environment -> how many newer runs committed */
    struct {
        char **items;
        size_t count, room;
    } ids;
} candidates;

/* Newest first. A run that was taken back counts as old once `keep` newer ones have committed: until then a person may
 * want to look at what it set aside. */
static bool consider(void *user, const store_run *r)
{
    candidates *c = user;
    const json_int_t newer = json_integer_value(json_object_get(c->committed, r->environment));
    if (r->state == RUN_COMMITTED)
        json_object_set_new(c->committed, r->environment, json_integer(newer + 1));
    if (newer < c->keep || r->discarded || (r->state != RUN_COMMITTED && r->state != RUN_ROLLED_BACK))
        return true;
    mem_reserve(&c->ids);
    c->ids.items[c->ids.count++] = mem_dup(r->id);
    return true;
}

static void candidates_done(candidates *c)
{
    for (size_t i = 0; i < c->ids.count; i++)
        free(c->ids.items[i]);
    free(c->ids.items);
    json_decref(c->committed);
}

/* ---- one run ----------------------------------------------------------------------------------------------------- */

static void on_phase_ended(driver *d, size_t step)
{
    (void)step;
    d->ended = true;
    uv_stop(&d->loop);
}

static void on_cancelled(driver *d)
{
    for (size_t i = 0; i < d->pipeline->step_count; i++)
        if (d->notes[i].call && d->notes[i].call->worker)
            worker_cancel(d->notes[i].call->worker);
}

static int discard_step(driver *d, size_t step, bool *all_good, error **err)
{
    const pipeline_step *s = driver_step(d, step);
    if (!s->kind->has_discard)
        return 0;
    d->ended = false;
    int r = call_intend(d, step, WORKER_DISCARD, 1, err);
    if (r < 0)
        return r;
    call_start(d, step);
    drive_loop(d);
    if (d->broken) {
        *err = take(d->broken);
        return -(int)error_get_code(*err);
    }
    const machine_verdict verdict = d->notes[step].call->verdict;
    if ((r = call_conclude(d, step, err)) < 0)
        return r;
    if (verdict != MACHINE_PASSED) {
        tell_warning(d, NULL, "step '%s' could not delete its rollback data: %s", s->id, d->notes[step].summary);
        *all_good = false;
    }
    return 0;
}

/* The steps of the rollback stage that acted, last first: nothing undoes them, but they may have kept something. */
static int discard_rollback_stage(driver *d, const machine_row *rows, size_t count, bool *all_good, error **err)
{
    const size_t *started;
    const size_t n = machine_started(d->machine, &started);
    int r = 0;
    for (size_t step = d->pipeline->step_count; step-- > 0 && r == 0 && !*d->cancelled_by;) {
        bool acted = false, main = false;
        for (size_t i = 0; i < count; i++)
            acted |= rows[i].step == step && rows[i].phase == MACHINE_EXECUTE;
        for (size_t i = 0; i < n; i++)
            main |= started[i] == step;
        if (acted && !main)
            r = discard_step(d, step, all_good, err);
    }
    return r;
}

/* In reverse order of start, as a rollback goes. */
static int discard_steps(driver *d, bool *ret_good, error **err)
{
    guard_mem machine_row *rows = NULL;
    size_t count = 0;
    int r = journal_read(d, &rows, &count, err);
    if (r < 0)
        return r;
    const machine_journal journal = {.rows = rows, .row_count = count, .state = MACHINE_COMMITTED, .rollback = true};
    drive_plan(d, &journal); /* only for the order */
    const size_t *started;
    const size_t n = machine_started(d->machine, &started);
    *ret_good = true;
    r = discard_rollback_stage(d, rows, count, ret_good, err);
    for (size_t i = n; i-- > 0 && r == 0 && !*d->cancelled_by;)
        r = discard_step(d, started[i], ret_good, err);
    if (r < 0)
        return r;
    *ret_good = *ret_good && !*d->cancelled_by;
    return 0;
}

static int drive(driver *d, store_run *run, bool *ret_good, error **err)
{
    d->on_phase = on_phase_ended;
    d->on_cancel = on_cancelled;
    store_run_done(&d->record.run);
    d->record.run = *run;
    *run = (store_run){0};
    tell_start(d);
    int r = discard_steps(d, ret_good, err);
    if (r < 0)
        return r;
    d->record.run.discarded = *ret_good;
    r = record_update(&d->record, err);
    if (r == 0)
        tell_discarded(d, *ret_good);
    return r;
}

static bool has(const candidates *c, const char *id)
{
    for (size_t i = 0; i < c->ids.count; i++)
        if (strcmp(c->ids.items[i], id) == 0)
            return true;
    return false;
}

/* What was true before the lock was waited for need not be true under it: whoever had it may have rolled the run back,
 * or committed one. ret->id is NULL when the run may no longer be discarded. */
static int lock_candidate(const engine *e, const char *id, int keep, store_run *ret, store_lock **ret_lock, error **err)
{
    __attribute__((cleanup(candidates_done))) candidates c = {.keep = keep, .committed = json_object()};
    store_run run = {0};
    int r = store_run_get(e->store, id, &run, err);
    if (r == 0)
        r = lock_environment(e, run.environment, id, ret_lock, err);
    if (r == 0)
        r = store_runs(e->store, run.environment, INT32_MAX, consider, &c, err);
    store_run_done(&run);
    return r == 0 && has(&c, id) ? store_run_get(e->store, id, ret, err) : r;
}

static int discard_run(const engine *e, const char *id, int keep, bool *ret_good, error **err)
{
    store_run run = {0};
    recorded recorded = {0};
    store_lock *lock = NULL;
    int r = lock_candidate(e, id, keep, &run, &lock, err);
    *ret_good = true;
    if (r == 0 && run.id)
        r = recorded_open(e->store, &run, &recorded, err);
    if (r == 0 && run.id) {
        driver d;
        r = drive_init(&d, e, recorded.pipeline, DRIVER_DISCARD, e->store, err);
        d.lock = take(lock);
        if (r == 0)
            r = lock_target(e, recorded.pipeline, d.lock, err);
        if (r == 0)
            r = drive(&d, &run, ret_good, err);
        drive_done(&d);
    }
    store_lock_free(lock);
    recorded_done(&recorded);
    store_run_done(&run);
    return r;
}

int engine_discard(const engine *e, const char *environment, int keep, int *ret_exit, error **err)
{
    __attribute__((cleanup(candidates_done))) candidates c = {.keep = keep, .committed = json_object()};
    int r = store_runs(e->store, environment, INT32_MAX, consider, &c, err);
    bool all_good = true;
    for (size_t i = c.ids.count; r == 0 && i-- > 0;) { /* oldest first */
        bool good = false;
        r = discard_run(e, c.ids.items[i], keep, &good, err);
        all_good = all_good && good;
    }
    if (r < 0)
        return error_wrap(err, "discard");
    *ret_exit = all_good ? EXIT_COMMITTED : EXIT_PERSON;
    return 0;
}
