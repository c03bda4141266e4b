/** @file walk.h  One walk of a machine through a recipe, to its end; and what is left of a walk that broke a rule. */
#ifndef TESTS_SIM_WALK_H
#define TESTS_SIM_WALK_H

#include "recipe.h"

typedef struct walk_end {
    const char *broken; /**< the rule that was broken, or NULL */
    machine_state state;
    int turns;
} walk_end;

/** Lives, dies and is resumed until the run has ended; story may be NULL. */
walk_end walk(const recipe *r, const sim_machine *kind, FILE *story);
/** The simplest recipe that breaks the same rule, as far as it was found; it ends soonest. */
recipe walk_shrink(const recipe *broken, const sim_machine *kind);
/** Rule, pipeline and story of a walk that breaks a rule, for people; the caller frees. */
char *walk_explain(const recipe *r, const sim_machine *kind);

#endif
