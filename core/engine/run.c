/* engine_run: a new run, from preflight to its end. */
#include <stdlib.h>

#include "base/clock.h"
#include "engine/drive.h"
#include "engine/lock.h"
#include "engine/previous.h"
#include "engine/reason.h"
#include "engine/requirement.h"
#include "engine/tell.h"

/* A run that was left half-way has the environment; only its own end gives it back. */
static int refuse_unfinished(const engine *e, const char *environment, error **err)
{
    store_run left = {0};
    int r = store_run_unfinished(e->store, environment, &left, err);
    if (r == 0 && left.id) {
        guard_mem char *resume = reason_command(e->store, "resume", left.id, "");
        guard_mem char *rollback = reason_command(e->store, "rollback", left.id, "");
        (void)error_set(err, ERROR_REFUSED, "run %s of %s has not ended: it is %s%s%s", left.id, environment,
                        run_state_name(left.state), *left.reason ? ", because " : "", left.reason);
        r = error_hint(err, "go on with it: `%s`, or take it back: `%s`", resume, rollback);
    }
    store_run_done(&left);
    return r;
}

static bool take_newest(void *user, const store_run *r)
{
    char **id = user;
    *id = r->state == RUN_NEEDS_PERSON ? mem_dup(r->id) : NULL;
    return false;
}

/* A person may have mended by hand what Belay could not: so this is told, and does not hinder. */
static int warn_of_half_done(driver *d, error **err)
{
    guard_mem char *id = NULL;
    const char *environment = d->pipeline->environment;
    int r = store_runs(d->record.store, environment, 1, take_newest, &id, err);
    if (r == 0 && id) {
        guard_mem char *show = reason_command(d->record.store, "show", id, "");
        tell_warning(d, show, "the run before this one, %s, could not be rolled back and needs a person", id);
    }
    return r;
}

static int drive(driver *d, const pipeline *p, const char *const *sets, int *ret_exit, error **err)
{
    guard_mem char *stands_on = NULL;
    int r = refuse_unfinished(d->engine, p->environment, err);
    if (r < 0 || (r = requirement_check(d->record.store, p, NULL, clock_wall_ms(), &stands_on, err)) < 0 ||
        (r = warn_of_half_done(d, err)) < 0 || (r = previous_check(d, d->record.store, err)) < 0)
        return r;
    record_describe(&d->record, p, sets);
    if ((r = record_begin(&d->record, p, err)) < 0 || (r = store_lock_run(d->lock, d->record.run.id, err)) < 0)
        return r;
    tell_start(d);
    if (stands_on)
        tell_note(d, "%s was signed off on %s by run %s", p->version, p->required_environment, stands_on);
    drive_plan(d, NULL);
    *ret_exit = drive_run(d);
    return 0;
}

int engine_run(const engine *e, const catalog *c, const pipeline *p, const char *const *sets, int *ret_exit,
               error **err)
{
    (void)c;
    driver d;
    int r = drive_init(&d, e, p, DRIVER_RUN, e->store, err);
    if (r == 0 && (r = lock_environment(e, p->environment, NULL, &d.lock, err)) == 0 &&
        (r = lock_target(e, p, d.lock, err)) == 0)
        r = drive(&d, p, sets, ret_exit, err);
    drive_done(&d);
    return r;
}
