#include <belay/plugin.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "catalog/descriptor.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* What a pipeline file says about every step; an option of the same name could never be given. */
static const char *const reserved[] = {
    "id",         "use",          "title",           "covers",  "needs",    "when",
    "timeout",    "undo_timeout", "retry",           "ready",   "interval", "hits",
    "on_failure", "on_error",     "on_inconclusive", "warn_if", "fail_if",
};

static bool is_name(const char *s, const char *extra, size_t longest)
{
    size_t n = strlen(s);
    if (n == 0 || n > longest || !strchr(LOWER, s[0]))
        return false;
    for (; *s; s++)
        if (!strchr(LOWER DIGITS, *s) && !strchr(extra, *s))
            return false;
    return true;
}

bool catalog_is_plugin_name(const char *name)
{
    return is_name(name, "-", 32) && strlen(name) >= 2;
}

static int check_name(const char *name, const char *what, error **err)
{
    if (is_name(name, "_", 64))
        return 0;
    return error_set(err, ERROR_PLUGIN, "the %s name '%s' is not lower_case_with_underscores", what, name);
}

/* Name and doc of an option, output or metric, and that no other of the count in its table has the name. stride: bytes
 * between two of them; each begins with its name. */
static int check_entry(const char *what, const void *table, size_t stride, size_t index, const char *doc, error **err)
{
    const char *name = NULL, *other = NULL;
    memcpy(&name, (const char *)table + index * stride, sizeof(char *));
    int r = check_name(name, what, err);
    if (r < 0)
        return r;
    if (!*doc)
        return error_set(err, ERROR_PLUGIN, "the %s '%s' has no doc", what, name);
    for (size_t i = 0; i < index; i++) {
        memcpy(&other, (const char *)table + i * stride, sizeof(char *));
        if (strcmp(name, other) == 0)
            return error_set(err, ERROR_PLUGIN, "two %ss are named '%s'", what, name);
    }
    return 0;
}
_Static_assert(offsetof(catalog_option, name) == 0 && offsetof(catalog_output, name) == 0 &&
                   offsetof(catalog_metric, name) == 0,
               "check_entry reads the name at the beginning");

static int check_type(uint32_t type, error **err)
{
    if (type >= BELAY_T_STRING && type <= BELAY_T_LIST)
        return 0;
    return error_set(err, ERROR_PLUGIN, "its type %u is not known", (unsigned)type);
}

/* What units.h says of a value, as a fault of the plugin. */
static int as_plugins_fault(int r, error *why, error **err)
{
    if (r < 0) {
        guard_mem char *text = error_text(why);
        r = error_set(err, ERROR_PLUGIN, "%s", text);
    }
    error_free(why);
    return r;
}

/* ---- values of an option ----------------------------------------------------------------------------------------- */

static int parse_int(const char *s, int64_t *ret, error **err)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(s, &end, 10);
    bool digits = strchr(DIGITS, s[*s == '-' || *s == '+']) && end != s; /* as a pipeline's value is read: no blanks */
    if (errno || !digits || *end)
        return error_set(err, ERROR_PLUGIN, "'%s' is no integer", s);
    *ret = value;
    return 0;
}

static int check_choice(const catalog_option *o, const char *value, error **err)
{
    for (char **c = o->choices; c && *c; c++)
        if (strcmp(*c, value) == 0)
            return 0;
    return error_set(err, ERROR_PLUGIN, "'%s' is none of the choices", value);
}

/* A default or example, read as a user's value would be. */
static int check_value(const catalog_option *o, const char *value, error **err)
{
    int64_t number = 0;
    int r = 0;
    error *why = NULL;
    switch (o->type) {
    case BELAY_T_INT: r = parse_int(value, &number, &why); break;
    case BELAY_T_DURATION: r = units_duration(value, &number, &why); break;
    case BELAY_T_SIZE: r = units_size(value, &number, &why); break;
    case BELAY_T_ENUM: return check_choice(o, value, err);
    case BELAY_T_BOOL:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0
                   ? 0
                   : error_set(err, ERROR_PLUGIN, "'%s' is neither true nor false", value);
    default: return 0;
    }
    r = as_plugins_fault(r, why, err);
    if (r == 0 && o->min < o->max && (number < o->min || number > o->max))
        r = error_set(err, ERROR_PLUGIN, "'%s' is not within its own limits", value);
    return r;
}

/* A plugin that was built for a younger interface may use what is defined only there, and work here without it. */
static bool is_younger(const catalog_kind *k)
{
    return k->plugin->built_minor > BELAY_ABI_MINOR;
}

static int check_known_flags(const catalog_kind *k, uint32_t flags, uint32_t known, error **err)
{
    if (is_younger(k) || !(flags & ~known))
        return 0;
    return error_set(err, ERROR_PLUGIN, "its flag 0x%x is not known", (unsigned)(flags & ~known));
}

static int check_flags(const catalog_option *o, error **err)
{
    if (o->def && o->flags & BELAY_F_REQUIRED)
        return error_set(err, ERROR_PLUGIN, "it is required and has a default");
    if (o->def && o->flags & BELAY_F_SECRET)
        return error_set(err, ERROR_PLUGIN, "it is secret and has a default");
    if (o->min > o->max)
        return error_set(err, ERROR_PLUGIN, "its min is above its max");
    if (o->type == BELAY_T_ENUM && !(o->choices && *o->choices))
        return error_set(err, ERROR_PLUGIN, "it has no choices");
    if (o->type != BELAY_T_ENUM && o->choices)
        return error_set(err, ERROR_PLUGIN, "it has choices and is no enum");
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(o->name, reserved[i]) == 0)
            return error_set(err, ERROR_PLUGIN, "the name is one that pipeline files give to every step");
    return 0;
}

static int check_options(const catalog_kind *k, error **err)
{
    for (size_t i = 0; i < k->option_count; i++) {
        const catalog_option *o = &k->options[i];
        int r = check_entry("option", k->options, sizeof *o, i, o->doc, err);
        if (r == 0)
            r = check_type(o->type, err);
        if (r == 0)
            r = check_known_flags(k, o->flags, BELAY_F_REQUIRED | BELAY_F_SECRET | BELAY_F_DEPRECATED, err);
        if (r == 0)
            r = check_flags(o, err);
        if (r == 0 && o->def && (r = check_value(o, o->def, err)) < 0)
            r = error_wrap(err, "its default");
        if (r == 0 && o->example && (r = check_value(o, o->example, err)) < 0)
            r = error_wrap(err, "its example");
        if (r < 0)
            return error_wrap(err, "option '%s'", o->name);
    }
    return 0;
}

/* ---- outputs, metrics, callbacks --------------------------------------------------------------------------------- */

static int check_outputs(const catalog_kind *k, error **err)
{
    for (size_t i = 0; i < k->output_count; i++) {
        int r = check_entry("output", k->outputs, sizeof *k->outputs, i, k->outputs[i].doc, err);
        if (r == 0)
            r = check_type(k->outputs[i].type, err);
        if (r == 0)
            r = check_known_flags(k, k->outputs[i].flags, BELAY_F_SECRET | BELAY_F_COMMIT, err);
        if (r < 0)
            return error_wrap(err, "output '%s'", k->outputs[i].name);
    }
    return 0;
}

static int check_unit(const catalog_kind *k, const char *unit, error **err)
{
    static const char *const units[] = {"", "ms", "%", "1/s", "B"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i]) == 0)
            return 0;
    if (is_younger(k))
        return 0;
    return error_set(err, ERROR_PLUGIN, "its unit '%s' is none of \"ms\", \"%%\", \"1/s\", \"B\" and \"\"", unit);
}

static int check_threshold(const catalog_metric *m, const char *threshold, error **err)
{
    units_threshold parsed;
    error *why = NULL;
    int r = threshold ? units_threshold_parse(threshold, m->unit, &parsed, &why) : 0;
    return as_plugins_fault(r, why, err);
}

static int check_metrics(const catalog_kind *k, error **err)
{
    for (size_t i = 0; i < k->metric_count; i++) {
        const catalog_metric *m = &k->metrics[i];
        int r = check_entry("metric", k->metrics, sizeof *m, i, m->doc, err);
        if (r == 0)
            r = check_unit(k, m->unit, err);
        if (r == 0)
            r = check_threshold(m, m->warn, err);
        if (r == 0)
            r = check_threshold(m, m->fail, err);
        if (r < 0)
            return error_wrap(err, "metric '%s'", m->name);
    }
    return 0;
}

static int check_callbacks(const catalog_kind *k, error **err)
{
    bool read_only = k->flags & BELAY_S_READ_ONLY, irreversible = k->flags & BELAY_S_IRREVERSIBLE;
    const catalog_plugin *p = k->plugin;
    const struct {
        bool broken;
        const char *why;
    } rules[] = {
        {read_only && irreversible, "it is both READ_ONLY and IRREVERSIBLE"},
        {read_only && (k->has_execute || k->has_rollback || k->has_discard),
         "it is READ_ONLY and has execute, rollback or discard"},
        {read_only && !k->has_prepare && !k->has_verify, "it is READ_ONLY and has neither prepare nor verify"},
        {k->flags & BELAY_S_WAITS && (!read_only || !k->has_verify), "it WAITS, and is not READ_ONLY with a verify"},
        {!read_only && !k->has_execute, "it has no execute; a check says READ_ONLY"},
        {k->has_execute && !k->has_rollback && !irreversible,
         "it has execute without rollback and is not IRREVERSIBLE"},
        {k->has_rollback && irreversible, "it is IRREVERSIBLE and has rollback"},
        {k->has_rollback && p->undo_format == 0, "it has rollback, and the plugin's undo_format is 0"},
        {k->has_rollback && (p->undo_format_oldest == 0 || p->undo_format_oldest > p->undo_format),
         "the plugin's undo_format_oldest is not between 1 and its undo_format"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].broken)
            return error_set(err, ERROR_PLUGIN, "%s", rules[i].why);
    return 0;
}

static int check_kind(const catalog_plugin *p, size_t index, error **err)
{
    const catalog_kind *k = &p->kinds[index];
    int r = check_name(k->step, "step", err);
    if (r == 0 && !*k->doc)
        r = error_set(err, ERROR_PLUGIN, "it has no doc");
    for (size_t i = 0; r == 0 && i < index; i++)
        if (strcmp(p->kinds[i].step, k->step) == 0)
            r = error_set(err, ERROR_PLUGIN, "two steps have this name");
    if (r == 0)
        r = check_known_flags(k, k->flags, BELAY_S_READ_ONLY | BELAY_S_IRREVERSIBLE | BELAY_S_WAITS, err);
    if (r == 0)
        r = check_callbacks(k, err);
    if (r == 0)
        r = check_options(k, err);
    if (r == 0)
        r = check_outputs(k, err);
    if (r == 0)
        r = check_metrics(k, err);
    return r < 0 ? error_wrap(err, "step '%s'", k->step) : 0;
}

int descriptor_lint(const catalog_plugin *p, error **err)
{
    if (p->needs_minor > BELAY_ABI_MINOR) {
        (void)error_set(err, ERROR_PLUGIN, "it needs plugin interface 1.%u, this Belay has 1.%u", p->needs_minor,
                        BELAY_ABI_MINOR);
        return error_hint(err, "update Belay, or install a build of the plugin for interface 1.%u", BELAY_ABI_MINOR);
    }
    if (!catalog_is_plugin_name(p->name))
        return error_set(err, ERROR_PLUGIN, "its name '%s' is not 2 to 32 of a-z, 0-9 and '-', beginning with a letter",
                         p->name);
    if (!*p->version || strpbrk(p->version, " \t\r\n"))
        return error_set(err, ERROR_PLUGIN, "its version '%s' is empty or has blanks", p->version);
    if (!*p->doc)
        return error_set(err, ERROR_PLUGIN, "it has no doc");
    if (p->kind_count == 0)
        return error_set(err, ERROR_PLUGIN, "it offers no step");
    for (size_t i = 0; i < p->kind_count; i++) {
        int r = check_kind(p, i, err);
        if (r < 0)
            return r;
    }
    return 0;
}
