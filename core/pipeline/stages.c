#include <stdlib.h>
#include <string.h>

#include "pipeline/load.h"

#define MAX_PARALLEL        256
#define DEFAULT_DIAGNOSE_MS 3000
#define MIN_DIAGNOSE_MS     100

/* ---- stages ------------------------------------------------------------------------------------------------------ */

/** How many steps a stage's setting can hold at most. */
static size_t steps_in(const config_setting_t *stage)
{
    const config_setting_t *steps = config_setting_is_list(stage) ? stage : setting_member(stage, "steps");
    return steps && config_setting_is_list(steps) ? (size_t)config_setting_length(steps) : 0;
}

static void add_steps(load *l, pipeline_stage *stage, const config_setting_t *steps)
{
    stage->first = l->p->step_count;
    for (size_t i = 0; i < setting_item_count(steps); i++) {
        const config_setting_t *group = setting_item(steps, i);
        if (!config_setting_is_group(group)) {
            load_problem(l, load_place(l, group), "a step is %s; it must be a group", setting_type_name(group));
            load_hint(l, "{ id = \"name\"; use = \"plugin.step\"; }");
            continue;
        }
        size_t index = l->p->step_count++;
        l->p->steps[index] = (pipeline_step){.index = index, .stage = stage, .where = load_place(l, group)};
        l->step_settings[index] = group;
    }
    stage->count = l->p->step_count - stage->first;
}

/** Takes `steps` of a stage whose name is known, or NULL. */
static pipeline_stage *load_stage(load *l, const config_setting_t *setting, const config_setting_t *steps,
                                  const config_setting_t *parallel, const char *name)
{
    pipeline_stage *stage = &l->p->stages[l->p->stage_count++];
    *stage = (pipeline_stage){.name = mem_dup(name ? name : ""), .where = load_place(l, setting), .parallel = 1};
    stage->first = l->p->step_count;
    int64_t value = 1;
    if (parallel && setting_int(l, parallel, 1, MAX_PARALLEL, &value))
        stage->parallel = (unsigned)value;
    if (steps && !config_setting_is_list(steps)) {
        load_problem(l, load_place(l, steps), "'steps' is %s; it must be a list of groups: ( {...}, {...} )",
                     setting_type_name(steps));
        return stage;
    }
    if (steps)
        add_steps(l, stage, steps);
    if (setting_item_count(steps ? steps : setting) == 0 || !steps)
        load_problem(l, stage->where, "stage '%s' has no steps", stage->name);
    return stage;
}

static const char *stage_name(load *l, const config_setting_t *group, json_t *names)
{
    const config_setting_t *s = setting_member(group, "name");
    if (!s)
        load_problem(l, load_place(l, group), "a stage lacks 'name'");
    const char *name = s ? setting_name(l, s) : NULL;
    if (!name)
        return NULL;
    if (strcmp(name, "rollback") == 0 || strcmp(name, "diagnose") == 0)
        load_problem(l, load_place(l, s), "a stage cannot be named '%s': that is the section of this name", name);
    else if (json_object_get(names, name))
        load_problem(l, load_place(l, s), "there are two stages named '%s'", name);
    json_object_set_new(names, name, json_true());
    return name;
}

static void load_main_stages(load *l, const config_setting_t *list)
{
    static const char *const keys[] = {"name", "parallel", "steps", NULL};
    json_t *names = json_object();
    for (size_t i = 0; i < setting_item_count(list); i++) {
        const config_setting_t *group = setting_item(list, i);
        if (!config_setting_is_group(group)) {
            load_problem(l, load_place(l, group), "a stage is %s; it must be a group", setting_type_name(group));
            load_hint(l, "{ name = \"build\"; steps: ( ... ); }");
            continue;
        }
        setting_check_names(l, group, "a stage", keys);
        (void)load_stage(l, group, setting_member(group, "steps"), setting_member(group, "parallel"),
                         stage_name(l, group, names));
    }
    json_decref(names);
}

static void load_rollback(load *l, const config_setting_t *s)
{
    static const char *const keys[] = {"parallel", "steps", NULL};
    if (config_setting_is_group(s)) {
        setting_check_names(l, s, "the rollback stage", keys);
        load_stage(l, s, setting_member(s, "steps"), setting_member(s, "parallel"), "rollback")->rollback = true;
    } else {
        load_stage(l, s, s, NULL, "rollback")->rollback = true;
    }
}

/** All collectors that answer a failure run side by side, so that they take as long as the slowest. */
static void load_diagnose(load *l, const config_setting_t *s)
{
    static const char *const keys[] = {"limit", "steps", NULL};
    const bool group = config_setting_is_group(s);
    const config_setting_t *limit = group ? setting_member(s, "limit") : NULL;
    if (group)
        setting_check_names(l, s, "diagnose", keys);
    if (limit)
        (void)setting_duration(l, limit, MIN_DIAGNOSE_MS, &l->p->diagnose_ms);
    pipeline_stage *stage = load_stage(l, s, group ? setting_member(s, "steps") : s, NULL, "diagnose");
    stage->diagnose = true;
    stage->parallel = stage->count > 1 ? (unsigned)stage->count : 1;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void load_id(load *l, pipeline_step *s, const config_setting_t *group)
{
    const config_setting_t *id = setting_member(group, "id");
    const char *name = id ? setting_name(l, id) : NULL;
    if (!id)
        load_problem(l, s->where, "a step lacks 'id'");
    s->id = mem_dup(name ? name : "?"); /* "?" is no name, so nothing can refer to it */
    if (!name)
        return;
    const json_t *other = json_object_get(l->ids, name);
    if (other) {
        pipeline_place first = l->p->steps[json_integer_value(other)].where;
        load_problem(l, load_place(l, id), "there are two steps with the id '%s'; the first is at %s:%u", name,
                     first.file, first.line);
        return;
    }
    json_object_set_new(l->ids, name, json_integer((json_int_t)s->index));
}

/** Says why a plugin that is there could not be taken, when that is why the kind is unknown. */
static void hint_refused(load *l, const char *kind)
{
    size_t n = strcspn(kind, ".");
    for (size_t i = 0; i < catalog_problem_count(l->catalog); i++) {
        const catalog_problem *p = catalog_problem_at(l->catalog, i);
        const char *slash = strrchr(p->path, '/'), *file = slash ? slash + 1 : p->path;
        if (p->refused && strncmp(file, kind, n) == 0 && strcmp(file + n, ".so") == 0) {
            load_hint(l, "the plugin '%s' was refused: %s%s%s", p->path, p->why, p->hint ? "; " : "",
                      p->hint ? p->hint : "");
            return;
        }
    }
}

/** The kinds of the plugin that is meant, or which plugins there are. */
static void hint_kinds(load *l, const char *kind)
{
    guard_text all = {0};
    size_t n = strcspn(kind, ".");
    for (size_t i = 0; i < catalog_plugin_count(l->catalog); i++) {
        const catalog_plugin *p = catalog_plugin_at(l->catalog, i);
        if (strlen(p->name) != n || strncmp(p->name, kind, n) != 0)
            continue;
        for (size_t k = 0; k < p->kind_count; k++)
            text_printf(&all, "%s%s", k ? ", " : "", p->kinds[k].name);
        load_hint(l, "the plugin '%s' has: %s", p->name, text_get(&all));
        return;
    }
    load_hint(l, "`belay explain` lists the kinds there are, `belay plugins` the plugins");
}

static void load_kind(load *l, pipeline_step *s, const config_setting_t *group)
{
    const config_setting_t *use = setting_member(group, "use");
    guard_mem char *name = use ? setting_text(l, use) : NULL;
    if (!use) {
        load_problem(l, s->where, "a step lacks 'use'");
        load_hint(l, "use = \"plugin.step\"; `belay explain` lists the kinds there are");
    }
    s->kind = name ? catalog_kind_find(l->catalog, name) : NULL;
    if (!name || s->kind)
        return;
    const char *near = catalog_kind_nearest(l->catalog, name);
    load_problem(l, load_place(l, use), "there is no step kind '%s'%s%s%s", name, near ? "; did you mean '" : "",
                 near ? near : "", near ? "'?" : "");
    if (!near)
        hint_kinds(l, name);
    hint_refused(l, name);
}

static void load_steps(load *l)
{
    l->ids = json_object();
    for (size_t i = 0; i < l->p->step_count; i++) {
        load_id(l, &l->p->steps[i], l->step_settings[i]);
        load_kind(l, &l->p->steps[i], l->step_settings[i]);
    }
    for (size_t i = 0; i < l->p->step_count; i++)
        step_load_common(l, &l->p->steps[i], l->step_settings[i]);
    order_load_needs(l);
    collectors_load(l);
    for (size_t i = 0; i < l->p->step_count; i++) {
        step_load_options(l, &l->p->steps[i], l->step_settings[i]);
        step_check_obeyed(l, &l->p->steps[i], l->step_settings[i]);
        step_load_thresholds(l, &l->p->steps[i], l->step_settings[i]);
    }
}

void stages_load(load *l, const config_setting_t *root)
{
    const config_setting_t *stages = setting_member(root, "stages"), *rollback = setting_member(root, "rollback");
    const config_setting_t *diagnose = setting_member(root, "diagnose");
    bool is_list = stages && config_setting_is_list(stages);
    size_t stage_count = is_list ? setting_item_count(stages) : 0, step_count = rollback ? steps_in(rollback) : 0;
    if (stages && !is_list)
        load_problem(l, load_place(l, stages), "'stages' is %s; it must be a list of groups: ( {...}, {...} )",
                     setting_type_name(stages));
    else if (stage_count == 0)
        load_problem(l, stages ? load_place(l, stages) : source_place(&l->p->inner->source, 1), "there are no stages");
    step_count += diagnose ? steps_in(diagnose) : 0;
    for (size_t i = 0; i < stage_count; i++)
        step_count += steps_in(setting_item(stages, i));
    l->p->stages = mem_array(stage_count + 2, sizeof *l->p->stages);
    l->p->steps = mem_array(step_count, sizeof *l->p->steps);
    l->step_settings = mem_array(step_count, sizeof *l->step_settings);
    if (is_list)
        load_main_stages(l, stages);
    l->p->main_count = l->p->step_count;
    l->p->diagnose_ms = DEFAULT_DIAGNOSE_MS;
    if (diagnose)
        load_diagnose(l, diagnose);
    if (rollback)
        load_rollback(l, rollback);
    load_steps(l);
}
