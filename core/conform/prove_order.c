/* C2 and C3: nothing is changed before its undo is on disk, nor after the core refused to keep it. */
#include <stdlib.h>
#include <string.h>

#include "conform/proof.h"

int prove_remembers_first(proof *p, error **err)
{
    guard_trial t = {0};
    bool good = false;
    int r = trial_begin(&t, p->bench, err);
    if (r == 0)
        r = proof_run(p, &t, WORKER_EXECUTE, &(wish){.watched = true}, &good, err);
    if (r < 0 || !good)
        return r;
    bool returned = false;
    for (size_t i = 0; i < t.trace.count; i++) {
        const trace_call *call = &t.trace.items[i];
        returned |= call->class == 't' && strcmp(call->name, "result") == 0;
        if (call->class == 't' && strcmp(call->name, "remember") == 0)
            return 0;
        guard_mem char *shown = trace_show(call);
        if (call->number && call->class == 'c')
            return proof_fails(p,
                               "execute changes something before it remembers anything: call %ld, %s. A crash there "
                               "cannot be taken back; call remember() first",
                               call->number, shown);
    }
    return returned ? 0 : proof_lacks(p, "no system call was seen");
}

/* After a refusal: it gave up, and what it had done until then can be taken back. */
static int check_refused(proof *p, trial *t, const char *what, error **err)
{
    char replay[64];
    guard_mem char *end = trial_show(t), *after = mem_printf("after %s failed", what);
    if (t->end != WORKER_END_RETURNED || t->status >= 0)
        return proof_fails(p, "%s, execute goes on: it %s. Look at what the host's functions return. %s", after, end,
                           proof_replay(p, replay));
    return proof_undo(p, t, after, err);
}

static int refuse_remember(proof *p, trial *t, int which, error **err)
{
    char replay[64];
    guard_mem char *difference = NULL, *what = mem_printf("its remember() number %d", which);
    int r = trial_begin(t, p->bench, err);
    if (r == 0)
        r = trial_call(t, WORKER_EXECUTE, &(wish){.refuse_remember = which}, err);
    if (r == 0 && which == 1)
        r = proof_compare(t, p->bench->start, &difference, err);
    if (r < 0)
        return r;
    if (difference)
        return proof_fails(p, "its first remember() failed, and still it acted: %s. %s", difference,
                           proof_replay(p, replay));
    return check_refused(p, t, what, err);
}

/* A program that is not installed, say. Who can do without it may go on, if the change is then made. */
static int fail_run(proof *p, trial *t, int which, error **err)
{
    char replay[64];
    guard_mem char *difference = NULL, *what = mem_printf("its run() number %d", which);
    int r = trial_begin(t, p->bench, err);
    if (r == 0)
        r = trial_call(t, WORKER_EXECUTE, &(wish){.fail_run = which}, err);
    if (r == 0 && trial_is_good(t))
        r = proof_compare(t, p->bench->start, &difference, err);
    if (r < 0)
        return r;
    if (!trial_is_good(t))
        return check_refused(p, t, what, err);
    if (!difference)
        return proof_fails(p,
                           "after %s failed, execute says that all is well, and nothing is changed. Look at what "
                           "the host's functions return. %s",
                           what, proof_replay(p, replay));
    return proof_undo(p, t, "after a run() failed", err);
}

static int refuse_output(proof *p, trial *t, error **err)
{
    int r = trial_begin(t, p->bench, err);
    if (r == 0)
        r = trial_call(t, WORKER_EXECUTE, &(wish){.refuse_output = true}, err);
    return r == 0 ? check_refused(p, t, "its output()", err) : r;
}

int prove_refusals(proof *p, error **err)
{
    guard_trial t = {0};
    bool good = false;
    int r = trial_begin(&t, p->bench, err);
    if (r == 0)
        r = proof_run(p, &t, WORKER_EXECUTE, &(wish){0}, &good, err);
    if (r == 0 && good)
        r = proof_changed(p, &t, &good, err);
    if (r < 0 || !good)
        return r;
    int remembers = t.remembers, outputs = t.outputs, runs = t.runs;
    for (int i = 1; r == 0 && p->verdict == CONFORM_PROVED && i <= remembers; i++)
        if (proof_wants(p))
            r = refuse_remember(p, &t, i, err);
    if (r == 0 && p->verdict == CONFORM_PROVED && outputs && proof_wants(p))
        r = refuse_output(p, &t, err);
    for (int i = 1; r == 0 && p->verdict == CONFORM_PROVED && i <= runs; i++)
        if (proof_wants(p))
            r = fail_run(p, &t, i, err);
    if (r == 0 && p->verdict == CONFORM_PROVED)
        text_printf(&p->what, "%ld refusals", p->trials);
    return r;
}
