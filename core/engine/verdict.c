#include "engine/verdict.h"

#include <string.h>

static const char *const words[] = {
    [MACHINE_PASSED] = "passed",
    [MACHINE_NOT_YET] = "not yet",
    [MACHINE_FAILED] = "failed",
    [MACHINE_RETRY] = "error",
    [MACHINE_ERROR] = "error",
    [MACHINE_UNKNOWN] = "error",
    [MACHINE_INCONCLUSIVE] = "inconclusive",
};

const char *verdict_word(machine_verdict verdict)
{
    return words[verdict];
}

machine_verdict verdict_of_error(belay_status status, bool returned, bool started)
{
    if (!returned)
        return started ? MACHINE_UNKNOWN : MACHINE_ERROR;
    return status == BELAY_E_RETRY ? MACHINE_RETRY : MACHINE_ERROR;
}

machine_verdict verdict_recorded(const store_phase *p)
{
    static const machine_verdict plain[] = {MACHINE_PASSED, MACHINE_NOT_YET, MACHINE_FAILED, MACHINE_INCONCLUSIVE};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(p->verdict, words[plain[i]]) == 0)
            return plain[i];
    return verdict_of_error(p->status, strcmp(p->end, worker_end_name(WORKER_END_RETURNED)) == 0,
                            strcmp(p->end, worker_end_name(WORKER_END_START)) != 0);
}
