/**
 * @file verdict.h
 * Inside of core/engine. The machine's verdicts: in words, of a worker's end, and of a recorded phase.
 */
#ifndef ENGINE_VERDICT_H
#define ENGINE_VERDICT_H

#include "machine/machine.h"
#include "store/store.h"
#include "worker/worker.h"

/** "passed", "failed", "error", "inconclusive", "not yet". */
const char *verdict_word(machine_verdict verdict);
/** Of a call that ended in an error, or did not return. A worker that could not be started did nothing; of any other
 * that did not return, nobody knows. */
machine_verdict verdict_of_error(belay_status status, bool returned, bool started);
/** Of a recorded phase. */
machine_verdict verdict_recorded(const store_phase *p);

#endif
