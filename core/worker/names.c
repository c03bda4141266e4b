#include <string.h>

#include "worker/worker.h"

static const char *const phases[] = {
#define X(id, word) [WORKER_##id] = word,
    WORKER_PHASES(X)
#undef X
};

static const char *const ends[] = {
#define X(id, word) [WORKER_END_##id] = word,
    WORKER_ENDS(X)
#undef X
};

const char *worker_phase_name(worker_phase phase)
{
    return phases[phase];
}

int worker_phase_parse(const char *name)
{
    for (int i = 0; i < WORKER_PHASE_COUNT; i++)
        if (strcmp(phases[i], name) == 0)
            return i;
    return -1;
}

const char *worker_end_name(worker_end end)
{
    return ends[end];
}
