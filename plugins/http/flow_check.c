#include "flow_check.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "flow_reader.h"
#include "json_path.h"

/* One condition at work. */
typedef struct check {
    const config_setting_t *wanted, *group; /* the condition, and the check that it stands in */
    const flow_vars *vars;
    const json_t *value; /* not NULL, but for `exists` */
    char *text;          /* the wanted scalar */
    const char *came;    /* set when something other than the value says best what came */
    char buffer[160];
} check;

char *flow_scalar(const config_setting_t *s, const flow_vars *vars, char **ret_why)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_STRING: return flow_vars_expand(vars, config_setting_get_string(s), ret_why);
    case CONFIG_TYPE_BOOL: return text_dup(config_setting_get_bool(s) ? "true" : "false");
    case CONFIG_TYPE_FLOAT: return text_printf("%.15g", config_setting_get_float(s));
    default: return text_printf("%lld", config_setting_get_int64(s));
    }
}

/* ---- what holds -------------------------------------------------------------------------------------------------- */

/* A number, or a text that is one; NaN for all else, and for what is not finite. A long double holds every integer of
 * 64 bits. */
static long double number_of(const json_t *value)
{
    if (json_is_integer(value))
        return (long double)json_integer_value(value);
    if (!json_is_string(value))
        return json_is_number(value) ? json_number_value(value) : NAN;
    char *end = NULL;
    long double number = strtold(json_string_value(value), &end);
    return end != json_string_value(value) && !*end && isfinite(number) ? number : NAN;
}

static bool equals(const check *c, const config_setting_t *wanted)
{
    guard_mem char *why = NULL, *text = flow_scalar(wanted, c->vars, &why), *value = json_path_text(c->value);
    if (flow_type(wanted) == FLOW_NUMBER && json_is_number(c->value))
        return number_of(c->value) == strtold(text, NULL);
    if (flow_type(wanted) == FLOW_NUMBER || flow_type(wanted) == FLOW_BOOL)
        return !json_is_string(c->value) && text && strcmp(text, value) == 0;
    return text && strcmp(text, value) == 0;
}

static bool is(check *c)
{
    return equals(c, c->wanted);
}

static bool is_not(check *c)
{
    return !equals(c, c->wanted);
}

static bool one_of(check *c)
{
    for (unsigned i = 0; i < flow_items(c->wanted); i++)
        if (equals(c, flow_item(c->wanted, i)))
            return true;
    return false;
}

static bool matches(check *c)
{
    guard_mem char *value = json_path_text(c->value);
    regex_t regex;
    if (regcomp(&regex, c->text, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool found = regexec(&regex, value, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

static bool contains(check *c)
{
    if (!json_is_array(c->value)) {
        guard_mem char *value = json_path_text(c->value);
        return strstr(value, c->text) != NULL;
    }
    for (size_t i = 0; i < json_array_size(c->value); i++) {
        guard_mem char *one = json_path_text(json_array_get(c->value, i));
        if (strcmp(one, c->text) == 0)
            return true;
    }
    return false;
}

static bool lacks(check *c)
{
    return !contains(c);
}

static bool has_type(check *c)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "object", [JSON_ARRAY] = "array",  [JSON_STRING] = "string", [JSON_INTEGER] = "integer",
        [JSON_REAL] = "number",   [JSON_TRUE] = "boolean", [JSON_FALSE] = "boolean", [JSON_NULL] = "null"};
    c->came = names[json_typeof(c->value)];
    return strcmp(c->text, c->came) == 0 || (json_is_number(c->value) && strcmp(c->text, "number") == 0);
}

static bool exists(check *c)
{
    return (c->value != NULL) == (strcmp(c->text, "true") == 0);
}

/* NaN makes each of these false. */
static bool above(check *c)
{
    return number_of(c->value) > strtold(c->text, NULL);
}

static bool below(check *c)
{
    return number_of(c->value) < strtold(c->text, NULL);
}

static bool at_least(check *c)
{
    return number_of(c->value) >= strtold(c->text, NULL);
}

static bool at_most(check *c)
{
    return number_of(c->value) <= strtold(c->text, NULL);
}

/* Elements, members, or characters; -1 when the value has no length. */
static long length_of(check *c)
{
    long n = -1;
    if (json_is_array(c->value) || json_is_object(c->value))
        n = (long)(json_is_array(c->value) ? json_array_size(c->value) : json_object_size(c->value));
    else if (json_is_string(c->value)) {
        n = 0;
        for (const char *p = json_string_value(c->value); *p; p++)
            n += ((unsigned char)*p & 0xc0) != 0x80;
    }
    snprintf(c->buffer, sizeof c->buffer, n < 0 ? "a value without one" : "%ld", n);
    c->came = c->buffer;
    return n;
}

static bool has_length(check *c)
{
    return length_of(c) == strtol(c->text, NULL, 10);
}

static bool has_min_length(check *c)
{
    return length_of(c) >= strtol(c->text, NULL, 10);
}

static bool has_max_length(check *c)
{
    long n = length_of(c);
    return n >= 0 && n <= strtol(c->text, NULL, 10);
}

/* Less than 0, 0, more than 0; numbers by value, all else as text. */
static int compare(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b)) {
        double x = json_number_value(a), y = json_number_value(b);
        return (x > y) - (x < y);
    }
    guard_mem char *x = json_path_text(a), *y = json_path_text(b);
    return strcmp(x, y);
}

static bool is_sorted(check *c)
{
    const config_setting_t *by = config_setting_get_member(c->group, "by");
    const char *path = by ? config_setting_get_string(by) : ".";
    size_t n = json_array_size(c->value);
    bool down = strcmp(c->text, "descending") == 0;
    if (n < 2) {
        snprintf(c->buffer, sizeof c->buffer, "%zu elements, which have no order", n);
        c->came = c->buffer;
        return false;
    }
    for (size_t i = 1; i < n; i++) {
        const json_t *a = json_path_get(json_array_get(c->value, i - 1), path);
        const json_t *b = json_path_get(json_array_get(c->value, i), path);
        int order = a && b ? compare(a, b) : 0;
        if (a && b && (down ? order >= 0 : order <= 0))
            continue;
        guard_mem char *x = a ? json_path_text(a) : text_dup("nothing"),
                       *y = b ? json_path_text(b) : text_dup("nothing");
        snprintf(c->buffer, sizeof c->buffer, "%.50s and then %.50s, at [%zu]", x, y, i);
        c->came = c->buffer;
        return false;
    }
    return true;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const struct condition {
    const char *name;
    unsigned types;
    const char *expected; /* how a message says it, before the wanted value */
    bool (*holds)(check *c);
    const char *choices; /* the texts that it takes, each between blanks; NULL: any */
} conditions[] = {
    {"is", FLOW_SCALAR, "", is, NULL},
    {"is_not", FLOW_SCALAR, "something else than ", is_not, NULL},
    {"one_of", FLOW_LIST, "one of ", one_of, NULL},
    {"matches", FLOW_TEXT, "a match of ", matches, NULL},
    {"contains", FLOW_SCALAR, "one that contains ", contains, NULL},
    {"lacks", FLOW_SCALAR, "one without ", lacks, NULL},
    {"type", FLOW_TEXT, "the type ", has_type, " object array string number integer boolean null "},
    {"exists", FLOW_BOOL, "existence ", exists, NULL},
    {"above", FLOW_NUMBER | FLOW_TEXT, "more than ", above, NULL},
    {"below", FLOW_NUMBER | FLOW_TEXT, "less than ", below, NULL},
    {"at_least", FLOW_NUMBER | FLOW_TEXT, "at least ", at_least, NULL},
    {"at_most", FLOW_NUMBER | FLOW_TEXT, "at most ", at_most, NULL},
    {"length", FLOW_NUMBER, "the length ", has_length, NULL},
    {"min_length", FLOW_NUMBER, "a length of at least ", has_min_length, NULL},
    {"max_length", FLOW_NUMBER, "a length of at most ", has_max_length, NULL},
    {"sorted", FLOW_TEXT, "an order that is ", is_sorted, " ascending descending "},
};

static const struct condition *condition_of(const config_setting_t *s)
{
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        if (strcmp(conditions[i].name, config_setting_name(s)) == 0)
            return &conditions[i];
    return NULL;
}

static char *unknown(const char *name)
{
    guard_text known = {0};
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        text_add(&known, "%s, ", conditions[i].name);
    return text_printf("unknown '%s' in a check; there are: at, %sby", name, text_of(&known));
}

static char *by_problem(const config_setting_t *s)
{
    const char *path = config_setting_get_string(s);
    bool sorted = config_setting_get_member(config_setting_parent(s), "sorted") != NULL;
    return path && sorted && json_path_is_valid(path)
               ? NULL
               : text_dup("'by' names what to sort by, beside 'sorted': by = \"id\"");
}

char *flow_condition_problem(const config_setting_t *s)
{
    if (strcmp(config_setting_name(s), "by") == 0)
        return by_problem(s);
    const struct condition *one = condition_of(s);
    if (!one)
        return unknown(config_setting_name(s));
    if (!(flow_type(s) & one->types))
        return text_printf("the condition '%s' has a value of the wrong type", one->name);
    guard_mem char *choice = one->choices ? text_printf(" %s ", config_setting_get_string(s)) : NULL;
    if (choice && !strstr(one->choices, choice))
        return text_printf("'%s' is none of:%s", config_setting_get_string(s), one->choices);
    for (unsigned i = 0; one->types == FLOW_LIST && i < flow_items(s); i++)
        if (!(flow_type(flow_item(s, i)) & FLOW_SCALAR))
            return text_printf("'%s' is a list of texts, numbers, true and false", one->name);
    return NULL;
}

static void add_expected(const struct condition *one, const check *c, text *why)
{
    text_add(why, "expected %s", one->expected);
    if (c->text) {
        text_add(why, flow_type(c->wanted) == FLOW_TEXT ? "\"%.200s\"" : "%.200s", c->text);
        return;
    }
    for (unsigned i = 0; i < flow_items(c->wanted); i++) {
        guard_mem char *ignored = NULL, *item = flow_scalar(flow_item(c->wanted, i), c->vars, &ignored);
        text_add(why, "%s\"%.80s\"", i ? ", " : "", item ? item : "?");
    }
}

bool flow_condition_holds(const config_setting_t *s, const flow_vars *vars, const json_t *value, text *why)
{
    const struct condition *one = condition_of(s);
    if (!one)
        return true; /* `at` and `by`, which belong to others */
    guard_mem char *unset = NULL, *wanted = flow_type(s) & FLOW_SCALAR ? flow_scalar(s, vars, &unset) : NULL;
    check c = {.wanted = s, .group = config_setting_parent(s), .vars = vars, .value = value, .text = wanted};
    if (unset) {
        text_add(why, "%s", unset);
        return false;
    }
    if ((value || one->holds == exists) && one->holds(&c))
        return true;
    add_expected(one, &c, why);
    guard_mem char *came =
        value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15)) : text_dup("nothing");
    text_add(why, ", came %.200s", c.came ? c.came : came ? came : "?");
    return false;
}
