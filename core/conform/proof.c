#include "conform/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool proof_wants(proof *p)
{
    return ++p->trials == p->only || !p->only;
}

PRINTF(3, 0) static int conclude(proof *p, conform_verdict verdict, const char *fmt, va_list ap)
{
    guard_mem char *sentence = mem_vprintf(fmt, ap);
    text_done(&p->what);
    text_puts(&p->what, sentence);
    p->verdict = verdict;
    return 0;
}

int proof_fails(proof *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = conclude(p, CONFORM_FAILED, fmt, ap);
    va_end(ap);
    return r;
}

int proof_lacks(proof *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = conclude(p, CONFORM_NOT_PROVED, fmt, ap);
    va_end(ap);
    return r;
}

int proof_untraced(proof *p)
{
    return proof_lacks(p, "this machine does not let a process be traced: a container, or kernel.yama.ptrace_scope, "
                          "may forbid ptrace()");
}

const char *proof_replay(const proof *p, char buf[64])
{
    int n = snprintf(buf, 64, "Replay: --only %s", p->id);
    if (p->trials)
        snprintf(buf + n, 64 - (size_t)n, "#%ld", p->trials);
    return buf;
}

int proof_run(proof *p, trial *t, worker_phase phase, const wish *how, bool *ret_good, error **err)
{
    int r = trial_call(t, phase, how, err);
    if (r < 0)
        return r;
    *ret_good = trial_is_good(t);
    if (t->trace.refused)
        return proof_untraced(p);
    guard_mem char *end = trial_show(t);
    return *ret_good ? 0 : proof_lacks(p, "%s of the case %s; mend that first", worker_phase_name(phase), end);
}

int proof_compare(const trial *t, const char *with, char **ret_difference, error **err)
{
    guard_mem char *now = NULL;
    int r = trial_digest(t, &now, err);
    if (r == 0)
        *ret_difference = trial_difference(with, now);
    return r;
}

int proof_changed(proof *p, const trial *t, bool *ret_changed, error **err)
{
    guard_mem char *difference = NULL;
    int r = proof_compare(t, p->bench->start, &difference, err);
    if (r < 0)
        return r;
    *ret_changed = difference;
    return difference
               ? 0
               : proof_lacks(p, "execute changes nothing in world/: let the case give it something to change there");
}

int proof_undo(proof *p, trial *t, const char *after, error **err)
{
    char replay[64];
    for (int time = 0; time < 2; time++) {
        const char *which = time ? "a second rollback" : "the rollback";
        guard_mem char *difference = NULL;
        int r = trial_call(t, WORKER_ROLLBACK, &(wish){0}, err);
        if (r == 0)
            r = proof_compare(t, p->bench->start, &difference, err);
        if (r < 0)
            return r;
        guard_mem char *end = trial_show(t);
        if (!trial_is_good(t))
            return proof_fails(p, "%s, %s %s. It must work from the journal alone, at any point and again. %s", after,
                               which, end, proof_replay(p, replay));
        if (difference)
            return proof_fails(p,
                               "%s, %s does not restore the world: %s. Remember a thing before making or changing it, "
                               "and let rollback put all of it back. %s",
                               after, which, difference, proof_replay(p, replay));
    }
    return 0;
}

int proof_undo_if_it_can(proof *p, trial *t, const char *after, error **err)
{
    return p->bench->kind->has_rollback ? proof_undo(p, t, after, err) : 0;
}

size_t proof_phases(const catalog_kind *k, worker_phase phases[4])
{
    const struct {
        bool has;
        worker_phase phase;
    } all[] = {{k->has_prepare, WORKER_PREPARE},
               {k->has_execute, WORKER_EXECUTE},
               {k->has_verify, WORKER_VERIFY},
               {k->has_rollback, WORKER_ROLLBACK}};
    size_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].has)
            phases[n++] = all[i].phase;
    return n;
}

uint32_t proof_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}
