/**
 * @file weigh.h
 * Which decisions at a gate count: the one place where this is judged, for `belay approve`, for the gate, for resume
 * and for `belay verify`.
 */
#ifndef APPROVAL_WEIGH_H
#define APPROVAL_WEIGH_H

#include "base/sha256.h"
#include "store/store.h"

typedef struct weighing {
    const json_t *proof;   /**< see proof.h */
    const char *gate;      /**< a step */
    const json_t *options; /**< the gate's: roles, allowed_signers, own_run, distinct */
    const char *evidence;  /**< what the run has found: a decision about anything else does not count */
    const char *signers;   /**< who may sign now, see signer_list(); NULL: who could when it was decided */
} weighing;

/** The decisions at the gate, oldest first: array of {number role decision reason statement signature user at counts
 * why person signed}. number: which of the run's; at: seconds since 1970; why: why it does not count. Of several
 * decisions of one person in one role only the newest counts. The caller decrefs. */
int weigh(const weighing *w, json_t **ret, error **err) CHECKED;

/** What the statement of the number-th decision (from 1) must be by the rest of the proof. The caller frees. */
int weigh_expected(const json_t *proof, size_t number, char **ret, error **err) CHECKED;
/** Who signed the number-th decision, judged by the list of its own time; *ret_person is NULL when nobody did. */
int weigh_signer(const json_t *proof, size_t number, char **ret_person, char **ret_why, error **err) CHECKED;

#endif
