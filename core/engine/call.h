/**
 * @file call.h
 * Inside of core/engine. A phase of a step: its intent, its worker, its result.
 */
#ifndef ENGINE_CALL_H
#define ENGINE_CALL_H

#include "engine/driver.h"

/** Makes the call and writes its intent. */
int call_intend(driver *d, size_t step, worker_phase phase, int attempt, error **err) CHECKED;
/** Starts its worker; d->on_phase follows, also when that fails. */
void call_start(driver *d, size_t step);
/** Writes its result, tells it, and forgets the call. */
int call_conclude(driver *d, size_t step, error **err) CHECKED;
void call_free(call *c);

#endif
