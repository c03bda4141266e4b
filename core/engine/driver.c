#include "engine/driver.h"

#include <stdlib.h>

const pipeline_step *driver_step(const driver *d, size_t step)
{
    return &d->pipeline->steps[step];
}

void driver_end(driver *d)
{
    d->ended = true;
    uv_stop(&d->loop);
}

void driver_break(driver *d, error *why)
{
    if (d->broken) {
        error_free(why);
        return;
    }
    d->broken = why;
    for (size_t i = 0; i < d->pipeline->step_count; i++)
        if (d->notes[i].call && d->notes[i].call->worker)
            worker_kill(d->notes[i].call->worker);
    driver_end(d);
}

int driver_set_reason(driver *d, const char *reason, error **err)
{
    free(d->rollback_reason);
    d->rollback_reason = mem_dup(reason);
    store *s = d->record.store;
    return s ? store_mark(s, d->record.run.id, "rolled back because", reason, err) : 0;
}

int driver_keep_reason(driver *d, const char *reason, error **err)
{
    int r = driver_set_reason(d, reason, err);
    if (r < 0)
        return r;
    free(d->record.run.reason);
    d->record.run.reason = mem_dup(reason);
    return record_update(&d->record, err);
}
