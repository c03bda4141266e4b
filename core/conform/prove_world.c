/* D2 to D5: what the phases do to the world when nothing goes wrong, or somebody else changes it. */
#include <stdlib.h>
#include <string.h>

#include "conform/proof.h"

/* One phase that must leave the world as it is. */
static int look(proof *p, trial *t, worker_phase phase, const wish *how, error **err)
{
    guard_mem char *before = NULL, *difference = NULL;
    bool good = false;
    int r = trial_digest(t, &before, err);
    if (r == 0)
        r = proof_run(p, t, phase, how, &good, err);
    if (r < 0 || !good)
        return r;
    if ((r = proof_compare(t, before, &difference, err)) < 0 || !difference)
        return r;
    return proof_fails(p, "%s%s changes the world: %s. Only execute and rollback may", worker_phase_name(phase),
                       how->dry_run ? " of a dry run" : "", difference);
}

/* The same beyond the world: the calls of the phase are followed. */
static int look_around(proof *p, trial *t, worker_phase phase, error **err)
{
    const trace_call *call = NULL;
    bool good = false;
    int r = proof_run(p, t, phase, &(wish){.watched = true}, &good, err);
    if (r < 0 || !good)
        return r;
    guard_mem char *path = trace_changed_outside(&t->trace, p->bench->world, &call);
    return path ? proof_fails(p, "%s changes '%s', outside of the case's world, by %s. Only execute and rollback may",
                              worker_phase_name(phase), path, call->name)
                : 0;
}

int prove_looks_only(proof *p, error **err)
{
    const catalog_kind *k = p->bench->kind;
    guard_trial t = {0};
    bool good = true;
    int r = trial_begin(&t, p->bench, err);
    if (r == 0 && k->has_prepare)
        r = look(p, &t, WORKER_PREPARE, &(wish){0}, err);
    if (r == 0 && p->verdict == CONFORM_PROVED && k->has_prepare)
        r = look(p, &t, WORKER_PREPARE, &(wish){.dry_run = true}, err);
    if (r == 0 && p->verdict == CONFORM_PROVED && k->has_prepare)
        r = look_around(p, &t, WORKER_PREPARE, err);
    if (r == 0 && p->verdict == CONFORM_PROVED && k->has_execute)
        r = proof_run(p, &t, WORKER_EXECUTE, &(wish){0}, &good, err);
    if (r == 0 && p->verdict == CONFORM_PROVED && k->has_verify)
        r = look(p, &t, WORKER_VERIFY, &(wish){0}, err);
    if (r == 0 && p->verdict == CONFORM_PROVED && k->has_verify)
        r = look_around(p, &t, WORKER_VERIFY, err);
    return r;
}

int prove_execute_twice(proof *p, error **err)
{
    guard_trial t = {0};
    guard_mem char *once = NULL, *difference = NULL;
    bool good = false;
    int r = trial_begin(&t, p->bench, err);
    if (r == 0)
        r = proof_run(p, &t, WORKER_EXECUTE, &(wish){0}, &good, err);
    if (r < 0 || !good)
        return r;
    if ((r = trial_digest(&t, &once, err)) < 0 || (r = trial_call(&t, WORKER_EXECUTE, &(wish){0}, err)) < 0)
        return r;
    guard_mem char *end = trial_show(&t);
    if (!trial_is_good(&t))
        return proof_fails(p, "executed again, it %s. A retry after a crash must find that nothing is left to do", end);
    r = proof_compare(&t, once, &difference, err);
    if (r == 0 && difference)
        (void)proof_fails(p, "executed again, it makes another world: %s", difference);
    return r;
}

/* Without a journal execute has not acted: there is nothing to undo. */
static int undo_of_nothing(proof *p, error **err)
{
    guard_trial t = {0};
    int r = trial_begin(&t, p->bench, err);
    return r == 0 ? proof_undo(p, &t, "without a journal", err) : r;
}

int prove_rollback(proof *p, error **err)
{
    guard_trial t = {0};
    bool good = false;
    int r = trial_begin(&t, p->bench, err);
    if (r == 0)
        r = proof_run(p, &t, WORKER_EXECUTE, &(wish){0}, &good, err);
    if (r < 0 || !good)
        return r;
    if ((r = proof_changed(p, &t, &good, err)) < 0 || !good)
        return r;
    r = proof_undo(p, &t, "after execute", err);
    return r == 0 && p->verdict == CONFORM_PROVED ? undo_of_nothing(p, err) : r;
}

int prove_foreign_change(proof *p, error **err)
{
    guard_trial t = {0};
    guard_mem char *made = NULL, *changed = NULL, *difference = NULL;
    bool good = false;
    if (!p->bench->trial_case.foreign[0])
        return proof_lacks(p, "the case has no 'foreign': a program that changes the world behind the plugin's back");
    int r = trial_begin(&t, p->bench, err);
    if (r == 0)
        r = proof_run(p, &t, WORKER_EXECUTE, &(wish){0}, &good, err);
    if (r < 0 || !good)
        return r;
    r = trial_digest(&t, &made, err);
    if (r == 0)
        r = bench_run(p->bench, (char *const *const *)p->bench->trial_case.foreign, err);
    if (r == 0)
        r = trial_digest(&t, &changed, err);
    if (r == 0 && strcmp(made, changed) == 0)
        return proof_lacks(p, "the case's 'foreign' changes nothing of what execute made: let it change that");
    if (r == 0)
        r = trial_call(&t, WORKER_ROLLBACK, &(wish){0}, err);
    if (r == 0)
        r = proof_compare(&t, changed, &difference, err);
    if (r < 0)
        return r;
    if (difference)
        return proof_fails(p,
                           "after somebody else's change, rollback overwrites it: %s. Compare with what was found "
                           "before and made; refuse when it is neither",
                           difference);
    if (t.end != WORKER_END_RETURNED || t.status >= 0)
        return proof_fails(p,
                           "after somebody else's change, rollback says that all is well. Let it refuse, with words");
    if (!*t.summary)
        return proof_fails(p, "after somebody else's change, rollback refuses without explain(): say what was changed");
    return 0;
}
