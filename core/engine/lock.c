/* The environment's lock and lease: waiting for a live run to end, and for what a dead one has left behind. */
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/units.h"
#include "engine/lock.h"

/* The supervisor of a worker whose core has died kills all that it started, within 5 s. */
#define LEFT_BEHIND_MS 6000
/* What passes sooner is not worth a word. */
#define QUIET_MS     500
#define LOOK_MS      20
#define LOOK_MOST_MS 500

typedef struct patience {
    const engine *e;
    int64_t begun;
    int64_t look_ms; /* until the next look */
    bool told, waits;
    sigset_t signals, mask_before;
} patience;

static patience patience_begin(const engine *e)
{
    patience p = {.e = e, .begun = clock_steady_ms(), .look_ms = LOOK_MS};
    sigemptyset(&p.signals);
    sigaddset(&p.signals, SIGINT);
    sigaddset(&p.signals, SIGTERM);
    sigaddset(&p.signals, SIGHUP);
    return p;
}

static void patience_done(const patience *p)
{
    if (p->waits)
        (void)sigprocmask(SIG_SETMASK, &p->mask_before, NULL);
}

static void tell_waiting(patience *p, int64_t limit_ms, const error *why)
{
    char limit[UNITS_TEXT];
    guard_mem char *text = error_text(why);
    json_t *event = event_new(NULL, "note");
    json_object_set_new(event, "text",
                        json_sprintf("waiting, at most %s: %s", units_show_duration(limit_ms, limit), text));
    for (size_t i = 0; i < p->e->sink_count; i++)
        p->e->sinks[i].event(p->e->sinks[i].user, event);
    json_decref(event);
    p->told = true;
}

static void tick(const patience *p)
{
    for (size_t i = 0; i < p->e->sink_count; i++)
        if (p->e->sinks[i].tick)
            p->e->sinks[i].tick(p->e->sinks[i].user);
}

/* 0: look again; *err is freed then. Else the time is over, or a person stops it: nothing was begun that would have to
 * be taken back. */
static int wait_for_it(patience *p, int64_t limit_ms, error **err)
{
    const int64_t waited = clock_steady_ms() - p->begun;
    if (waited >= limit_ms)
        return -(int)error_get_code(*err);
    if (!p->told && waited >= QUIET_MS)
        tell_waiting(p, limit_ms, *err);
    tick(p);
    error_free(take(*err));
    if (!p->waits)
        (void)sigprocmask(SIG_BLOCK, &p->signals, &p->mask_before);
    p->waits = true;
    const int64_t left = limit_ms - waited, look = left < p->look_ms ? left : p->look_ms;
    const struct timespec pause = {.tv_nsec = look * 1000000};
    if (sigtimedwait(&p->signals, NULL, &pause) > 0)
        return error_set(err, ERROR_REFUSED, "it was stopped while it waited for the environment; nothing was begun");
    p->look_ms = 2 * p->look_ms < LOOK_MOST_MS ? 2 * p->look_ms : LOOK_MOST_MS;
    return 0;
}

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
    return !owner || (pid > 0 && process_has_ended((pid_t)pid));
}

static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int take_lock(patience *p, const char *environment, const char *run, store_lock **ret, error **err)
{
    for (;;) {
        int r = store_lock_take(p->e->store, environment, run, ret, err);
        if (r != -ERROR_LOCKED)
            return r;
        const bool dead = owner_is_dead(p->e->store, environment);
        if ((r = wait_for_it(p, at_least(p->e->wait_ms, dead ? LEFT_BEHIND_MS : 0), err)) < 0)
            return r;
    }
}

/* Others see that this one holds the environment, and what it waits for. */
static int take_lease(patience *p, store_lock *lock, error **err)
{
    bool staged = false;
    const int64_t limit = clock_steady_ms() - p->begun + at_least(p->e->wait_ms, LEFT_BEHIND_MS);
    for (;;) {
        int r = store_lock_lease(lock, err);
        if (r == 0 && staged)
            r = store_lock_stage(lock, "", err);
        if (r != -ERROR_LOCKED)
            return r;
        if ((r = wait_for_it(p, limit, err)) < 0)
            return r;
        if (!staged && (r = store_lock_stage(lock, "waiting for what a dead run left running", err)) < 0)
            return r;
        staged = true;
    }
}

int lock_environment(const engine *e, const char *environment, const char *run, store_lock **ret, error **err)
{
    patience p = patience_begin(e);
    guard(store_lock) lock = NULL;
    int r = take_lock(&p, environment, run, &lock, err);
    if (r == 0)
        r = take_lease(&p, lock, err);
    patience_done(&p);
    if (r < 0)
        return r;
    *ret = take(lock);
    return 0;
}

int lock_target(const engine *e, const pipeline *p, store_lock *lock, error **err)
{
    patience waiting = patience_begin(e);
    int r = p->lock ? store_lock_target(lock, p->lock, err) : 0;
    while (r == -ERROR_LOCKED && (r = wait_for_it(&waiting, e->wait_ms, err)) == 0)
        r = store_lock_target(lock, p->lock, err);
    patience_done(&waiting);
    return r;
}
