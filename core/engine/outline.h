/** @file outline.h  What the machine needs to know of a pipeline. */
#ifndef ENGINE_OUTLINE_H
#define ENGINE_OUTLINE_H

#include "machine/machine.h"
#include "pipeline/pipeline.h"

/** Steps and stages have the indices that they have in the pipeline. */
typedef struct outline {
    machine_plan plan;
    machine_step *steps;
    machine_stage *stages;
} outline;

/** The pipeline must outlive it. */
outline *outline_new(const pipeline *p);
void outline_free(outline *o);
GUARD(outline, outline_free)

#endif
