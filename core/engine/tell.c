/* The event stream: to the sinks, and into the store. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/reason.h"
#include "engine/tell.h"
#include "engine/verdict.h"

/* A discard is no part of the run's story: that has ended, and its end is what a report tells. */
static bool is_kept(const driver *d)
{
    return d->record.store && *d->record.run.id && !d->broken && d->mode != DRIVER_DISCARD;
}

void tell(driver *d, json_t *event)
{
    for (size_t i = 0; i < d->engine->sink_count; i++)
        d->engine->sinks[i].event(d->engine->sinks[i].user, event);
    if (is_kept(d)) {
        guard(error) err = NULL;
        guard_mem char *line = json_dumps(event, JSON_COMPACT);
        if (line && store_event_add(d->record.store, d->record.run.id, clock_wall_ms(), line, &err) < 0)
            driver_break(d, take(err));
    }
    json_decref(event);
}

json_t *tell_new(const driver *d, const char *type)
{
    return event_new(*d->record.run.id ? d->record.run.id : NULL, type);
}

json_t *tell_new_step(const driver *d, const char *type, size_t step)
{
    const pipeline_step *s = driver_step(d, step);
    json_t *event = tell_new(d, type);
    json_object_set_new(event, "step", json_string(s->id));
    json_object_set_new(event, "kind", json_string(s->kind->name));
    json_object_set_new(event, "stage", json_string(s->stage->name));
    return event;
}

void tell_set(const driver *d, json_t *event, const char *name, const char *value)
{
    guard_mem char *masked = redactor_mask(d->secrets, value ? value : "");
    json_object_set_new(event, name, json_string(masked));
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

/* Of a run that goes on: what a step has come to already, as far as the journal tells. */
static const char *known_verdict(const driver *d, const pipeline_step *s)
{
    const notes *n = &d->notes[s->index];
    if (s->skipped)
        return "skipped";
    if (!d->resumed || !n->ended || n->phase == WORKER_PREPARE || n->phase == WORKER_ROLLBACK)
        return "";
    const bool last = n->phase == WORKER_VERIFY || !s->kind->has_verify;
    return last || n->verdict != MACHINE_PASSED ? verdict_word(n->verdict) : "";
}

static json_t *describe_steps(const driver *d, const pipeline_stage *stage)
{
    json_t *list = json_array();
    for (size_t i = stage->first; i < stage->first + stage->count; i++) {
        const pipeline_step *s = &d->pipeline->steps[i];
        json_t *step =
            json_pack("{s:s, s:s, s:s}", "id", s->id, "kind", s->kind->name, "title", s->title ? s->title : "");
        const char *verdict = known_verdict(d, s);
        if (*verdict)
            json_object_set_new(step, "verdict", json_string(verdict));
        json_array_append_new(list, step);
    }
    return list;
}

void tell_start(driver *d)
{
    static const char *const modes[] = {[DRIVER_RUN] = "run",
                                        [DRIVER_PLAN] = "plan",
                                        [DRIVER_TRY] = "try",
                                        [DRIVER_ROLLBACK] = "rollback",
                                        [DRIVER_DISCARD] = "discard"};
    const pipeline *p = d->pipeline;
    json_t *event = tell_new(d, "run.start");
    json_t *stages = json_array(), *rollback = json_array(), *diagnose = json_array();
    for (size_t i = 0; i < p->stage_count; i++) {
        json_t *steps = describe_steps(d, &p->stages[i]);
        if (p->stages[i].rollback)
            json_array_extend(rollback, steps);
        else if (p->stages[i].diagnose)
            json_array_extend(diagnose, steps);
        else
            json_array_append_new(stages, json_pack("{s:s, s:O}", "name", p->stages[i].name, "steps", steps));
        json_decref(steps);
    }
    json_object_set_new(event, "mode", json_string(modes[d->mode]));
    tell_set(d, event, "pipeline", p->name);
    tell_set(d, event, "environment", p->environment);
    tell_set(d, event, "version", p->version);
    tell_set(d, event, "previous", p->previous);
    tell_set(d, event, "file", p->path);
    json_object_set_new(event, "stages", stages);
    json_object_set_new(event, "diagnose", diagnose);
    json_object_set_new(event, "rollback", rollback);
    json_object_set_new(event, "resumed", json_boolean(d->resumed));
    tell(d, event);
}

void tell_state(driver *d)
{
    json_t *event = tell_new(d, "run.state");
    json_object_set_new(event, "state", json_string(run_state_name(d->record.run.state)));
    tell_set(d, event, "reason", d->record.run.reason);
    tell(d, event);
}

void tell_discarded(driver *d, bool good)
{
    json_t *event = tell_new(d, "run.end");
    json_object_set_new(event, "state", json_string(run_state_name(good ? RUN_COMMITTED : RUN_NEEDS_PERSON)));
    json_object_set_new(event, "reason", json_string(good ? "" : "not all of what rollback kept could be let go"));
    json_object_set_new(event, "exit_status", json_integer(good ? EXIT_COMMITTED : EXIT_PERSON));
    json_object_set_new(event, "duration_ms", json_integer(clock_steady_ms() - d->begun_ms));
    tell(d, event);
}

/* Of a run that was resumed from its beginning on: what it comes to is not the work of this process alone. */
static int64_t took_ms(const driver *d)
{
    const int64_t here = clock_steady_ms() - d->begun_ms, whole = clock_wall_ms() - d->record.run.started_ms;
    return d->resumed && whole > here ? whole : here;
}

void tell_end(driver *d, int exit_status)
{
    const store_run *run = &d->record.run;
    json_t *event = tell_new(d, "run.end");
    const bool planned = d->mode == DRIVER_PLAN && run->state == RUN_RUNNING;
    json_object_set_new(event, "state", json_string(planned ? "" : run_state_name(run->state)));
    tell_set(d, event, "reason", run->reason);
    json_object_set_new(event, "exit_status", json_integer(exit_status));
    json_object_set_new(event, "duration_ms", json_integer(took_ms(d)));
    if (run->failed_ms)
        json_object_set_new(event, "failed_ms", json_integer(run->failed_ms));
    const int64_t after = run->healthy_ms - run->failed_ms; /* below 0 when the clock was set back in between */
    if (run->failed_ms && run->healthy_ms)
        json_object_set_new(event, "healthy_after_ms", json_integer(after > 0 ? after : 0));
    tell_set(d, event, "commit", run->commit);
    if (d->record.store && *run->id) {
        guard_mem char *folder = mem_printf("%s/runs/%s", store_folder(d->record.store), run->id);
        if (access(folder, F_OK) == 0)
            tell_set(d, event, "evidence", folder);
    }
    json_object_set_new(event, "next", reason_next(d));
    tell(d, event);
}

/* ---- steps and remarks ------------------------------------------------------------------------------------------- */

static const char *outcome_word(const driver *d, const machine_action *a)
{
    switch (a->outcome) {
    case MACHINE_STEP_PASSED: return "passed";
    case MACHINE_STEP_WARNED: return "warned";
    case MACHINE_STEP_BAD: return verdict_word(a->verdict);
    case MACHINE_STEP_STOPPED: return "stopped";
    case MACHINE_STEP_SKIPPED: return "skipped";
    case MACHINE_STEP_UNDONE: return d->notes[a->step].left ? "irreversible" : "undone";
    case MACHINE_STEP_NOT_UNDONE: return "not undone";
    case MACHINE_STEP_UNDO_SKIPPED: return "undo skipped";
    case MACHINE_STEP_IRREVERSIBLE: return "irreversible";
    }
    return "";
}

void tell_step_end(driver *d, const machine_action *a)
{
    notes *n = &d->notes[a->step];
    json_t *event = tell_new_step(d, "step.end", a->step);
    json_object_set_new(event, "verdict", json_string(outcome_word(d, a)));
    json_object_set_new(event, "duration_ms", json_integer(n->acted_ms ? clock_steady_ms() - n->acted_ms : 0));
    n->acted_ms = 0;
    int64_t gaps = 0;
    const int64_t samples = machine_soak_samples(d->machine, a->step, &gaps);
    if (samples &&
        (a->outcome == MACHINE_STEP_PASSED || a->outcome == MACHINE_STEP_WARNED || a->outcome == MACHINE_STEP_BAD)) {
        json_object_set_new(event, "soak_ms", json_integer(driver_step(d, a->step)->soak_ms));
        json_object_set_new(event, "soak_samples", json_integer(samples));
        json_object_set_new(event, "soak_gaps", json_integer(gaps));
    }
    tell(d, event);
}

void tell_unplanned(driver *d)
{
    for (size_t i = 0; i < d->pipeline->step_count; i++) {
        const pipeline_step *s = driver_step(d, i);
        if (!s->kind->has_execute || s->skipped || d->notes[i].planned)
            continue;
        json_t *event = tell_new_step(d, "plan", i);
        guard_mem char *change = mem_printf("%s (%s does not say more)", s->kind->doc, s->kind->name);
        tell_set(d, event, "change", change);
        tell_set(d, event, "undo", s->kind->has_rollback ? "by its rollback" : "");
        json_object_set_new(event, "irreversible", json_boolean(!s->kind->has_rollback));
        tell(d, event);
    }
}

void tell_note(driver *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *line = mem_vprintf(fmt, ap);
    va_end(ap);
    json_t *event = tell_new(d, "note");
    tell_set(d, event, "text", line);
    tell(d, event);
}

void tell_warning(driver *d, const char *hint, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *line = mem_vprintf(fmt, ap);
    va_end(ap);
    json_t *event = tell_new(d, "warning");
    tell_set(d, event, "text", line);
    tell_set(d, event, "hint", hint);
    tell(d, event);
}
