#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "pipeline/load.h"

static const char *string_of(load *l, const config_setting_t *s)
{
    const char *value = config_setting_get_string(s);
    if (!value) {
        load_problem(l, load_place(l, s), "'%s' is %s; it must be a text", setting_label(s), setting_type_name(s));
        if (config_setting_is_number(s) || config_setting_type(s) == CONFIG_TYPE_BOOL)
            load_hint(l, "put it in quotes");
    }
    return value;
}

char *setting_template(load *l, const config_setting_t *s, unsigned allowed)
{
    const char *raw = string_of(l, s);
    char *template = raw ? vars_expand(l, load_place(l, s), raw, !(allowed & REF_ENV)) : NULL;
    unsigned forbidden = template ? template_kinds(template) & ~allowed : 0;
    if (!forbidden)
        return template;
    free(template);
    load_problem(l, load_place(l, s), "'%s' cannot use %s", setting_label(s),
                 forbidden & REF_SECRET ? "${secret:...}" : "${steps...}");
    load_hint(l, "only ${vars...}, ${pipeline...} and ${env:...} are known when the file is read");
    return NULL;
}

char *setting_text(load *l, const config_setting_t *s)
{
    guard_mem char *template = setting_template(l, s, REF_TEXT);
    return template ? template_plain(template) : NULL;
}

const char *setting_name(load *l, const config_setting_t *s)
{
    const char *value = string_of(l, s);
    if (!value)
        return NULL;
    size_t n = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    if (n > 0 && n < 64 && !value[n])
        return value;
    load_problem(l, load_place(l, s), "'%s' is not a name: '%s'", setting_label(s), value);
    load_hint(l, "names are made of letters, digits, '-' and '_', at most 63");
    return NULL;
}

char **setting_texts(load *l, const config_setting_t *s)
{
    size_t n = setting_item_count(s), count = 0;
    char **texts = mem_array(n + 1, sizeof *texts);
    for (size_t i = 0; i < n; i++) {
        char *one = setting_text(l, setting_item(s, i));
        if (one)
            texts[count++] = one;
    }
    return texts;
}

static bool parse_int(const char *text, int64_t *ret)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || strchr(" \t\n", *text))
        return false;
    *ret = value;
    return true;
}

bool setting_int(load *l, const config_setting_t *s, int64_t min, int64_t max, int64_t *ret)
{
    int64_t value = 0;
    if (config_setting_type(s) == CONFIG_TYPE_STRING) {
        guard_mem char *text = setting_text(l, s);
        if (!text)
            return false;
        if (!parse_int(text, &value)) {
            load_problem(l, load_place(l, s), "'%s' must be a whole number, not '%s'", setting_label(s), text);
            return false;
        }
    } else if (config_setting_type(s) == CONFIG_TYPE_INT || config_setting_type(s) == CONFIG_TYPE_INT64) {
        value = config_setting_get_int64(s);
    } else {
        load_problem(l, load_place(l, s), "'%s' must be a whole number", setting_label(s));
        return false;
    }
    if (value < min || value > max) {
        load_problem(l, load_place(l, s), "'%s' must be from %lld to %lld", setting_label(s), (long long)min,
                     (long long)max);
        return false;
    }
    *ret = value;
    return true;
}

bool setting_duration(load *l, const config_setting_t *s, int64_t min, int64_t *ret)
{
    if (config_setting_is_number(s)) {
        load_problem(l, load_place(l, s), "'%s' lacks its unit", setting_label(s));
        load_hint(l, "write it as a text: %s = \"%.15gs\"; units are ms, s, m, h, d", setting_label(s),
                  setting_number(s));
        return false;
    }
    guard_mem char *text = setting_text(l, s);
    guard(error) err = NULL;
    int64_t ms = 0;
    if (!text)
        return false;
    if (units_duration(text, &ms, &err)) {
        guard_mem char *why = error_text(err);
        load_problem(l, load_place(l, s), "'%s': %s", setting_label(s), why);
        if (error_get_hint(err))
            load_hint(l, "%s", error_get_hint(err));
        return false;
    }
    if (ms < min) {
        char least[UNITS_TEXT];
        load_problem(l, load_place(l, s), "'%s' must be at least %s, not \"%s\"", setting_label(s),
                     units_show_duration(min, least), text);
        return false;
    }
    *ret = ms;
    return true;
}
