/* engine_plan and engine_try: nothing is recorded. */
#include <belay/plugin.h>

#include "base/clock.h"
#include "engine/drive.h"
#include "engine/tell.h"

/* Plugins name by the run what they make and later undo: two trials that share a name would undo each other. */
static int name_trial(driver *d, error **err)
{
    guard_mem char *id = NULL;
    int r = store_run_new_id(clock_wall_ms(), &id, err);
    if (r == 0)
        d->trial_id = mem_printf("try-%s", id);
    return r;
}

/* What the step of a file would have from the run: outputs, times, and what earlier runs measured. */
static int pretend(driver *d, const engine_trial *trial, error **err)
{
    record *r = &d->record;
    const char *step, *name;
    json_t *outputs, *value;
    json_object_foreach(d->pipeline->given, step, outputs) {
        json_object_foreach(outputs, name, value) {
            int result = record_output(r, step, name, json_string_value(value), false, err);
            if (result < 0)
                return result;
        }
    }
    r->past = d->engine->store;
    r->run.started_ms -= trial->since_ms;
    for (size_t i = 0; trial->since_ms && i < d->pipeline->stage_count; i++)
        d->stage_ms[i] = r->run.started_ms;
    for (size_t i = 0; i < d->pipeline->step_count; i++) /* there is no run to pause */
        d->outline->steps[i].on_failure = d->outline->steps[i].on_error = d->outline->steps[i].on_inconclusive =
            MACHINE_DO_ROLLBACK;
    if (d->pipeline->steps[0].kind->flags & BELAY_S_WAITS) /* nobody can decide on it */
        d->outline->plan.no_wait = true;
    return name_trial(d, err);
}

static int drive(const engine *e, const pipeline *p, driver_mode mode, const engine_trial *trial, int *ret_exit,
                 error **err)
{
    driver d;
    int r = drive_init(&d, e, p, mode, NULL, err);
    if (r == 0) {
        d.outline->plan.prepare_only = mode == DRIVER_PLAN;
        d.outline->plan.undo_at_end = trial && trial->undo;
        record_describe(&d.record, p, NULL);
        r = trial ? pretend(&d, trial, err) : 0;
    }
    if (r == 0) {
        tell_start(&d);
        drive_plan(&d, NULL);
        *ret_exit = drive_run(&d);
    }
    drive_done(&d);
    return r;
}

int engine_plan(const engine *e, const catalog *c, const pipeline *p, int *ret_exit, error **err)
{
    (void)c;
    return drive(e, p, DRIVER_PLAN, NULL, ret_exit, err);
}

int engine_try(const engine *e, const catalog *c, const pipeline *p, const engine_trial *trial, int *ret_exit,
               error **err)
{
    (void)c;
    return drive(e, p, DRIVER_TRY, trial, ret_exit, err);
}
