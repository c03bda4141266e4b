/** @file recipe.h  What a walk is made of: an invented pipeline, and how often what goes wrong. */
#ifndef TESTS_SIM_RECIPE_H
#define TESTS_SIM_RECIPE_H

#include "sim.h"

typedef struct recipe {
    uint64_t seed;   /**< it was invented from */
    uint64_t chance; /**< where verdicts, crashes and cancels come from, in order */
    size_t step_count, stage_count;
    machine_step steps[SIM_STEPS];
    bool needs[SIM_STEPS][SIM_STEPS]; /**< [step][what it needs] */
    machine_stage stages[SIM_STAGES];
    unsigned trouble, crash, cancel; /**< one phase, action, event of so many; 0: never */
    unsigned no_wait;                /**< 1: it pauses where a step waits */
    unsigned prepare_parallel;       /**< steps prepared at once */
} recipe;

recipe recipe_invent(uint64_t seed);
/** Makes a world of it. */
void recipe_lay(const recipe *r, sim *s);
/** For people. */
void recipe_tell(const recipe *r, FILE *out);
/** Applies the n-th of its simplifications: 1 when that changed something, 0 when not, -1 when there is no n-th. */
int recipe_simplify(recipe *r, size_t n);

#endif
