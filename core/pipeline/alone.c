#include <stdlib.h>
#include <string.h>

#include <belay/plugin.h>

#include "pipeline/load.h"

/*
 * The file is loaded whole, so that the step is checked as it is for a run; then all else is let go of.
 */

/* ---- outputs of others ------------------------------------------------------------------------------------------- */

/** Keeps "steps.ID.OUTPUT=value". */
static int give(pipeline *p, const char *set, error **err)
{
    const char *id = set + strlen("steps."), *equals = strchr(set, '=');
    const char *dot = memchr(id, '.', equals ? (size_t)(equals - id) : 0);
    if (!dot)
        return error_set(err, ERROR_USAGE, "'%s' is not steps.ID.OUTPUT=VALUE", set);
    guard_mem char *name = mem_dup_n(id, (size_t)(dot - id));
    guard_mem char *output = mem_dup_n(dot + 1, (size_t)(equals - dot - 1));
    const pipeline_step *from = pipeline_step_find(p, name);
    const catalog_output *declared = from ? catalog_output_find(from->kind, output) : NULL;
    if (!from)
        return error_set(err, ERROR_USAGE, "'%s': %s has no step '%s'", set, p->path, name);
    if (!declared)
        return error_set(err, ERROR_USAGE, "'%s': step '%s' (%s) has no output '%s'", set, name, from->kind->name,
                         output);
    if (declared->flags & BELAY_F_SECRET)
        return error_set(err, ERROR_USAGE, "the output '%s' of step '%s' is secret: it belongs on no command line",
                         output, name);
    json_object_set_new(json_object_get(p->given, name), output, json_string(equals + 1));
    return 0;
}

typedef struct missing {
    const pipeline *p;
    text outputs;
    char *step; /**< the first */
} missing;

static void note_missing(void *user, const char *step, const char *output)
{
    missing *m = user;
    if (json_object_get(json_object_get(m->p->given, step), output))
        return;
    text_printf(&m->outputs, " steps.%s.%s", step, output);
    if (!m->step)
        m->step = mem_dup(step);
}

static int check_given(const pipeline *p, const pipeline_step *s, error **err)
{
    missing m = {.p = p};
    pipeline_references(s, note_missing, &m);
    guard_mem char *first = m.step, *names = text_take(&m.outputs);
    if (!first)
        return 0;
    (void)error_set(err, ERROR_USAGE, "step '%s' refers to outputs of steps that do not run:%s", s->id, names);
    return error_hint(err, "give each by --set NAME=VALUE; `belay try FILE#%s --json` shows those of '%s'", first,
                      first);
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

static int find_step(const pipeline *p, const char *id, pipeline_step **ret, error **err)
{
    nearest near = nearest_to(id);
    for (size_t i = 0; i < p->step_count; i++) {
        nearest_offer(&near, p->steps[i].id);
        if (strcmp(p->steps[i].id, id) != 0)
            continue;
        *ret = &p->steps[i];
        return p->steps[i].skipped ? error_set(err, ERROR_USAGE, "step '%s' is skipped by its `when`", id) : 0;
    }
    guard_mem char *meant = load_did_you_mean(&near);
    return error_set(err, ERROR_USAGE, "%s has no step '%s'%s", p->path, id, meant);
}

/** Puts the step, in a stage of its own, where all others were. */
static void keep_only(pipeline *p, const pipeline_step *s)
{
    const pipeline_stage *stage = s->stage;
    pipeline_step step = *s;
    pipeline_stage its = {.name = mem_dup(stage->name), .where = stage->where, .parallel = 1, .count = 1};
    p->steps[s->index] = (pipeline_step){0};
    for (size_t i = 0; i < p->step_count; i++)
        pipeline_step_done(&p->steps[i]);
    for (size_t i = 0; i < p->stage_count; i++)
        free(p->stages[i].name);
    step.index = step.need_count = 0;
    step.stage = p->stages;
    p->steps[0] = step;
    p->stages[0] = its;
    p->step_count = p->main_count = p->stage_count = 1;
}

int pipeline_of_file_step(const pipeline_source *source, const catalog *catalog, const char *id, pipeline **ret,
                          pipeline_problems *problems, error **err)
{
    size_t count = 0, outputs = 0;
    while (source->sets && source->sets[count])
        count++;
    guard_mem const char **sets = mem_array(count + 1, sizeof *sets), **given = mem_array(count + 1, sizeof *given);
    for (size_t i = 0; i < count; i++)
        if (text_starts(source->sets[i], "steps."))
            given[outputs++] = source->sets[i];
        else
            sets[i - outputs] = source->sets[i];
    const pipeline_source whole = {.path = source->path, .text = source->text, .sets = sets};
    guard(pipeline) p = NULL;
    pipeline_step *s = NULL;
    int r = pipeline_load(&whole, catalog, &p, problems, err);
    if (r == 0)
        p->given = json_object();
    for (size_t i = 0; r == 0 && i < p->step_count; i++)
        json_object_set_new(p->given, p->steps[i].id, json_object());
    for (size_t i = 0; r == 0 && i < outputs; i++)
        r = give(p, given[i], err);
    if (r < 0 || (r = find_step(p, id, &s, err)) < 0 || (r = check_given(p, s, err)) < 0)
        return r;
    keep_only(p, s);
    *ret = take(p);
    return 0;
}
