/* C1: a kill at each system call, of execute and of rollback, can be taken back. */
#include <stdlib.h>

#include "conform/proof.h"

/* Where trials get more than this, each n-th call is taken; the row says so. */
#define TRIALS_MAX 2000

typedef enum manner {
    KILL_EXECUTE,       /* killed, then rolled back */
    KILL_EXECUTE_RETRY, /* killed, executed again, then rolled back */
    KILL_ROLLBACK,      /* executed, rolled back and killed, then rolled back */
    MANNERS
} manner;

/* Runs the phase up to its stop-th call; *ret_after says where that was, for people. */
static int run_killed(trial *t, worker_phase phase, long stop, char **ret_after, error **err)
{
    int r = trial_call(t, phase, &(wish){.watched = true, .stop = stop}, err);
    if (r < 0)
        return r;
    const trace_call *call = trace_find(&t->trace, stop);
    guard_mem char *shown = call ? trace_show(call) : mem_dup("its end");
    *ret_after = mem_printf("killed at call %ld of %s (%s)", stop, worker_phase_name(phase), shown);
    return 0;
}

static int try_kill(proof *p, trial *t, manner how, long stop, error **err)
{
    guard_mem char *killed = NULL, *after = NULL;
    char replay[64];
    bool good = true;
    int r = trial_begin(t, p->bench, err);
    if (r == 0 && how == KILL_ROLLBACK)
        r = proof_run(p, t, WORKER_EXECUTE, &(wish){0}, &good, err);
    if (r < 0 || !good)
        return r;
    r = run_killed(t, how == KILL_ROLLBACK ? WORKER_ROLLBACK : WORKER_EXECUTE, stop, &killed, err);
    if (r == 0 && how == KILL_EXECUTE_RETRY)
        r = trial_call(t, WORKER_EXECUTE, &(wish){0}, err);
    if (r < 0)
        return r;
    guard_mem char *end = trial_show(t);
    if (how == KILL_EXECUTE_RETRY && !trial_is_good(t))
        return proof_fails(p, "%s and executed again, it %s. Execute must survive being run again. %s", killed, end,
                           proof_replay(p, replay));
    after = how == KILL_EXECUTE_RETRY ? mem_printf("%s and executed again", killed) : mem_dup(killed);
    return proof_undo(p, t, after, err);
}

/* How many calls each phase makes when nobody kills it. */
static int count_calls(proof *p, long calls[MANNERS], error **err)
{
    guard_trial t = {0};
    bool good = false;
    int r = trial_begin(&t, p->bench, err);
    if (r == 0)
        r = proof_run(p, &t, WORKER_EXECUTE, &(wish){.watched = true}, &good, err);
    calls[KILL_EXECUTE] = calls[KILL_EXECUTE_RETRY] = t.trace.calls;
    if (r == 0 && good)
        r = proof_changed(p, &t, &good, err);
    if (r == 0 && good)
        r = proof_run(p, &t, WORKER_ROLLBACK, &(wish){.watched = true}, &good, err);
    calls[KILL_ROLLBACK] = t.trace.calls;
    return r;
}

int prove_kills(proof *p, error **err)
{
    guard_trial t = {0};
    long calls[MANNERS] = {0};
    int r = count_calls(p, calls, err);
    if (r < 0 || p->verdict != CONFORM_PROVED)
        return r;
    if (!calls[KILL_EXECUTE] || !calls[KILL_ROLLBACK])
        return proof_lacks(p, "no system call was seen: this machine does not let a process be traced");
    long all = 2 * calls[KILL_EXECUTE] + calls[KILL_ROLLBACK], each = all / TRIALS_MAX + 1, done = 0;
    for (int how = 0; how < MANNERS; how++)
        for (long stop = 1; stop <= calls[how]; stop++) {
            if (!proof_wants(p) || (stop % each && !p->only))
                continue;
            done++;
            r = try_kill(p, &t, (manner)how, stop, err);
            if (r < 0 || p->verdict != CONFORM_PROVED)
                return r;
        }
    if (!done)
        return proof_lacks(p, "there are only %ld trials", p->trials);
    text_printf(&p->what, "%ld kills at the %ld calls of execute and %ld of rollback", done, calls[KILL_EXECUTE],
                calls[KILL_ROLLBACK]);
    if (each > 1 && !p->only)
        text_printf(&p->what, ", each %ld-th of them", each);
    return 0;
}
