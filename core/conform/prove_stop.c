/* T1, T2 and R1: it stops when it is asked to, leaves nobody behind and gives back what it took. */
#include <stdlib.h>

#include "conform/proof.h"

#define SHORT_MS 100

/* Runs the phases up to the index-th, that one as `how` says. */
static int run_up_to(proof *p, trial *t, const worker_phase *phases, size_t index, const wish *how, error **err)
{
    int r = trial_begin(t, p->bench, err);
    bool good = true;
    for (size_t i = 0; r == 0 && good && i < index; i++)
        r = proof_run(p, t, phases[i], &(wish){0}, &good, err);
    return r == 0 && good ? trial_call(t, phases[index], how, err) : r;
}

/* Also one that was cancelled, or failed, is to leave nobody. */
static int check_strays(proof *p, const trial *t, worker_phase phase)
{
    char replay[64];
    return t->stray
               ? proof_fails(p, "%s returned, but left %s running. End what you start, or run it by host->run(). %s",
                             worker_phase_name(phase), t->stray, proof_replay(p, replay))
               : 0;
}

static int cancel_at(proof *p, trial *t, const worker_phase *phases, size_t index, int ms, long *reached, error **err)
{
    char replay[64];
    int r = run_up_to(p, t, phases, index, &(wish){.cancel_ms = ms}, err);
    if (r < 0 || p->verdict != CONFORM_PROVED)
        return r;
    *reached += t->cancelled;
    if (t->end == WORKER_END_KILLED)
        return proof_fails(p,
                           "%s does not stop within 5 s of being cancelled. Ask cancelled(), wait with nap(), poll "
                           "cancel_fd(). %s",
                           worker_phase_name(phases[index]), proof_replay(p, replay));
    if (t->end != WORKER_END_RETURNED && t->end != WORKER_END_STRAY) {
        guard_mem char *end = trial_show(t);
        return proof_fails(p, "%s, cancelled, %s. Return BELAY_E_CANCELLED instead. %s",
                           worker_phase_name(phases[index]), end, proof_replay(p, replay));
    }
    (void)check_strays(p, t, phases[index]);
    if (p->verdict != CONFORM_PROVED)
        return 0;
    guard_mem char *after = mem_printf("after %s was cancelled", worker_phase_name(phases[index]));
    return proof_undo_if_it_can(p, t, after, err);
}

int prove_cancel(proof *p, error **err)
{
    static const int times[] = {CANCEL_AT_ONCE, 1, 5, 20, 100, 400};
    guard_trial t = {0};
    worker_phase phases[4];
    const size_t count = proof_phases(p->bench->kind, phases), each = sizeof times / sizeof *times;
    const long all = (long)(count * each), step = p->kills && p->kills < all ? all / p->kills + 1 : 1;
    long reached = 0, done = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < each; at++) {
            bool wanted = proof_wants(p);
            if (!wanted || (!p->only && (p->trials - 1) % step != 0)) /* the first is always one of them */
                continue;
            done++;
            int r = cancel_at(p, &t, phases, i, times[at], &reached, err);
            if (r < 0 || p->verdict != CONFORM_PROVED)
                return r;
        }
    if (done && !reached)
        return proof_lacks(p, "it ended before each of the %ld cancellations", done);
    text_printf(&p->what, "%ld cancellations, %ld before its end%s", done, reached, step > 1 ? ": a sample" : "");
    return 0;
}

int prove_leaves_nobody(proof *p, error **err)
{
    guard_trial t = {0};
    worker_phase phases[4];
    size_t count = proof_phases(p->bench->kind, phases);
    for (size_t i = 0; i < count; i++)
        for (int in_time = 1; in_time >= 0; in_time--) {
            if (!proof_wants(p))
                continue;
            int r = run_up_to(p, &t, phases, i, &(wish){.timeout_ms = in_time ? 0 : SHORT_MS}, err);
            if (r < 0 || p->verdict != CONFORM_PROVED)
                return r;
            (void)check_strays(p, &t, phases[i]);
            if (p->verdict == CONFORM_PROVED)
                r = proof_undo_if_it_can(p, &t, in_time ? "at its end" : "after its time ran out", err);
            if (r < 0 || p->verdict != CONFORM_PROVED)
                return r;
        }
    return 0;
}

int prove_gives_back(proof *p, error **err)
{
    guard_trial t = {0};
    worker_phase phases[4];
    size_t count = proof_phases(p->bench->kind, phases);
    for (size_t i = 0; i < count; i++) {
        int r = run_up_to(p, &t, phases, i, &(wish){.watched = true}, err);
        if (r < 0 || p->verdict != CONFORM_PROVED)
            return r;
        const char *phase = worker_phase_name(phases[i]);
        if (t.trace.refused)
            return proof_untraced(p);
        if (!t.trace.returned)
            return proof_lacks(p, "%s did not return", phase);
        int left = t.trace.descriptors_after - t.trace.descriptors_before;
        if (left > 0)
            return proof_fails(p, "%s leaves %d %s open. Close what you open", phase, left,
                               left == 1 ? "file or socket" : "files or sockets");
        if (t.trace.tasks > 1)
            return proof_fails(p, "%s returns with %d threads running. Join them first", phase, t.trace.tasks - 1);
    }
    return 0;
}
