/* The environment's lock, waiting for what a dead owner has left behind. */
#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "engine/driver.h"

#define LEFT_BEHIND_MS 5000
#define LOOK_MS        20

/* The lock goes with the last copy of its descriptor, and a process that was just forked has one until it becomes a
 * worker. */
static bool owner_is_dead(const store *s, const char *environment)
{
    guard(error) ignored = NULL;
    json_t *owner = NULL;
    if (store_lock_owner(s, environment, &owner, &ignored) < 0)
        return false;
    const json_int_t pid = json_integer_value(json_object_get(owner, "pid"));
    json_decref(owner);
    return !owner || (pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH);
}

int lock_environment(const store *s, const char *environment, const char *run, store_lock **ret, error **err)
{
    for (const int64_t until = clock_steady_ms() + LEFT_BEHIND_MS;;) {
        int r = store_lock_take(s, environment, run, ret, err);
        if (r != -ERROR_LOCKED || clock_steady_ms() >= until || !owner_is_dead(s, environment))
            return r;
        error_free(take(*err));
        uv_sleep(LOOK_MS);
    }
}
