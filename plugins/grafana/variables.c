#include "variables.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL           "$__all"
#define NAME_MAX_TEXT 64

/*
 * Each variable is an object: "values", an array of texts; "multi", whether they stand within a regular expression;
 * "raw", a text that is put in as it is. One whose value is known to Grafana's frontend only has none of them.
 */

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* All options of the variable but "All"; NULL when the dashboard does not list them. */
static json_t *all_options(const json_t *variable)
{
    json_t *values = json_array(), *option;
    size_t i;
    json_array_foreach(json_object_get(variable, "options"), i, option) {
        const char *value = json_string_value(json_object_get(option, "value"));
        if (value && strcmp(value, ALL) != 0)
            json_array_append_new(values, json_string(value));
    }
    if (json_array_size(values))
        return values;
    json_decref(values);
    return NULL;
}

static bool is_all(const json_t *value)
{
    const char *text = json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);
    return text && strcmp(text, ALL) == 0;
}

static json_t *read_one(const json_t *variable)
{
    json_t *current = json_object_get(json_object_get(variable, "current"), "value");
    const char *own_all = json_string_value(json_object_get(variable, "allValue"));
    bool multi =
        json_is_true(json_object_get(variable, "multi")) || json_is_true(json_object_get(variable, "includeAll"));
    json_t *one = json_pack("{s:b}", "multi", multi);
    if (!json_is_string(current) && !json_is_array(current)) /* a constant, or a text box that nobody filled */
        current = json_object_get(variable, "query");
    if (is_all(current) && own_all && *own_all)
        json_object_set_new(one, "raw", json_string(own_all));
    else if (is_all(current))
        json_object_set_new(one, "values", all_options(variable));
    else if (json_is_array(current))
        json_object_set(one, "values", current);
    else if (json_is_string(current))
        json_object_set_new(one, "values", json_pack("[O]", current));
    return one;
}

static void override(json_t *variables, const char *item, json_t *seen)
{
    char name[NAME_MAX_TEXT];
    const char *equals = strchr(item, '=');
    if (!equals)
        return; /* prepare has said so */
    snprintf(name, sizeof name, "%.*s", (int)(equals - item), item);
    json_t *one = json_object_get(variables, name);
    if (!one)
        json_object_set_new(variables, name, one = json_object());
    if (!json_object_get(seen, name)) {
        json_object_del(one, "raw");
        json_object_set_new(one, "values", json_array());
        json_object_set_new(seen, name, json_true());
    }
    json_array_append_new(json_object_get(one, "values"), json_string(equals + 1));
}

json_t *variables_read(const json_t *dashboard, const char *const *overrides)
{
    json_t *variables = json_object(), *variable, *seen = json_object();
    size_t i;
    json_array_foreach(json_object_get(json_object_get(dashboard, "templating"), "list"), i, variable) {
        const char *name = json_string_value(json_object_get(variable, "name"));
        if (name)
            json_object_set_new(variables, name, read_one(variable));
    }
    for (; *overrides; overrides++)
        override(variables, *overrides, seen);
    json_decref(seen);
    return variables;
}

/* ---- putting ----------------------------------------------------------------------------------------------------- */

typedef struct output {
    char *text;
    size_t length, room;
} output;

static void add(output *o, const char *bytes, size_t n)
{
    if (o->length + n + 1 > o->room) {
        o->room = 2 * (o->length + n + 1);
        o->text = realloc(o->text, o->room);
        if (!o->text)
            abort(); /* a worker without memory is a failed phase */
    }
    memcpy(o->text + o->length, bytes, n);
    o->length += n;
    o->text[o->length] = '\0';
}

/* How the values of a variable are written: what stands before, between and after them, and before each sign that is
 * special in a regular expression. In PromQL that one stands within a string, so its backslash is doubled. */
typedef struct style {
    const char *format, *before, *between, *after, *escape;
} style;

static const style styles[] = {
    {"", "(", "|", ")", "\\\\"}, {"regex", "(", "|", ")", "\\"}, {"pipe", "", "|", "", ""},
    {"csv", "", ",", "", ""},    {"raw", "", ",", "", ""},       {"text", "", " + ", "", ""},
};

static const style *style_of(const char *format)
{
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        if (strcmp(styles[i].format, format) == 0)
            return &styles[i];
    return NULL;
}

static void add_value(output *o, const char *value, const char *escape)
{
    for (; *value; value++) {
        if (*escape && strchr("\\^$*{}[]'+?.()|", *value))
            add(o, escape, strlen(escape));
        add(o, value, 1);
    }
}

static void add_variable(output *o, const json_t *one, const style *how)
{
    const json_t *values = json_object_get(one, "values");
    const char *raw = json_string_value(json_object_get(one, "raw"));
    bool many = json_array_size(values) > 1;
    bool plain = !*how->format && !many && !json_is_true(json_object_get(one, "multi"));
    size_t i;
    json_t *value;
    if (raw) {
        add(o, raw, strlen(raw));
        return;
    }
    add(o, how->before, many ? strlen(how->before) : 0);
    json_array_foreach(values, i, value) {
        const char *text = json_string_value(value);
        if (i)
            add(o, how->between, strlen(how->between));
        add_value(o, text ? text : "", plain ? "" : how->escape);
    }
    add(o, how->after, many ? strlen(how->after) : 0);
}

/* A reference at `at`: its name and format, and how long it is; 0 when there is none. */
static size_t read_reference(const char *at, char name[NAME_MAX_TEXT], char format[NAME_MAX_TEXT])
{
    const char *begin = at[0] == '[' || at[1] == '{' ? at + 2 : at + 1, *end = begin;
    bool bracket = at[0] == '[', brace = at[0] == '$' && at[1] == '{';
    *format = '\0';
    if (bracket && at[1] != '[')
        return 0;
    while (isalnum((unsigned char)*end) || *end == '_')
        end++;
    if (end == begin || end - begin >= NAME_MAX_TEXT)
        return 0;
    snprintf(name, NAME_MAX_TEXT, "%.*s", (int)(end - begin), begin);
    if ((brace || bracket) && *end == ':') {
        size_t n = strcspn(end + 1, "}]");
        snprintf(format, NAME_MAX_TEXT, "%.*s", (int)n, end + 1);
        end += 1 + n;
    }
    if (brace && *end != '}')
        return 0;
    if (bracket && strncmp(end, "]]", 2) != 0)
        return 0;
    return (size_t)(end - at) + (brace ? 1 : bracket ? 2 : 0);
}

static json_t *put_text(const json_t *variables, const char *text, char *why, size_t size)
{
    char name[NAME_MAX_TEXT], format[NAME_MAX_TEXT];
    output o = {0};
    add(&o, "", 0);
    while (*text && !*why) {
        size_t n = *text == '$' || *text == '[' ? read_reference(text, name, format) : 0;
        const json_t *one = n ? json_object_get(variables, name) : NULL;
        const style *how = one ? style_of(format) : NULL;
        if (!one) /* not ours: a sign, or what the backend replaces */
            add(&o, text, n = 1);
        else if (!how)
            snprintf(why, size, "the variable '%s' is written in the format '%s', which is not known here", name,
                     format);
        else if (!json_object_get(one, "values") && !json_object_get(one, "raw"))
            snprintf(why, size, "the variable '%s' has no value in the saved dashboard", name);
        else
            add_variable(&o, one, how);
        text += n;
    }
    json_t *put = *why ? NULL : json_string(o.text);
    free(o.text);
    return put;
}

static json_t *put_all(const json_t *variables, json_t *value, char *why, size_t size)
{
    size_t i;
    const char *key;
    json_t *item, *copy;
    if (json_is_string(value))
        return put_text(variables, json_string_value(value), why, size);
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, item)
            json_array_append_new(copy, put_all(variables, item, why, size));
        return copy;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    copy = json_object();
    json_object_foreach(value, key, item)
        json_object_set_new(copy, key, put_all(variables, item, why, size));
    return copy;
}

json_t *variables_put(const json_t *variables, json_t *value, char *why, size_t size)
{
    *why = '\0';
    json_t *put = put_all(variables, value, why, size);
    if (!*why)
        return put;
    json_decref(put);
    return NULL;
}
