/**
 * @file evidence.h
 * SHA-256 of what a run does and has found: the links of its chain that are the plan, the ends of phases, measurements
 * and outputs. A gate's "not yet" is no finding: it says so as long as it waits.
 */
#ifndef APPROVAL_EVIDENCE_H
#define APPROVAL_EVIDENCE_H

#include "base/sha256.h"
#include "store/store.h"

/** Of the first `count` links of a proof. */
void evidence_at(const json_t *proof, size_t count, char hex[SHA256_TEXT]);
/** Of all links of the run so far. */
int approval_evidence(store *s, const store_run *run, char hex[SHA256_TEXT], error **err) CHECKED;

#endif
