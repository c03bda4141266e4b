/** @file kept_output.h  The output of a program on its way into an artifact: its beginning and its end, when it is
 * longer than an artifact may be. */
#ifndef WORKER_KEPT_OUTPUT_H
#define WORKER_KEPT_OUTPUT_H

#include <belay/plugin.h>

#include "base/text.h"

/** Of an output longer than both together the middle is left out: causes stand in the first or in the last lines. */
#define KEPT_HEAD ((size_t)6 * 1024 * 1024)
#define KEPT_TAIL ((size_t)6 * 1024 * 1024)

/** Zero it to begin, but for the first two members. */
typedef struct kept_output {
    belay_ctx *c;     /**< borrowed */
    const char *name; /**< of the artifact, borrowed; NULL: nothing is kept */
    size_t head;      /**< bytes of the beginning so far */
    text waiting;     /**< of them, not yet handed over */
    char *ring;       /**< the last KEPT_TAIL bytes behind the head */
    uint64_t behind;  /**< bytes that came behind the head */
    bool refused;     /**< the artifact took no more */
} kept_output;

void kept_output_add(kept_output *k, const char *bytes, size_t n);
/** Hands over what has come of the beginning. */
void kept_output_flush(kept_output *k);
/** Hands over the end, behind a line that says how much was left out; frees. */
void kept_output_end(kept_output *k);

#endif
