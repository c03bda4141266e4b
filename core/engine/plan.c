/* engine_plan and engine_try: nothing is recorded. */
#include "engine/driver.h"

static int drive(const engine *e, const pipeline *p, driver_mode mode, bool undo, int *ret_exit, error **err)
{
    driver d;
    int r = driver_init(&d, e, p, mode, NULL, err);
    if (r == 0) {
        d.outline->plan.prepare_only = mode == DRIVER_PLAN;
        d.outline->plan.undo_at_end = undo;
        for (size_t i = 0; mode == DRIVER_TRY && i < p->step_count; i++) /* there is no run to pause */
            d.outline->steps[i].on_failure = d.outline->steps[i].on_error = d.outline->steps[i].on_inconclusive =
                MACHINE_DO_ROLLBACK;
        record_describe(&d.record, p, NULL);
        tell_start(&d);
        driver_plan(&d, NULL);
        *ret_exit = driver_run(&d);
    }
    driver_done(&d);
    return r;
}

int engine_plan(const engine *e, const catalog *c, const pipeline *p, int *ret_exit, error **err)
{
    (void)c;
    return drive(e, p, DRIVER_PLAN, false, ret_exit, err);
}

int engine_try(const engine *e, const catalog *c, const pipeline *p, bool undo, int *ret_exit, error **err)
{
    (void)c;
    return drive(e, p, DRIVER_TRY, undo, ret_exit, err);
}
