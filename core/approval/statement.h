/**
 * @file statement.h
 * What a person signs at a gate: lines "name: value", in this order.
 *
 *   belay approval: 2
 *   pipeline: shop                 what is deployed ...
 *   version: v1.8.0
 *   previous: v1.7.0
 *   commit: 40 hexadecimal digits  or nothing, while none is known
 *   environment: production        ... and where
 *   run: 20261123-184512-k7f2
 *   gate: sign-off
 *   role: qa-lead
 *   decision: approve              or reject
 *   reason: one line, may be empty
 *   plan: SHA-256 of what the run does, see plan.h
 *   evidence: SHA-256 of what the run has found, see evidence.h
 *   signers: SHA-256 of who may sign at this gate with which keys, see signer.h
 *   sequence: 2                    which decision of the run this is, from 1
 *   head: SHA-256, the newest link of the run's chain; so all that was recorded before is signed, too
 *   user: alice                    of the operating system
 *   at: 2026-11-23T18:45:12.345Z
 *
 * Belay 0.x wrote "belay approval: 1", which did not cover the plan: such a decision no longer counts.
 */
#ifndef APPROVAL_STATEMENT_H
#define APPROVAL_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

typedef struct statement {
    const char *pipeline, *version, *previous, *commit, *environment, *run, *gate, *role, *decision, *reason;
    const char *plan, *evidence, *signers;
    int64_t sequence;
    const char *head, *user;
    int64_t at_ms;
} statement;

/** The caller frees. ERROR_USAGE when a value has more than one line. */
int statement_write(const statement *s, char **ret, error **err) CHECKED;
/** False: an earlier version wrote it. */
bool statement_is_current(const char *text);
/** The value of a line, "" when there is none; the caller frees. */
char *statement_value(const char *text, const char *name);
/** The names of the lines in which two statements differ, "version, plan"; "" when they are the same; the caller
 * frees. */
char *statement_difference(const char *a, const char *b);

#endif
