#include "flow_reader.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json_path.h"

void reader_problem(flow_reader *r, const config_setting_t *s, const char *fmt, ...)
{
    char *what = NULL;
    va_list ap;
    flow_add_place(r->flow, s, r->problems);
    va_start(ap, fmt);
    int n = vasprintf(&what, fmt, ap);
    va_end(ap);
    text_add(r->problems, "%s\n", n < 0 ? "out of memory" : what);
    if (n >= 0)
        free(what);
}

unsigned flow_type(const config_setting_t *s)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_STRING: return FLOW_TEXT;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
    case CONFIG_TYPE_FLOAT: return FLOW_NUMBER;
    case CONFIG_TYPE_BOOL: return FLOW_BOOL;
    case CONFIG_TYPE_GROUP: return FLOW_GROUP;
    default: return FLOW_LIST;
    }
}

/* "a text, a number or a list", into a buffer. */
static const char *type_names(unsigned types, char *out, size_t size)
{
    static const char *const names[] = {"a text", "a number", "true or false", "a group { }", "a list"};
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (types & (1u << i) && used < size) {
            bool last = !(types >> (i + 1));
            int n = snprintf(out + used, size - used, "%s%s", used ? last ? " or " : ", " : "", names[i]);
            used += n > 0 ? (size_t)n : 0;
        }
    return out;
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

/* Its text with the known variables, which are empty; NULL when that was a problem. */
char *reader_expand(flow_reader *r, const config_setting_t *s)
{
    guard_mem char *why = NULL;
    char *out = flow_vars_expand(&r->known, config_setting_get_string(s), &why);
    if (!out)
        reader_problem(r, s, "%s", why);
    return out;
}

void reader_texts(flow_reader *r, const config_setting_t *s)
{
    if (flow_type(s) == FLOW_TEXT) {
        free(reader_expand(r, s));
        return;
    }
    for (int i = 0; config_setting_is_aggregate(s) && i < config_setting_length(s); i++)
        reader_texts(r, config_setting_get_elem(s, (unsigned)i));
}

void reader_duration(flow_reader *r, const config_setting_t *s)
{
    if (flow_duration(config_setting_get_string(s)) <= 0)
        reader_problem(r, s, "'%s' is no time; write \"250ms\", \"2s\" or \"5m\"", config_setting_get_string(s));
}

void reader_regex(flow_reader *r, const config_setting_t *s)
{
    guard_mem char *pattern = reader_expand(r, s);
    regex_t regex;
    int code = pattern ? regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) : -1;
    char why[128];
    if (code == 0)
        regfree(&regex);
    else if (pattern) {
        regerror(code, NULL, why, sizeof why);
        reader_problem(r, s, "'%s' is no extended regular expression: %s", pattern, why);
    }
}

void reader_path(flow_reader *r, const config_setting_t *s)
{
    guard_mem char *path = reader_expand(r, s);
    if (path && !json_path_is_valid(path))
        reader_problem(r, s, "'%s' is no place in a JSON document; write \"user.items[0].id\"",
                       config_setting_get_string(s));
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static void check_unknown(flow_reader *r, const config_setting_t *s, const flow_rule *rules, const char *what)
{
    guard_text known = {0};
    for (const flow_rule *one = rules; one->name; one++)
        text_add(&known, "%s%s", one == rules ? "" : ", ", one->name);
    reader_problem(r, s, "unknown '%s' in %s; there are: %s", config_setting_name(s), what, text_of(&known));
}

/* Each member of a group against its rule. */
void reader_members(flow_reader *r, const config_setting_t *group, const flow_rule *rules, const char *what)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
        const flow_rule *one = rules;
        char names[120];
        while (one->name && strcmp(one->name, config_setting_name(s)) != 0)
            one++;
        if (!one->name)
            check_unknown(r, s, rules, what);
        else if (!(flow_type(s) & one->types))
            reader_problem(r, s, "'%s' must be %s", one->name, type_names(one->types, names, sizeof names));
        else
            (one->check ? one->check : reader_texts)(r, s);
    }
}

/* A group whose members may have any name, and must be texts, numbers, or true or false. */
void reader_pairs(flow_reader *r, const config_setting_t *s)
{
    for (int i = 0; i < config_setting_length(s); i++) {
        const config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
        if (flow_type(one) & FLOW_SCALAR)
            reader_texts(r, one);
        else
            reader_problem(r, one, "'%s' must be a text, a number, or true or false", config_setting_name(one));
    }
}
