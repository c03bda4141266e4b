#include "options.h"

#include <belay/plugin.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/units.h"
#include "worker/wire.h"

static int parse_int(const char *s, int64_t *ret, error **err)
{
    char *end;
    errno = 0;
    long long value = strtoll(s, &end, 10);
    if (errno || end == s || *end)
        return error_set(err, ERROR_CONFIG, "'%s' is no whole number", s);
    *ret = value;
    return 0;
}

static int parse_bool(const char *s, int64_t *ret, error **err)
{
    if (strcmp(s, "true") != 0 && strcmp(s, "false") != 0)
        return error_set(err, ERROR_CONFIG, "'%s' is neither true nor false", s);
    *ret = s[0] == 't';
    return 0;
}

static int parse_number(const catalog_option *o, const char *s, json_t **ret, error **err)
{
    int64_t value = 0;
    int r = o->type == BELAY_T_BOOL       ? parse_bool(s, &value, err)
            : o->type == BELAY_T_DURATION ? units_duration(s, &value, err)
            : o->type == BELAY_T_SIZE     ? units_size(s, &value, err)
                                          : parse_int(s, &value, err);
    if (r < 0)
        return r;
    if (o->min < o->max && (value < o->min || value > o->max))
        return error_set(err, ERROR_CONFIG, "'%s' is not within %" PRId64 " and %" PRId64, s, o->min, o->max);
    *ret = json_integer(value);
    return 0;
}

static int check_choice(const catalog_option *o, const char *s, error **err)
{
    for (char **choice = o->choices; choice && *choice; choice++)
        if (strcmp(*choice, s) == 0)
            return 0;
    return error_set(err, ERROR_CONFIG, "'%s' is none of the choices", s);
}

static json_t *split(const char *s)
{
    json_t *list = json_array();
    while (*s) {
        s += strspn(s, " "); /* as the core reads a default */
        size_t n = strcspn(s, ",");
        json_array_append_new(list, json_stringn(s, n));
        s += n + (s[n] == ',');
    }
    return list;
}

static int parse_text(const catalog_option *o, const char *s, const char *folder, json_t **ret, error **err)
{
    guard_mem char *path = NULL;
    switch (o->type) {
    case BELAY_T_STRING: *ret = json_string(s); return 0;
    case BELAY_T_LIST: *ret = split(s); return 0;
    case BELAY_T_PATH:
        path = file_absolute(folder, s);
        *ret = json_string(path);
        return 0;
    case BELAY_T_ENUM:
        if (check_choice(o, s, err) < 0)
            return -ERROR_CONFIG;
        *ret = json_string(s);
        return 0;
    default: return parse_number(o, s, ret, err);
    }
}

static void add_secrets(redactor *secrets, const json_t *value)
{
    size_t i;
    json_t *item;
    if (json_is_string(value))
        redactor_add(secrets, json_string_value(value));
    json_array_foreach(value, i, item)
        redactor_add(secrets, json_string_value(item));
}

static bool is_pending(const json_t *pending, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(pending, i, item)
        if (strcmp(json_string_value(item), name) == 0)
            return true;
    return false;
}

static int make_one(const catalog_option *o, const json_t *given, const char *folder, json_t **ret, error **err)
{
    const char *text = given ? json_string_value(given) : o->def;
    if (json_is_array(given) && o->type == BELAY_T_LIST) {
        *ret = json_deep_copy(given);
        return 0;
    }
    if (json_is_array(given))
        return error_set(err, ERROR_CONFIG, "it takes no list");
    if (!text)
        return o->flags & BELAY_F_REQUIRED ? error_set(err, ERROR_CONFIG, "it is required") : 0;
    return parse_text(o, text, folder, ret, err);
}

int options_make(const catalog_kind *kind, const json_t *set, const json_t *pending, const char *folder,
                 redactor *secrets, json_t **ret, const char **ret_blame, error **err)
{
    guard(json_t) options = json_object();
    for (size_t i = 0; i < kind->option_count; i++) {
        const catalog_option *o = &kind->options[i];
        json_t *value = NULL;
        if (is_pending(pending, o->name))
            continue;
        int r = make_one(o, json_object_get(set, o->name), folder, &value, err);
        if (r < 0) {
            *ret_blame = o->name;
            return error_wrap(err, "option '%s'", o->name);
        }
        if (!value)
            continue;
        if (o->flags & BELAY_F_SECRET)
            add_secrets(secrets, value);
        json_object_set_new(options, o->name, value);
    }
    *ret = take(options);
    return 0;
}
