#include "engine/outline.h"

#include <stdlib.h>

#include <belay/plugin.h>

#define PREPARES_AT_ONCE 4 /* they touch nothing, so nothing but the machine's load is a limit */
#define UNDO_ATTEMPTS    3
#define UNDO_DELAY_MS    1000

static machine_policy policy_of(pipeline_policy policy)
{
    static const machine_policy same[] = {
        [POLICY_ROLLBACK] = MACHINE_DO_ROLLBACK, [POLICY_PAUSE] = MACHINE_DO_PAUSE, [POLICY_WARN] = MACHINE_DO_WARN};
    return same[policy];
}

static void note_reference(void *user, const char *step, const char *output)
{
    (void)step;
    (void)output;
    *(bool *)user = true;
}

static machine_step outline_step(const pipeline *p, const pipeline_step *s)
{
    bool refers = false;
    pipeline_references(s, note_reference, &refers);
    const bool diagnoses = s->stage->diagnose;
    return (machine_step){
        .stage = (size_t)(s->stage - p->stages),
        .needs = s->needs,
        .need_count = s->need_count,
        .has_prepare = s->kind->has_prepare && !diagnoses,
        .has_execute = s->kind->has_execute,
        .has_verify = s->kind->has_verify,
        .has_rollback = s->kind->has_rollback,
        .skipped = s->skipped,
        .pending = refers,
        .attempts = s->retry_attempts,
        .delay_ms = s->retry_delay_ms,
        .backoff = s->retry_backoff,
        .ready_ms = s->ready_ms,
        .interval_ms = s->interval_ms,
        .soak_ms = s->soak_ms,
        .max_gaps = s->max_gaps,
        .waits = s->kind->flags & BELAY_S_WAITS,
        .hits = s->hits,
        .on_failure = policy_of(s->on_failure),
        .on_error = policy_of(s->on_error),
        .on_inconclusive = policy_of(s->on_inconclusive),
        .answers = s->answers,
        .answer_count = s->answer_count,
    };
}

outline *outline_new(const pipeline *p)
{
    outline *o = mem_new(outline);
    o->steps = mem_array(p->step_count, sizeof *o->steps);
    o->stages = mem_array(p->stage_count, sizeof *o->stages);
    for (size_t i = 0; i < p->step_count; i++)
        o->steps[i] = outline_step(p, &p->steps[i]);
    for (size_t i = 0; i < p->stage_count; i++)
        o->stages[i] = (machine_stage){.first = p->stages[i].first,
                                       .count = p->stages[i].count,
                                       .parallel = p->stages[i].parallel,
                                       .diagnose = p->stages[i].diagnose,
                                       .rollback = p->stages[i].rollback};
    o->plan = (machine_plan){.steps = o->steps,
                             .step_count = p->step_count,
                             .stages = o->stages,
                             .stage_count = p->stage_count,
                             .prepare_parallel = PREPARES_AT_ONCE,
                             .undo_attempts = UNDO_ATTEMPTS,
                             .undo_delay_ms = UNDO_DELAY_MS,
                             .diagnose_ms = p->diagnose_ms};
    return o;
}

void outline_free(outline *o)
{
    if (!o)
        return;
    free(o->steps);
    free(o->stages);
    free(o);
}
