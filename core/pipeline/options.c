#include <stdlib.h>
#include <string.h>

#include <belay/plugin.h>

#include "pipeline/load.h"

/** An option of a step that is being read. */
typedef struct option {
    load *load;
    const pipeline_step *step;
    const catalog_option *schema;
    pipeline_place where;
} option;

/* ---- names that nobody knows ------------------------------------------------------------------------------------- */

static const catalog_kind *sibling_with(const catalog_kind *k, const char *name)
{
    for (size_t i = 0; k->plugin && i < k->plugin->kind_count; i++) {
        const catalog_kind *other = &k->plugin->kinds[i];
        if (other != k && catalog_option_find(other, name))
            return other;
    }
    return NULL;
}

/** What nobody knows may still hold references that are wrong: they are named in the same go. */
static void check_unknown(load *l, const config_setting_t *s)
{
    const char *raw = config_setting_get_string(s);
    if (raw)
        free(vars_expand(l, load_place(l, s), raw, false));
}

/** Those that a reader who knows none of them should see first come first. */
static void hint_options(load *l, const catalog_kind *k)
{
    guard_text all = {0};
    for (int required = 1; required >= 0; required--)
        for (size_t i = 0; i < k->option_count; i++)
            if (!!(k->options[i].flags & BELAY_F_REQUIRED) == required)
                text_printf(&all, "%s%s%s", all.count ? ", " : "", k->options[i].name, required ? " (required)" : "");
    if (k->option_count)
        load_hint(l, "it takes: %s; see `belay explain %s`", text_get(&all), k->name);
    else
        load_hint(l, "it has no options but those of every step");
}

static void report_unknown(load *l, const catalog_kind *k, const config_setting_t *s)
{
    const char *name = config_setting_name(s);
    nearest n = nearest_to(name);
    for (size_t i = 0; i < k->option_count; i++)
        nearest_offer(&n, k->options[i].name);
    step_common_offer(&n);
    guard_mem char *meant = load_did_you_mean(&n);
    load_problem(l, load_place(l, s), "unknown option '%s' of %s%s", name, k->name, meant);
    const catalog_kind *other = sibling_with(k, name);
    if (other)
        load_hint(l, "'%s' is an option of %s", name, other->name);
    else if (!*meant)
        hint_options(l, k);
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static bool accepts(const catalog_option *o, const config_setting_t *s)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_STRING: return true;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64: return o->type == BELAY_T_INT || o->type == BELAY_T_LIST;
    case CONFIG_TYPE_FLOAT: return o->type == BELAY_T_LIST;
    case CONFIG_TYPE_BOOL: return o->type == BELAY_T_BOOL;
    default: return false;
    }
}

/** Where nothing better is to be said. */
static void hint_example(const option *o)
{
    guard_text choices = {0};
    for (char **c = o->schema->choices; c && *c; c++)
        text_printf(&choices, "%s\"%s\"", choices.count ? ", " : "", *c);
    if (choices.count)
        load_hint(o->load, "one of %s", text_get(&choices));
    if (choices.count || !o->schema->example)
        return;
    guard_mem char *written = catalog_option_written(o->schema, o->schema->example);
    load_hint(o->load, "for example: %s;", written);
}

static void report_type(const option *o, const config_setting_t *s)
{
    const char *name = o->schema->name;
    bool number = config_setting_is_number(s),
         unit = o->schema->type == BELAY_T_DURATION || o->schema->type == BELAY_T_SIZE;
    double value = setting_number(s);
    if (number && unit) {
        load_problem(o->load, o->where, "option '%s' of %s lacks its unit", name, o->step->kind->name);
        load_hint(o->load, "write it as a text: %s = \"%.15g%s\";", name, value,
                  o->schema->type == BELAY_T_SIZE ? "MB" : "s");
        return;
    }
    load_problem(o->load, o->where, "option '%s' of %s must be %s, not %s", name, o->step->kind->name,
                 value_type_name(o->schema->type), setting_type_name(s));
    if (number && o->schema->type == BELAY_T_STRING)
        load_hint(o->load, "put it in quotes: %s = \"%.15g\";", name, value);
    else if (o->schema->type == BELAY_T_BOOL)
        load_hint(o->load, "write true or false");
    else
        hint_example(o);
}

/** The template of a scalar, or NULL when it was reported. */
static char *scalar_template(const option *o, const config_setting_t *s)
{
    if (!accepts(o->schema, s)) {
        report_type(o, s);
        return NULL;
    }
    unsigned env = o->schema->flags & BELAY_F_SECRET ? REF_ENV : 0;
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_STRING: return setting_template(o->load, s, REF_SECRET | REF_STEPS | env);
    case CONFIG_TYPE_FLOAT: return mem_printf("%.15g", config_setting_get_float(s));
    case CONFIG_TYPE_BOOL: return mem_dup(config_setting_get_bool(s) ? "true" : "false");
    default: return mem_printf("%lld", config_setting_get_int64(s));
    }
}

/** A value that looks like a password rather than a name of something. */
static bool looks_secret(const char *plain)
{
    const char *host = strstr(plain, "://");
    if (host) {
        const char *at = strchr(host + 3, '@'), *colon = strchr(host + 3, ':');
        return at && colon && colon + 1 < at;
    }
    return strstr(plain, "password=") || (*plain && !strpbrk(plain, "=/ "));
}

static void check_secrecy(const option *o, const char *template)
{
    const char *name = o->schema->name;
    unsigned kinds = template_kinds(template);
    bool secret = o->schema->flags & BELAY_F_SECRET;
    if (!secret && (kinds & REF_SECRET)) {
        load_warning(o->load, o->where, "option '%s' of %s is given a secret, but is not marked as one", name,
                     o->step->kind->name);
        load_hint(o->load, "the value is masked in what Belay writes, but the plugin may not know to guard it");
    }
    if (!secret || kinds)
        return;
    guard_mem char *plain = template_plain(template);
    if (!looks_secret(plain))
        return;
    load_warning(o->load, o->where, "option '%s' of %s holds a secret in plain text", name, o->step->kind->name);
    load_hint(o->load, "name it in the secrets section and write %s = \"${secret:NAME}\";", name);
}

/** A template's JSON: typed when it is plain, else the template for later. NULL when it was reported. */
static json_t *typed(const option *o, const char *template)
{
    if (template_kinds(template))
        return json_string(template);
    guard(error) err = NULL;
    guard_mem char *plain = template_plain(template);
    json_t *value = NULL;
    if (value_of(o->schema, o->load->p->folder, plain, o->schema->flags & BELAY_F_SECRET, &value, &err)) {
        guard_mem char *why = error_text(err);
        load_problem(o->load, o->where, "option '%s' of %s: %s", o->schema->name, o->step->kind->name, why);
        if (error_get_hint(err))
            load_hint(o->load, "%s", error_get_hint(err));
        else if (o->schema->type != BELAY_T_ENUM) /* its choices were told */
            hint_example(o);
        return NULL;
    }
    if (!json_is_string(value))
        return value;
    guard_mem char *escaped = template_of(json_string_value(value));
    json_decref(value);
    return json_string(escaped);
}

static json_t *load_scalar(const option *o, const config_setting_t *s)
{
    guard_mem char *template = scalar_template(o, s);
    if (!template)
        return NULL;
    check_secrecy(o, template);
    order_check_references(o->load, o->step, o->where, template);
    return typed(o, template);
}

static json_t *load_list(option *o, const config_setting_t *s)
{
    json_t *list = json_array();
    size_t n = setting_item_count(s);
    for (size_t i = 0; i < n; i++) {
        const config_setting_t *item = setting_item(s, i);
        o->where = load_place(o->load, item);
        json_t *value = load_scalar(o, item);
        if (value)
            json_array_append_new(list, value);
    }
    o->where = load_place(o->load, s);
    if (n == 0 && (o->schema->flags & BELAY_F_REQUIRED)) {
        load_problem(o->load, o->where, "option '%s' of %s: it is empty", o->schema->name, o->step->kind->name);
        hint_example(o);
    }
    return list;
}

/* ---- defaults ---------------------------------------------------------------------------------------------------- */

static json_t *default_list(const option *o)
{
    json_t *list = json_array();
    for (const char *at = o->schema->def; *at;) {
        size_t n = strcspn(at, ",");
        guard_mem char *item = mem_dup_n(at + strspn(at, " "), n > strspn(at, " ") ? n - strspn(at, " ") : 0);
        guard_mem char *template = template_of(item);
        json_t *value = typed(o, template);
        if (value)
            json_array_append_new(list, value);
        at += n + (at[n] == ',');
    }
    return list;
}

static json_t *load_default(const option *o)
{
    if (o->schema->type == BELAY_T_LIST)
        return default_list(o);
    guard_mem char *template = template_of(o->schema->def);
    return typed(o, template);
}

/** The option's value, as given or by default; NULL: none, or wrong and reported. */
static json_t *take_option(option *o, const config_setting_t *group)
{
    const catalog_option *schema = o->schema;
    const catalog_kind *kind = o->step->kind;
    /* A common name that a plugin took for itself keeps the common meaning. */
    bool taken = step_common_name(schema->name);
    const config_setting_t *given = taken ? NULL : setting_member(group, schema->name);
    if (given) {
        o->where = load_place(o->load, given);
        if (schema->flags & BELAY_F_DEPRECATED)
            load_warning(o->load, o->where, "option '%s' of %s is deprecated: %s", schema->name, kind->name,
                         schema->doc);
        return schema->type == BELAY_T_LIST ? load_list(o, given) : load_scalar(o, given);
    }
    if ((schema->flags & BELAY_F_REQUIRED) && !taken) {
        load_problem(o->load, o->where, "step '%s' lacks the option '%s' of %s", o->step->id, schema->name, kind->name);
        guard_mem char *written = schema->example ? catalog_option_written(schema, schema->example) : NULL;
        load_hint(o->load, "%s: %s%s%s%s", schema->name, schema->doc, written ? " For example: " : "",
                  written ? written : "", written ? ";" : "");
        return NULL;
    }
    return schema->def ? load_default(o) : NULL;
}

static void check_names(load *l, const catalog_kind *kind, const config_setting_t *group)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(member);
        if (step_common_name(name) || (kind && catalog_option_find(kind, name)))
            continue;
        if (kind)
            report_unknown(l, kind, member);
        check_unknown(l, member);
    }
}

void step_load_options(load *l, pipeline_step *s, const config_setting_t *group)
{
    s->options = json_object();
    check_names(l, s->kind, group);
    for (size_t i = 0; s->kind && i < s->kind->option_count; i++) {
        option o = {.load = l, .step = s, .schema = &s->kind->options[i], .where = s->where};
        json_t *value = take_option(&o, group);
        if (value)
            json_object_set_new(s->options, o.schema->name, value);
    }
}
