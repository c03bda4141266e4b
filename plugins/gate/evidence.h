/** @file evidence.h  What a run has found so far, held against what a decision wants. */
#ifndef GATE_EVIDENCE_H
#define GATE_EVIDENCE_H

#include "gate.h"

typedef struct evidence {
    size_t wanted;      /**< boxes, steps and limits */
    char missing[4096]; /**< what speaks against it, a line each; "" when nothing does */
} evidence;

/** Checks that the options boxes, steps and no_go_if name what there is. */
belay_status evidence_prepare(belay_ctx *c, const belay_host *h, evidence *ret);
/** Weighs them: boxes must be ticked, steps must have passed, limits must not hold. */
belay_status evidence_weigh(belay_ctx *c, const belay_host *h, evidence *ret);

#endif
