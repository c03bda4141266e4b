#include <stdlib.h>
#include <string.h>

#include "pipeline/load.h"

/** What the pipeline section holds. */
static const char *const pipeline_names[] = {"name", "environment", "version", "previous", "protected", "lock", NULL};

/** raw: owned; NULL: the file does not say. */
static definition *define(load *l, const char *section, const char *name, pipeline_place where, char *raw)
{
    mem_reserve(&l->definitions);
    definition *d = &l->definitions.items[l->definitions.count++];
    *d = (definition){.section = section, .where = where, .given = raw != NULL, .raw = raw ? raw : mem_dup("")};
    d->full = mem_printf("%s.%s", section, name);
    d->name = d->full + strlen(section) + 1;
    return d;
}

/* ---- the sections ------------------------------------------------------------------------------------------------ */

static char *scalar_text(const config_setting_t *s)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_STRING: return mem_dup(config_setting_get_string(s));
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64: return mem_printf("%lld", config_setting_get_int64(s));
    case CONFIG_TYPE_FLOAT: return mem_printf("%.15g", config_setting_get_float(s));
    case CONFIG_TYPE_BOOL: return mem_dup(config_setting_get_bool(s) ? "true" : "false");
    default: return NULL;
    }
}

/** The section, when it is a group. */
static const config_setting_t *section(load *l, const config_setting_t *root, const char *name)
{
    const config_setting_t *s = setting_member(root, name);
    if (!s || config_setting_is_group(s))
        return s;
    load_problem(l, load_place(l, s), "'%s' is %s; it must be a group", name, setting_type_name(s));
    return NULL;
}

static void collect_vars(load *l, const config_setting_t *root)
{
    const config_setting_t *vars = section(l, root, "vars");
    for (int i = 0; vars && i < config_setting_length(vars); i++) {
        const config_setting_t *s = config_setting_get_elem(vars, (unsigned)i);
        char *raw = scalar_text(s);
        if (!raw)
            load_problem(l, load_place(l, s), "variable '%s' is %s; it must be a text, a number, true or false",
                         config_setting_name(s), setting_type_name(s));
        define(l, "vars", config_setting_name(s), load_place(l, s), raw)->done = !raw;
    }
}

static void collect_pipeline(load *l, const config_setting_t *root)
{
    pipeline_place begin = source_place(&l->p->inner->source, 1);
    const config_setting_t *group = section(l, root, "pipeline");
    if (group)
        setting_check_names(l, group, "the pipeline section", pipeline_names);
    for (const char *const *name = pipeline_names; *name; name++) {
        const config_setting_t *s = group ? setting_member(group, *name) : NULL;
        bool truth = s && strcmp(*name, "protected") == 0 && config_setting_type(s) == CONFIG_TYPE_BOOL;
        guard_mem char *said = truth ? scalar_text(s) : NULL;
        const char *raw = truth ? said : s ? config_setting_get_string(s) : NULL;
        if (s && !raw) {
            load_problem(l, load_place(l, s), "'%s' is %s; it must be a text", *name, setting_type_name(s));
            load_hint(l, "put it in quotes");
        }
        pipeline_place where = s ? load_place(l, s) : group ? load_place(l, group) : begin;
        definition *d = define(l, "pipeline", *name, where, mem_dup_or_null(raw));
        d->given = s || (setting_member(root, "pipeline") && !group);
        d->done = d->given && !raw; /* wrong, and reported */
    }
    define(l, "pipeline", "dir", begin, template_of(l->p->folder))->fixed = true;
}

/** Takes "env.NAME=value" of a text that a run recorded; false: it is another override. */
static bool take_recorded(load *l, const char *set)
{
    const size_t prefix = strlen("env."), n = strcspn(set, "=");
    if (!text_starts(set, "env.") || !set[n])
        return false;
    guard_mem char *name = mem_dup_n(set + prefix, n - prefix);
    environment_record(l->p->inner->environment, name, set + n + 1);
    return true;
}

/** Applies "vars.x=y" or "pipeline.version=z". The value is what it says: it comes from outside, and refers to nothing.
 */
static void override(load *l, pipeline_place where, const char *set)
{
    size_t n = strcspn(set, "=");
    guard_mem char *full = mem_dup_n(set, n);
    if (!set[n]) {
        load_problem(l, where, "the override '%s' is not NAME=VALUE", set);
        return;
    }
    nearest near = nearest_to(full);
    for (size_t i = 0; i < l->definitions.count; i++) {
        definition *d = &l->definitions.items[i];
        if (!d->fixed && strcmp(d->full, full) == 0) {
            free(d->raw);
            d->raw = template_of(set + n + 1);
            d->given = true;
            d->where = where;
            return;
        }
        if (!d->fixed)
            nearest_offer(&near, d->full);
    }
    guard_mem char *meant = load_did_you_mean(&near);
    load_problem(l, where, "there is no '%s' to override%s", full, meant);
    load_hint(l, "what can be set: vars.NAME of the file's vars, and pipeline.name, .environment, .version, .previous, "
                 ".protected, .lock");
}

void vars_collect(load *l, const config_setting_t *root, const char *const *sets)
{
    collect_vars(l, root);
    collect_pipeline(l, root);
    const config_setting_t *recorded = setting_member(root, "overrides");
    for (size_t i = 0; recorded && i < setting_item_count(recorded); i++) {
        const config_setting_t *item = setting_item(recorded, i);
        const char *set = config_setting_get_string(item);
        if (set && !take_recorded(l, set))
            override(l, load_place(l, item), set);
        else if (!set)
            load_problem(l, load_place(l, item), "'overrides' must be a list of texts");
    }
    const char *file = source_file(&l->p->inner->source, "--set");
    for (unsigned i = 0; sets && sets[i]; i++)
        override(l, (pipeline_place){file, i + 1}, sets[i]);
}

static void report_missing(load *l)
{
    static const char *const required[] = {"name", "environment", "version"};
    guard_text missing = {0};
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!vars_find(l, "pipeline", required[i])->given)
            text_printf(&missing, "%s'%s'", missing.count ? ", " : "", required[i]);
    if (!missing.count)
        return;
    load_problem(l, vars_find(l, "pipeline", "name")->where, "the pipeline section lacks %s", text_get(&missing));
    load_hint(l, "pipeline: { name = \"shop\"; environment = \"staging\"; version = \"v1.2.0\"; };");
}

void vars_settle(load *l)
{
    report_missing(l);
    l->p->vars = json_object();
    for (size_t i = 0; i < l->definitions.count; i++) {
        definition *d = &l->definitions.items[i];
        const char *value = vars_value(l, d, NULL);
        if (value && strcmp(d->section, "vars") == 0)
            json_object_set_new(l->p->vars, d->name, json_string(value));
    }
}

char *vars_text(load *l, const char *section, const char *name)
{
    const definition *d = vars_find(l, section, name);
    if (!d || !d->value)
        return NULL;
    if (template_kinds(d->value) & (REF_SECRET | REF_STEPS)) {
        load_problem(l, d->where, "%s cannot use a secret or an output", d->full);
        return NULL;
    }
    guard_mem char *template = vars_expand(l, d->where, d->value, true);
    return template ? template_plain(template) : NULL;
}

pipeline_place vars_place(const load *l, const char *section, const char *name)
{
    const definition *d = vars_find(l, section, name);
    return d ? d->where : source_place(&l->p->inner->source, 1);
}

void vars_done(load *l)
{
    for (size_t i = 0; i < l->definitions.count; i++) {
        free(l->definitions.items[i].full);
        free(l->definitions.items[i].raw);
        free(l->definitions.items[i].value);
    }
    free(l->definitions.items);
    l->definitions = (definitions){0};
}
