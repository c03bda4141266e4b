#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <belay/plugin.h>

#include "base/file.h"
#include "base/units.h"
#include "pipeline/load.h"

static int parse_int(const char *s, int64_t *ret, error **err)
{
    char *end;
    errno = 0;
    long long value = strtoll(s, &end, 10);
    bool digits = *s == '-' || *s == '+' ? s[1] >= '0' && s[1] <= '9' : *s >= '0' && *s <= '9';
    if (errno || !digits || *end)
        return error_set(err, ERROR_CONFIG, "'%s' is not a whole number", s);
    *ret = value;
    return 0;
}

static int parse_bool(const char *s, int64_t *ret, error **err)
{
    static const struct {
        const char *word;
        int64_t value;
    } words[] = {{"true", 1}, {"yes", 1}, {"false", 0}, {"no", 0}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(s, words[i].word) == 0) {
            *ret = words[i].value;
            return 0;
        }
    return error_set(err, ERROR_CONFIG, "'%s' is not true or false", s);
}

/** The types that are numbers for a plugin. */
static const struct number {
    uint32_t type;
    int (*parse)(const char *s, int64_t *ret, error **err);
    const char *what, *unit; /**< of min and max */
} numbers[] = {
    {BELAY_T_INT, parse_int, "a whole number", ""},
    {BELAY_T_BOOL, parse_bool, "true or false", ""},
    {BELAY_T_DURATION, units_duration, "a time such as \"30s\"", "ms"},
    {BELAY_T_SIZE, units_size, "a size such as \"20GB\"", "B"},
};

static int number_value(const struct number *n, const catalog_option *o, const char *plain, json_t **ret, error **err)
{
    int64_t value = 0;
    char least[UNITS_TEXT], most[UNITS_TEXT];
    int r = n->parse(plain, &value, err);
    if (r)
        return r;
    if (o->type != BELAY_T_BOOL && o->min < o->max && (value < o->min || value > o->max))
        return error_set(err, ERROR_CONFIG, "'%s' is not from %s to %s", plain,
                         units_show_value((double)o->min, n->unit, least),
                         units_show_value((double)o->max, n->unit, most));
    *ret = json_integer(value);
    return 0;
}

static int enum_value(const catalog_option *o, const char *plain, json_t **ret, error **err)
{
    nearest near = nearest_to(plain);
    guard_text all = {0};
    for (char **c = o->choices; c && *c; c++) {
        if (strcmp(*c, plain) == 0) {
            *ret = json_string(plain);
            return 0;
        }
        nearest_offer(&near, *c);
        text_printf(&all, "%s'%s'", all.count ? ", " : "", *c);
    }
    guard_mem char *meant = load_did_you_mean(&near);
    (void)error_set(err, ERROR_CONFIG, "'%s' is not one of %s%s", plain, text_get(&all), meant);
    return -ERROR_CONFIG;
}

static int text_value(const catalog_option *o, const char *folder, const char *plain, json_t **ret, error **err)
{
    if (!*plain && (o->flags & BELAY_F_REQUIRED))
        return error_set(err, ERROR_CONFIG, "it is empty");
    guard_mem char *path = o->type == BELAY_T_PATH && *plain ? file_absolute(folder, plain) : NULL;
    json_t *value = json_string(path ? path : plain);
    if (!value)
        return error_set(err, ERROR_CONFIG, "it is not UTF-8 text");
    *ret = value;
    return 0;
}

int value_of(const catalog_option *o, const char *folder, const char *plain, bool hide, json_t **ret, error **err)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i].type != o->type)
            continue;
        int r = number_value(&numbers[i], o, plain, ret, err);
        return r && hide ? error_set(err, ERROR_CONFIG, "its secret value is not %s, or out of range", numbers[i].what)
                         : r;
    }
    if (o->type != BELAY_T_ENUM)
        return text_value(o, folder, plain, ret, err);
    int r = enum_value(o, plain, ret, err);
    return r && hide ? error_set(err, ERROR_CONFIG, "its secret value is not one of the choices") : r;
}

const char *value_type_name(uint32_t type)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].type == type)
            return numbers[i].what;
    return type == BELAY_T_LIST   ? "a list of texts"
           : type == BELAY_T_PATH ? "a file name in quotes"
                                  : "a text in quotes";
}
