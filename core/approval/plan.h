/**
 * @file plan.h
 * What a run does, as a list of names and values: pipeline, versions, the pipeline's text, overrides, each step's kind
 * and options (secrets by reference), plugins, checklist. Its digest is the line "plan" of a signed statement.
 */
#ifndef APPROVAL_PLAN_H
#define APPROVAL_PLAN_H

#include "base/sha256.h"
#include "store/store.h"

/** Puts the plan of a run that begins, or that an older version began, into its chain. adopted: the latter. */
int plan_record(store *s, const store_run *run, bool adopted, error **err) CHECKED;
/** Array of [name, value], from what a proof (see proof.h) tells of the run now; the caller decrefs. */
json_t *plan_of(const json_t *proof);
/** Of such an array. */
void plan_digest(const json_t *plan, char hex[SHA256_TEXT]);

#endif
