#include <stdlib.h>
#include <string.h>

#include <belay/plugin.h>

#include "base/file.h"
#include "pipeline/load.h"

/*
 * The step is written as the text of a pipeline, which is then loaded like any other. The n-th "option=value" stands in
 * its n-th line, so that a problem's place tells which one is meant.
 */

static const char *const not_settable[] = {"id", "use", "needs", NULL};

static size_t name_length(const char *set)
{
    return strcspn(set, "=");
}

/** Another value for the option of `set`. */
static bool is_same_option(const char *set, const char *other)
{
    return strncmp(set, other, name_length(set) + 1) == 0;
}

static bool is_list(const catalog_kind *k, const char *name)
{
    static const char *const lists[] = {"covers", "fail_if", "warn_if", NULL};
    for (const char *const *common = lists; *common; common++)
        if (strcmp(*common, name) == 0)
            return true;
    const catalog_option *o = k ? catalog_option_find(k, name) : NULL;
    return o && o->type == BELAY_T_LIST;
}

static void add_item(text *out, const char *item, size_t n, bool *first)
{
    text_puts(out, *first ? "" : ", ");
    setting_quote(out, item, n);
    *first = false;
}

/* s: at an opening quote. Gives what is between the quotes, and moves s behind the closing one; NULL without one. The
 * caller frees. */
static char *read_quoted(const char **s)
{
    guard_text item = {0};
    const char *p = *s + 1;
    for (; *p && *p != '"'; p++) {
        p += *p == '\\' && p[1];
        text_add(&item, p, 1);
    }
    *s = p + (*p == '"');
    return *p ? mem_dup(text_get(&item)) : NULL;
}

/* `["a", "b"]` or `[a, b]`, as a pipeline file has it; with parentheses, too. False when it is not whole; out: NULL to
 * ask only that. */
static bool add_written_list(text *out, const char *value, bool *first)
{
    const char close = *value == '[' ? ']' : ')', *p = value + 1;
    for (;;) {
        p += strspn(p, " \t\n,");
        if (*p == close)
            return !p[1];
        if (!*p)
            return false;
        size_t bare = strcspn(p, ",])");
        guard_mem char *quoted = NULL;
        if (*p == '"' && !(quoted = read_quoted(&p)))
            return false;
        if (out)
            add_item(out, quoted ? quoted : p, quoted ? strlen(quoted) : bare, first);
        p += quoted ? 0 : bare;
    }
}

static bool is_written_list(const char *value)
{
    return *value == '[' || *value == '(';
}

static void add_items(text *out, const char *value, bool *first)
{
    if (is_written_list(value) && add_written_list(NULL, value, first)) {
        (void)add_written_list(out, value, first);
        return;
    }
    while (*value) {
        size_t n = strcspn(value, ",");
        add_item(out, value, n, first);
        value += n + (value[n] == ',');
    }
}

/** All values that are given for the option of sets[i]. */
static void add_list(text *out, const char *const *sets, size_t i)
{
    bool first = true;
    size_t n = name_length(sets[i]);
    text_puts(out, "(");
    for (size_t k = i; sets[k]; k++)
        if (is_same_option(sets[i], sets[k]))
            add_items(out, sets[k] + n + 1, &first);
    text_puts(out, ")");
}

/** "retry.attempts=3" and its kin, as one group. */
static void add_retry(text *out, const char *const *sets)
{
    text_puts(out, "retry = { ");
    for (; *sets; sets++) {
        size_t n = name_length(*sets);
        if (!text_starts(*sets, "retry."))
            continue;
        text_printf(out, "%.*s = ", (int)n - 6, *sets + 6);
        setting_quote(out, *sets + n + 1, strlen(*sets + n + 1));
        text_puts(out, "; ");
    }
    text_puts(out, "}; ");
}

static void add_option(text *out, const catalog_kind *k, const char *const *sets, size_t i)
{
    bool retry = text_starts(sets[i], "retry.");
    guard_mem char *name = mem_dup_n(sets[i], name_length(sets[i]));
    bool list = is_list(k, name);
    for (size_t earlier = 0; earlier < i; earlier++)
        if (retry ? text_starts(sets[earlier], "retry.") : list && is_same_option(sets[i], sets[earlier]))
            return; /* written where it came first */
    if (retry) {
        add_retry(out, sets);
        return;
    }
    text_printf(out, "%s = ", name);
    if (list)
        add_list(out, sets, i);
    else
        setting_quote(out, sets[i] + strlen(name) + 1, strlen(sets[i] + strlen(name) + 1));
    text_puts(out, "; ");
}

static int check_set(const char *set, error **err)
{
    size_t n = name_length(set);
    size_t letters = strspn(set, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");
    bool starts_well = (*set >= 'a' && *set <= 'z') || (*set >= 'A' && *set <= 'Z');
    const char *dot = memchr(set, '.', n);
    bool dot_is_good = !dot || (text_starts(set, "retry.") && n > 6 && !memchr(dot + 1, '.', n - 6));
    if (!set[n] || letters != n || !starts_well || !dot_is_good)
        return error_set(err, ERROR_USAGE, "'%s' is not OPTION=VALUE", set);
    for (const char *const *name = not_settable; *name; name++)
        if (strlen(*name) == n && strncmp(*name, set, n) == 0)
            return error_set(err, ERROR_USAGE, "'%s' means nothing for a step that runs alone", *name);
    return 0;
}

int pipeline_of_step(const catalog *catalog, const char *kind, const char *const *sets, const char *folder,
                     pipeline **ret, pipeline_problems *problems, error **err)
{
    const catalog_kind *k = catalog_kind_find(catalog, kind);
    guard_text out = {0};
    text_puts(&out, SOURCE_MARK_BEGIN);
    text_puts(&out, sets && sets[0] ? "--set" : k ? k->name : "try");
    text_puts(&out, "\n"
                    "pipeline: { name = \"try\"; environment = \"try\"; version = \"try\"; }; "
                    "stages: ( { name = \"try\"; steps: ( { id = \"try\"; use = ");
    setting_quote(&out, kind, strlen(kind));
    text_puts(&out, "; ");
    for (size_t i = 0; sets && sets[i]; i++) {
        int r = check_set(sets[i], err);
        if (r)
            return r;
        add_option(&out, k, sets, i);
        text_puts(&out, "\n");
    }
    text_puts(&out, "} ); } );\n" SOURCE_MARK_END "\n");
    guard_mem char *path = file_absolute(folder, "try");
    pipeline_source source = {.path = path, .text = text_get(&out)};
    int r = pipeline_load(&source, catalog, ret, problems, err);
    if (r == 0 || !pipeline_problems_fatal(problems))
        return r;
    error_free(*err);
    *err = NULL;
    (void)error_set(err, ERROR_CONFIG, "%s cannot be tried as it is given", kind);
    return k ? error_hint(err, "options are given as --set NAME=VALUE; `belay explain %s` lists them", kind)
             : error_hint(err, "`belay explain` lists the kinds there are");
}
