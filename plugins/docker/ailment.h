/** @file ailment.h  What is wrong with a container, by its inspection alone: a table of rules. Pure. */
#ifndef DOCKER_AILMENT_H
#define DOCKER_AILMENT_H

#include "containers.h"

typedef struct ailment {
    int weight;         /**< of a finding; 0: nothing is wrong */
    bool wants_a_quote; /**< its log says why */
} ailment;

/** The first rule that applies; `what` receives it in words: "agents exited with status 3". failed_ns: when the step
 * began that failed; what was killed before that may have been stopped on purpose. */
ailment ailment_of(const container *c, const json_t *inspected, int64_t failed_ns, text *what);

#endif
