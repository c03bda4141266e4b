/* D1: it makes do with the least that a host offers. */
#include <stdlib.h>

#include "conform/proof.h"

/* A refusal is fine where it says why; *ret_refused: no more phases follow it. */
static int judge(proof *p, const trial *t, worker_phase phase, bool *ret_refused)
{
    char replay[64];
    guard_mem char *end = trial_show(t);
    *ret_refused = !trial_is_good(t);
    if (t->end != WORKER_END_RETURNED)
        return proof_fails(p,
                           "without HOME, language, time zone and a previous version, %s %s. getenv() and fact() may "
                           "give NULL. %s",
                           worker_phase_name(phase), end, proof_replay(p, replay));
    if (*ret_refused && !*t->summary)
        return proof_fails(p,
                           "without HOME, language, time zone and a previous version, %s %s and no word: explain() "
                           "what it needs. %s",
                           worker_phase_name(phase), end, proof_replay(p, replay));
    if (*ret_refused)
        text_printf(&p->what, "%s needs more, and says so: %s", worker_phase_name(phase), t->summary);
    return 0;
}

int prove_bare(proof *p, error **err)
{
    guard_trial t = {0};
    worker_phase phases[4];
    size_t count = proof_phases(p->bench->kind, phases);
    bool refused = false;
    int r = trial_begin(&t, p->bench, err);
    for (size_t i = 0; r == 0 && !refused && p->verdict == CONFORM_PROVED && i < count; i++) {
        r = trial_call(&t, phases[i], &(wish){.bare = true}, err);
        if (r == 0)
            r = judge(p, &t, phases[i], &refused);
    }
    return r == 0 && p->verdict == CONFORM_PROVED ? proof_undo_if_it_can(p, &t, "on a bare host", err) : r;
}
