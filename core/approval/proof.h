/**
 * @file proof.h
 * All that is recorded of a run, in one JSON document: from the store, or from a bundle (proof.json). It is what is
 * audited, so that both are held to the same rules.
 *
 *   run           {run pipeline environment version previous commit file text sets state reason user host
 *                  started_ms ended_ms failed_ms healthy_ms discarded}
 *   steps         array of {step stage kind options}
 *   plugins       array of {name version sha256}
 *   checklist     a text
 *   phases, measurements   arrays, as in the chain (store.h)
 *   outputs, undo          arrays of {step name sha256}, {step epoch key sha256}: no values
 *   decisions     array of {gate role decision reason statement signature user at_ms signers}
 *   links         array of {kind at_ms json hash}: the chain
 */
#ifndef APPROVAL_PROOF_H
#define APPROVAL_PROOF_H

#include "base/sha256.h"
#include "store/store.h"

/** The caller decrefs. */
int proof_gather(store *s, const store_run *run, json_t **ret, error **err) CHECKED;
/** Only what plan_of() needs. */
int proof_plan(store *s, const store_run *run, json_t **ret, error **err) CHECKED;
/** A member that is a text, else ""; borrowed. */
const char *proof_text(const json_t *object, const char *name);
/** A member that is a whole number, else 0. */
int64_t proof_number(const json_t *object, const char *name);
/** The hash of the newest link; "" when there is none. */
const char *proof_head(const json_t *proof);
/** How many links there are up to the one with this hash; 0: none has it. */
size_t proof_find(const json_t *proof, const char *hash);

#endif
