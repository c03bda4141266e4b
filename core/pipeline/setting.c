#include <stdlib.h>
#include <string.h>

#include "pipeline/load.h"

const char *setting_type_name(const config_setting_t *s)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_GROUP: return "a group";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64: return "a number";
    case CONFIG_TYPE_FLOAT: return "a decimal number";
    case CONFIG_TYPE_STRING: return "a text";
    case CONFIG_TYPE_BOOL: return "true or false";
    case CONFIG_TYPE_ARRAY:
    case CONFIG_TYPE_LIST: return "a list";
    default: return "nothing";
    }
}

double setting_number(const config_setting_t *s)
{
    return config_setting_type(s) == CONFIG_TYPE_FLOAT ? config_setting_get_float(s)
           : config_setting_is_number(s)               ? (double)config_setting_get_int64(s)
                                                       : 0;
}

config_setting_t *setting_member(const config_setting_t *group, const char *name)
{
    return config_setting_is_group(group) ? config_setting_get_member(group, name) : NULL;
}

void setting_check_names(load *l, const config_setting_t *group, const char *what, const char *const *names)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(member);
        const char *const *known = names;
        while (*known && strcmp(*known, name) != 0)
            known++;
        if (*known)
            continue;
        guard_mem char *meant = load_did_you_mean_of(name, names);
        load_problem(l, load_place(l, member), "unknown '%s' in %s%s", name, what, meant);
    }
}

const char *setting_label(const config_setting_t *s)
{
    while (s && !config_setting_name(s))
        s = config_setting_parent(s);
    return s ? config_setting_name(s) : "?";
}

size_t setting_item_count(const config_setting_t *s)
{
    bool many = config_setting_is_array(s) || config_setting_is_list(s);
    return many ? (size_t)config_setting_length(s) : 1;
}

const config_setting_t *setting_item(const config_setting_t *s, size_t i)
{
    bool many = config_setting_is_array(s) || config_setting_is_list(s);
    return many ? config_setting_get_elem(s, (unsigned)i) : s;
}

void setting_quote(text *out, const char *s, size_t n)
{
    text_puts(out, "\"");
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"' || s[i] == '\\')
            text_printf(out, "\\%c", s[i]);
        else if ((unsigned char)s[i] < 0x20)
            text_printf(out, "\\x%02x", (unsigned)s[i]);
        else
            text_add(out, s + i, 1);
    }
    text_puts(out, "\"");
}

void texts_free(char **texts)
{
    for (char **t = texts; t && *t; t++)
        free(*t);
    free(texts);
}
