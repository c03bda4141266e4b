/**
 * @file approval.h
 * A person's yes or no at a gate. What is signed is in statement.h, what counts in weigh.h, how the record of a run is
 * held against its signatures in audit.h. The signature is OpenSSH's (PROTOCOL.sshsig).
 */
#ifndef APPROVAL_APPROVAL_H
#define APPROVAL_APPROVAL_H

#include "approval/evidence.h"
#include "approval/weigh.h"
#include "store/store.h"

typedef struct approval {
    const char *gate, *role;
    bool approve;
    const char *reason; /**< NULL: none */
    const char *key;    /**< file of the SSH key that signs it; NULL: unsigned */
} approval;

/** Writes a decision about a gate of a run that has not ended. *ret_head is the statement's digest, for the person to
 *  keep; the caller frees. ERROR_NOT_FOUND names the gates, or the roles, that there are; ERROR_USAGE: the decision
 *  would not count, and is not recorded. */
int approval_decide(store *s, const store_run *run, const approval *a, char **ret_head, error **err) CHECKED;

/** The decisions at a gate with these options (as the step receives them), as weigh() gives them; the caller decrefs.
 */
int approval_weigh(store *s, const store_run *run, const char *gate, const json_t *options, json_t **ret,
                   error **err) CHECKED;

#endif
