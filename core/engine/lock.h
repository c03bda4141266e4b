/**
 * @file lock.h
 * Inside of core/engine. The environment's lock, waited for.
 */
#ifndef ENGINE_LOCK_H
#define ENGINE_LOCK_H

#include "engine/engine.h"
#include "store/store_lock.h"

/** Takes the environment's lock, and its lease. Waits e->wait_ms for a live owner, and at least some seconds for what a
 * dead one has left running; says so to the sinks. ERROR_REFUSED: a signal ended the wait. */
int lock_environment(const engine *e, const char *environment, const char *run, store_lock **ret, error **err) CHECKED;
/** Then the pipeline's own lock file beside the environment, where it names one; waits in the same way. */
int lock_target(const engine *e, const pipeline *p, store_lock *lock, error **err) CHECKED;

#endif
