/** @file ailment.h  What is wrong with a container, by its inspection alone: a table of rules. Pure. */
#ifndef DOCKER_AILMENT_H
#define DOCKER_AILMENT_H

#include "containers.h"

/** What of its log says why. */
typedef enum ailment_quote { QUOTE_NONE, QUOTE_CLUE, QUOTE_CLUE_OR_LAST } ailment_quote;

typedef struct ailment {
    int weight; /**< of a finding; 0: nothing is wrong */
    ailment_quote quote;
} ailment;

/** The first rule that applies; `what` receives it in words: "agents exited with status 3". failed_ns: when the step
 * began that failed; what was killed before that may have been stopped on purpose. */
ailment ailment_of(const container *c, const json_t *inspected, int64_t failed_ns, text *what);

/** Since when its log may tell why it is ill, in ns since 1970: of one that has ended, or that the engine
 * started again, a minute before its end; of one that runs its start. What is older explains something else. */
int64_t ailment_since(const json_t *inspected);

#endif
