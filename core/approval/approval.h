/**
 * @file approval.h
 * A person's yes or no at a gate: what it says, what it is bound to, and how it is signed. The gate's plugin decides
 * whether it counts.
 *
 * What is signed is a statement of lines "name: value", in this order:
 *
 *   belay approval: 1
 *   run: 20261123-184512-k7f2
 *   gate: sign-off
 *   evidence: 64 hexadecimal digits, see approval_evidence()
 *   role: qa-lead
 *   decision: approve            or reject
 *   user: alice                  of the operating system
 *   at: 2026-11-23T18:45:12.345Z
 *   reason: one line, may be empty
 *
 * The signature is OpenSSH's (PROTOCOL.sshsig), in the namespace "belay-approval".
 */
#ifndef APPROVAL_APPROVAL_H
#define APPROVAL_APPROVAL_H

#include "base/sha256.h"
#include "store/store.h"

#define APPROVAL_NAMESPACE "belay-approval"

/** SHA-256 of what a decision is about: the run's pipeline text, its plugins, and all verdicts and measurements so far.
 */
int approval_evidence(store *s, const store_run *run, char hex[SHA256_TEXT], error **err) CHECKED;

/** Writes a decision about a gate of a run that has not ended. key: file of an SSH key that signs it, or NULL; reason:
 *  may be NULL. ERROR_NOT_FOUND names the gates, or the roles, that there are. */
int approval_decide(store *s, const store_run *run, const char *gate, const char *role, bool approve,
                    const char *reason, const char *key, error **err) CHECKED;

/** The signature of a statement by ssh-keygen, which may ask for the key's passphrase; the caller frees. */
int approval_sign(const char *statement, const char *key, char **ret, error **err) CHECKED;

#endif
