#include "engine/previous.h"

#include <string.h>

#include "engine/tell.h"

int previous_check(driver *d, store *s, error **err)
{
    const char *previous = d->pipeline->previous, *environment = d->pipeline->environment;
    guard_mem char *live = NULL, *run = NULL;
    int r = s && previous && *previous ? store_live(s, environment, &live, &run, err) : 0;
    if (r == 0 && live && strcmp(live, previous) != 0) {
        guard_mem char *hint = mem_printf("previous = \"%s\"; or --set pipeline.previous=%s", live, live);
        tell_warning(d, hint,
                     "pipeline.previous is %s, but run %s left %s live on %s: a rollback would report %s as back",
                     previous, run, live, environment, previous);
    }
    return r;
}
