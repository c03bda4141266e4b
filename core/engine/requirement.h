/** @file requirement.h  Inside of core/engine: what a pipeline `requires` of another environment, held against the
 * store. */
#ifndef ENGINE_REQUIREMENT_H
#define ENGINE_REQUIREMENT_H

#include "pipeline/pipeline.h"
#include "store/store.h"

/**
 * Finds the newest run of this pipeline and version in the required environment (one that was refused touched nothing
 * and does not count) and judges it: it must have committed and not been rolled back since, it must have deployed
 * `commit` (NULL: not known yet), it must have gates, each of which passed, and the last of them at most
 * signed_off_within before at_ms. ERROR_REFUSED says which of these does not hold. *ret_run is the run's id, or NULL
 * when nothing is required; the caller frees.
 */
int requirement_check(store *s, const pipeline *p, const char *commit, int64_t at_ms, char **ret_run,
                      error **err) CHECKED;

#endif
