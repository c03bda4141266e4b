/* engine_due: is there a run that nobody waits for, and that may go on? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine.h"

typedef struct waiting {
    long long paused_ms, due_ms; /* 0: it waits for a person to act */
    bool decided;                /* somebody has, since then */
} waiting;

static bool take_mark(void *user, const char *key, const char *value)
{
    waiting *w = user;
    if (strcmp(key, STORE_MARK_DUE) == 0 && sscanf(value, "%lld %lld", &w->paused_ms, &w->due_ms) != 2)
        w->due_ms = 0;
    return true;
}

static bool look_at_decision(void *user, const store_approval *a)
{
    waiting *w = user;
    w->decided |= a->at_ms >= w->paused_ms;
    return true;
}

int engine_due(const engine *e, const char *environment, char **ret_run, error **err)
{
    store_run run = {0};
    waiting w = {0};
    *ret_run = NULL;
    int r = store_run_unfinished(e->store, environment, &run, err);
    const bool paused = r == 0 && run.id && run.state == RUN_PAUSED;
    if (paused)
        r = store_marks(e->store, run.id, take_mark, &w, err);
    if (r == 0 && w.due_ms)
        r = store_approvals(e->store, run.id, NULL, look_at_decision, &w, err);
    if (r == 0 && w.due_ms && (w.decided || clock_wall_ms() >= w.due_ms))
        *ret_run = mem_dup(run.id);
    store_run_done(&run);
    return r;
}
