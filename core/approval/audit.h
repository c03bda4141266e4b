/**
 * @file audit.h
 * Holds all that is recorded of a run against its chain and its signatures. Whoever may write the state folder can
 * destroy the record, but not change what was signed without being noticed here. What no signature covers is reported
 * as unsigned: hashes alone can be made anew.
 */
#ifndef APPROVAL_AUDIT_H
#define APPROVAL_AUDIT_H

#include "base/text.h"
#include "store/store.h"

typedef struct audit {
    json_t *problems; /**< array of texts: what does not match */
    json_t *facts;    /**< array of texts: what holds, what is signed by whom, and what is not */
    size_t links;     /**< of the chain */
    size_t covered;   /**< how many of them the newest good signature covers */
} audit;

/** signers: the text of an allowed_signers file that the signatures must be of, or NULL: as each decision recorded. */
int audit_run(const json_t *proof, const char *signers, audit *ret, error **err) CHECKED;
void audit_done(audit *a);

/** ERROR_REFUSED with all that does not match when anything does not. */
int audit_check(store *s, const store_run *run, error **err) CHECKED;

/* ---- inside ------------------------------------------------------------------------------------------------------ */

void audit_add(json_t *list, const char *fmt, ...) PRINTF(2, 3);
/** Tables against the chain. */
void audit_rows(const json_t *proof, audit *a);
/** Gates that have passed must have been let pass by decisions that count. */
int audit_gates(const json_t *proof, audit *a, error **err) CHECKED;

#endif
