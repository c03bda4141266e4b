/**
 * @file signer.h
 * Who may decide at a gate, and who has: the roles and the list of allowed keys, and OpenSSH's word about a signature.
 */
#ifndef APPROVAL_SIGNER_H
#define APPROVAL_SIGNER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

#define APPROVAL_NAMESPACE "belay-approval"

/** {"allowed_signers": text of the file or null, "roles": array} of a gate with these options, as compact JSON: what
 * the line "signers" of a statement is the digest of. The caller frees. ERROR_CONFIG: the file cannot be read. */
int signer_list(const json_t *options, char **ret, error **err) CHECKED;

/** The people of a role, separated by blanks, "" for everybody; NULL when there is no such role. The caller frees. */
char *signer_people(const json_t *roles, const char *role);

typedef struct signature {
    const char *statement, *signature;
    const char *allowed; /**< the text of an allowed_signers file, ssh-keygen(1) */
    const char *people;  /**< who may have made it, separated by blanks; "": everybody */
    int64_t at_ms;       /**< when its key must have been valid; 0: now */
} signature;
/** Asks ssh-keygen. *ret_person is NULL when it is of none of them, and *ret_why says why; the caller frees both. */
int signer_check(const signature *s, char **ret_person, char **ret_why, error **err) CHECKED;

/** The signature of a statement by ssh-keygen, which may ask for the key's passphrase; the caller frees. */
int signer_sign(const char *statement, const char *key, char **ret, error **err) CHECKED;

/* ---- inside ------------------------------------------------------------------------------------------------------ */

/** A private folder in $TMPDIR or /tmp; the caller frees the path and removes the folder. */
int signer_folder(char **ret, error **err) CHECKED;
int signer_write(const char *folder, const char *name, const char *text, error **err) CHECKED;

/** Whether two OpenSSH signatures (armored) are by the same key; false when one of them is none. */
bool signer_same_key(const char *one, const char *other);

#endif
