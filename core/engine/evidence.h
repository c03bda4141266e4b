/**
 * @file evidence.h
 * Inside of core/engine. What a person reads first about a step that failed.
 */
#ifndef ENGINE_EVIDENCE_H
#define ENGINE_EVIDENCE_H

#include "engine/driver.h"

/** Writes failure.txt into the artifacts of the step. */
int evidence_save(driver *d, size_t step, error **err) CHECKED;

#endif
