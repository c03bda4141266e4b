/** @file proof.h  One proof about one case: what the files of proofs share. */
#ifndef CONFORM_PROOF_H
#define CONFORM_PROOF_H

#include "conform/bench.h"
#include "conform/conform.h"

typedef struct proof {
    const bench *bench;
    const char *id;
    long only; /**< the one trial that is wanted, as in C1#37; 0: all */
    long trials;
    long kills; /**< as in conform_request */
    conform_verdict verdict;
    text what; /**< as in conform_row */
} proof;

/** A proof. It sets p->verdict; an error is trouble of our own, not the plugin's. */
typedef int (*prove)(proof *p, error **err);

/** Counts a trial; true when it is to be done. */
bool proof_wants(proof *p);
/** Gives the verdict and the sentence. 0, so that a proof can `return proof_fails(...)`. */
int proof_fails(proof *p, const char *fmt, ...) PRINTF(2, 3);
int proof_lacks(proof *p, const char *fmt, ...) PRINTF(2, 3);
/** The same, for want of a tracer. */
int proof_untraced(proof *p);
/** How to do the present trial again: " Replay: --only C1#37". */
const char *proof_replay(const proof *p, char buf[64]);

/** Runs a phase that must go well for anything to be proved; when it does not, *ret_good is false, and the verdict is
 * that the case is at fault. */
int proof_run(proof *p, trial *t, worker_phase phase, const wish *how, bool *ret_good, error **err) CHECKED;
/** Compares the world with a digest: *ret_difference is NULL when they are the same; the caller frees. */
int proof_compare(const trial *t, const char *with, char **ret_difference, error **err) CHECKED;
/** After execute: when it changed nothing in the world, *ret_changed is false, and the verdict is that this case cannot
 * tell. */
int proof_changed(proof *p, const trial *t, bool *ret_changed, error **err) CHECKED;
/** Rolls back twice: each must go well and restore the start. after: "killed at ...", for the sentence. */
int proof_undo(proof *p, trial *t, const char *after, error **err) CHECKED;
/** The same; of a kind without rollback nothing is asked. */
int proof_undo_if_it_can(proof *p, trial *t, const char *after, error **err) CHECKED;
/** The phases of a kind but discard, in the order of a run; gives how many. */
size_t proof_phases(const catalog_kind *k, worker_phase phases[4]);
/** The next of a sequence that is the same in each run (Numerical Recipes' linear congruence), so that a trial can be
 *  done again. */
uint32_t proof_random(uint32_t *seed);

/* prove_load.c */
int prove_quiet_load(const catalog *c, const char *state_folder, const char *scratch, proof *p, error **err) CHECKED;
/** The name of a symbol besides the entry that the file exports, or NULL; the caller frees. */
int prove_one_symbol(const char *file, char **ret_other, error **err) CHECKED;
/* prove_bare.c */
int prove_bare(proof *p, error **err) CHECKED;
/* prove_world.c */
int prove_looks_only(proof *p, error **err) CHECKED;
int prove_execute_twice(proof *p, error **err) CHECKED;
int prove_rollback(proof *p, error **err) CHECKED;
int prove_foreign_change(proof *p, error **err) CHECKED;
/* prove_kill.c */
int prove_kills(proof *p, error **err) CHECKED;
/* prove_order.c */
int prove_remembers_first(proof *p, error **err) CHECKED;
int prove_refusals(proof *p, error **err) CHECKED;
/* prove_stop.c */
int prove_cancel(proof *p, error **err) CHECKED;
int prove_leaves_nobody(proof *p, error **err) CHECKED;
int prove_gives_back(proof *p, error **err) CHECKED;
/* prove_values.c */
int prove_keeps_secrets(proof *p, error **err) CHECKED;
int prove_hostile_values(proof *p, error **err) CHECKED;

#endif
