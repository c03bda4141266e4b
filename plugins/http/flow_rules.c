#include "flow_rules.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "flow_capture.h"
#include "flow_check.h"
#include "json_path.h"
#include "kinds.h"
#include "signature.h"

typedef struct reader {
    const flow *flow;
    const flow_given *given;
    text *problems;
    flow_vars known; /* what is set by the time a request runs; the values are empty */
} reader;

/* What may be a member of a group. check: NULL when nothing but the variables in its texts is to be checked. */
typedef struct rule {
    const char *name;
    unsigned types;
    void (*check)(reader *r, const config_setting_t *s);
} rule;

__attribute__((format(printf, 3, 4))) static void problem(reader *r, const config_setting_t *s, const char *fmt, ...)
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
static char *expand(reader *r, const config_setting_t *s)
{
    guard_mem char *why = NULL;
    char *out = flow_vars_expand(&r->known, config_setting_get_string(s), &why);
    if (!out)
        problem(r, s, "%s", why);
    return out;
}

static void check_texts(reader *r, const config_setting_t *s)
{
    if (flow_type(s) == FLOW_TEXT) {
        free(expand(r, s));
        return;
    }
    for (int i = 0; config_setting_is_aggregate(s) && i < config_setting_length(s); i++)
        check_texts(r, config_setting_get_elem(s, (unsigned)i));
}

static void check_duration(reader *r, const config_setting_t *s)
{
    if (flow_duration(config_setting_get_string(s)) <= 0)
        problem(r, s, "'%s' is no time; write \"250ms\", \"2s\" or \"5m\"", config_setting_get_string(s));
}

static void check_regex(reader *r, const config_setting_t *s)
{
    guard_mem char *pattern = expand(r, s);
    regex_t regex;
    int code = pattern ? regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) : -1;
    char why[128];
    if (code == 0)
        regfree(&regex);
    else if (pattern) {
        regerror(code, NULL, why, sizeof why);
        problem(r, s, "'%s' is no extended regular expression: %s", pattern, why);
    }
}

static void check_path(reader *r, const config_setting_t *s)
{
    guard_mem char *path = expand(r, s);
    if (path && !json_path_is_valid(path))
        problem(r, s, "'%s' is no place in a JSON document; write \"user.items[0].id\"", config_setting_get_string(s));
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static void check_unknown(reader *r, const config_setting_t *s, const rule *rules, const char *what)
{
    guard_text known = {0};
    for (const rule *one = rules; one->name; one++)
        text_add(&known, "%s%s", one == rules ? "" : ", ", one->name);
    problem(r, s, "unknown '%s' in %s; there are: %s", config_setting_name(s), what, text_of(&known));
}

/* Each member of a group against its rule. */
static void check_members(reader *r, const config_setting_t *group, const rule *rules, const char *what)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
        const rule *one = rules;
        char names[120];
        while (one->name && strcmp(one->name, config_setting_name(s)) != 0)
            one++;
        if (!one->name)
            check_unknown(r, s, rules, what);
        else if (!(flow_type(s) & one->types))
            problem(r, s, "'%s' must be %s", one->name, type_names(one->types, names, sizeof names));
        else
            (one->check ? one->check : check_texts)(r, s);
    }
}

/* A group whose members may have any name, and must be texts, numbers, or true or false. */
static void check_pairs(reader *r, const config_setting_t *s)
{
    for (int i = 0; i < config_setting_length(s); i++) {
        const config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
        if (flow_type(one) & FLOW_SCALAR)
            check_texts(r, one);
        else
            problem(r, one, "'%s' must be a text, a number, or true or false", config_setting_name(one));
    }
}

/* ---- expect ------------------------------------------------------------------------------------------------------ */

static void check_status(reader *r, const config_setting_t *s)
{
    long low, high;
    for (unsigned i = 0; i < flow_items(s); i++) {
        const config_setting_t *one = flow_item(s, i);
        guard_mem char *text = flow_type(one) == FLOW_NUMBER ? text_printf("%d", config_setting_get_int(one))
                               : flow_type(one) == FLOW_TEXT ? text_dup(config_setting_get_string(one))
                                                             : text_dup("?");
        if (!http_status_range(text, &low, &high))
            problem(r, one, "'%s' is no HTTP status from 100 to 599 and no range such as \"200-299\"", text);
    }
}

/* One check of a list: where to look, and what must hold there. */
static void check_check(reader *r, const config_setting_t *s, bool is_json)
{
    const char *place = is_json ? "json" : "header or cookie";
    if (flow_type(s) != FLOW_GROUP || !flow_text(s, "at")) {
        problem(r, s, "a check is a group with 'at': { at = \"%s\"; is = \"...\"; }", is_json ? "user.name" : "Name");
        return;
    }
    const config_setting_t *at = config_setting_get_member(s, "at");
    (is_json ? check_path : check_texts)(r, at);
    if (config_setting_length(s) < 2)
        problem(r, s, "nothing is expected of %s '%s'", place, config_setting_get_string(at));
    for (int i = 0; i < config_setting_length(s); i++) {
        const config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
        guard_mem char *why = strcmp(config_setting_name(one), "at") == 0 ? NULL : flow_condition_problem(one);
        if (why)
            problem(r, one, "%s", why);
        else if (strcmp(config_setting_name(one), "matches") == 0)
            check_regex(r, one);
        else if (one != at)
            check_texts(r, one);
    }
}

static void check_checks(reader *r, const config_setting_t *s)
{
    bool is_json = strcmp(config_setting_name(s), "json") == 0;
    for (unsigned i = 0; i < flow_items(s); i++)
        check_check(r, flow_item(s, i), is_json);
    if (flow_items(s) == 0)
        problem(r, s, "the list '%s' is empty: nothing would be checked", config_setting_name(s));
}

#define CHECKS_OF_CONTENT                                                                                              \
    {"contains", FLOW_TEXT | FLOW_LIST, NULL}, {"lacks", FLOW_TEXT | FLOW_LIST, NULL},                                 \
        {"matches", FLOW_TEXT, check_regex}, {"json", FLOW_LIST | FLOW_GROUP, check_checks},                           \
    {                                                                                                                  \
        "header", FLOW_LIST | FLOW_GROUP, check_checks                                                                 \
    }

static void check_expect(reader *r, const config_setting_t *s)
{
    static const rule rules[] = {{"status", FLOW_NUMBER | FLOW_TEXT | FLOW_LIST, check_status},
                                 {"url", FLOW_TEXT, NULL},
                                 {"within", FLOW_TEXT, check_duration},
                                 {"cookie", FLOW_LIST | FLOW_GROUP, check_checks},
                                 CHECKS_OF_CONTENT,
                                 {0}};
    check_members(r, s, rules, "expect");
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static void check_capture(reader *r, const config_setting_t *s)
{
    for (int i = 0; i < config_setting_length(s); i++) {
        const config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
        const char *from = config_setting_get_string(one);
        guard_mem char *why = from ? flow_capture_problem(from) : text_dup("must be a text");
        if (!flow_vars_is_name(config_setting_name(one)))
            problem(r, one, "'%s' cannot be a variable's name: letters, digits and '_'", config_setting_name(one));
        if (why)
            problem(r, one, "'%s': %s", config_setting_name(one), why);
        else
            check_texts(r, one);
    }
}

static void check_needs(reader *r, const config_setting_t *s)
{
    for (unsigned i = 0; i < flow_items(s); i++) {
        const char *name = config_setting_get_string(flow_item(s, i));
        if (!name || !flow_vars_get(&r->known, name))
            problem(r, s, "'needs' names variables; there is no '%s' here", name ? name : "?");
    }
}

static void check_order(reader *r, const config_setting_t *s)
{
    static const rule rules[] = {{"at", FLOW_TEXT, check_path},
                                 {"values", FLOW_LIST, NULL},
                                 {"after", FLOW_TEXT, NULL},
                                 {"may_skip", FLOW_BOOL, NULL},
                                 {0}};
    check_members(r, s, rules, "order");
    const config_setting_t *values = config_setting_get_member(s, "values");
    bool texts = values && flow_items(values) > 1;
    for (unsigned i = 0; texts && i < flow_items(values); i++)
        texts = flow_type(flow_item(values, i)) == FLOW_TEXT;
    if (!flow_text(s, "at") || !texts)
        problem(r, s,
                "'order' needs 'at' and 'values': { at = \"status\"; values = [\"queued\", \"running\", \"done\"]; }");
}

static void check_poll(reader *r, const config_setting_t *s)
{
    static const rule rules[] = {{"every", FLOW_TEXT, check_duration},
                                 {"limit", FLOW_TEXT, check_duration},
                                 {"order", FLOW_GROUP, check_order},
                                 {0}};
    check_members(r, s, rules, "poll");
}

static void check_address(reader *r, const config_setting_t *s)
{
    const char *written = config_setting_get_string(s);
    guard_mem char *address = expand(r, s);
    if (!address || written[0] == '$')
        return; /* a variable says where */
    if (address[0] == '/' && !r->given->has_base)
        problem(r, s, "'%s' needs the step's option base_url in front of it", written);
    else if (address[0] != '/' && strncmp(address, "http://", 7) != 0 && strncmp(address, "https://", 8) != 0)
        problem(r, s, "'%s' is no address; write \"/path\" or \"http://host:port/path\"", written);
}

static void check_follow(reader *r, const config_setting_t *s)
{
    const config_setting_t *expect = config_setting_get_member(config_setting_parent(s), "expect");
    int most = config_setting_get_int(s);
    if (most < 1 || most > 20)
        problem(r, s, "'follow' is how many redirects at the most: 1 to 20");
    if (!expect || !flow_text(expect, "url"))
        problem(r, s, "a request that follows redirects must say where they lead: expect: { url = \"/path\"; }");
}

static void check_signature(reader *r, const config_setting_t *s)
{
    static const rule rules[] = {{"header", FLOW_TEXT, NULL},   {"key", FLOW_TEXT, NULL},
                                 {"prefix", FLOW_TEXT, NULL},   {"algorithm", FLOW_TEXT, NULL},
                                 {"encoding", FLOW_TEXT, NULL}, {0}};
    static const char *const choices[][2] = {{"algorithm", SIGNATURE_ALGORITHMS}, {"encoding", SIGNATURE_ENCODINGS}};
    check_members(r, s, rules, "signature");
    if (!flow_text(s, "header") || !flow_text(s, "key"))
        problem(r, s, "'signature' needs 'header' and 'key': { header = \"X-Signature\"; key = \"${key}\"; }");
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const char *chosen = flow_text(s, choices[i][0]);
        guard_mem char *word = chosen ? text_printf(" %s ", chosen) : NULL;
        if (word && !strstr(choices[i][1], word))
            problem(r, s, "'%s' is no %s; there are:%s", chosen, choices[i][0], choices[i][1]);
    }
}

static void check_expect_of_delivery(reader *r, const config_setting_t *s)
{
    static const rule rules[] = {CHECKS_OF_CONTENT, {0}};
    check_members(r, s, rules, "what is expected of a delivery");
}

static void check_receive(reader *r, const config_setting_t *s)
{
    guard_mem char *path = expand(r, s);
    if (path && *path != '/' && config_setting_get_string(s)[0] != '$')
        problem(r, s, "'%s' is no path; write receive = \"/hook\"", config_setting_get_string(s));
    if (!r->given->has_listener)
        problem(r, s, "'receive' needs the step's option listen");
}

static const rule receive_rules[] = {{"name", FLOW_TEXT, NULL},
                                     {"receive", FLOW_TEXT, check_receive},
                                     {"limit", FLOW_TEXT, check_duration},
                                     {"signature", FLOW_GROUP, check_signature},
                                     {"expect", FLOW_GROUP, check_expect_of_delivery},
                                     {"capture", FLOW_GROUP, check_capture},
                                     {"capture_secret", FLOW_GROUP, check_capture},
                                     {0}};

static void check_weight(reader *r, const config_setting_t *s)
{
    if (config_setting_get_int(s) < 1 || config_setting_get_int(s) > 1000)
        problem(r, s, "'weight' must be 1 to 1000");
}

/* What a request is made of. */
#define REQUEST_RULES                                                                                                  \
    {"name", FLOW_TEXT, NULL}, {"get", FLOW_TEXT, check_address}, {"post", FLOW_TEXT, check_address},                  \
        {"put", FLOW_TEXT, check_address}, {"patch", FLOW_TEXT, check_address}, {"delete", FLOW_TEXT, check_address},  \
        {"query", FLOW_GROUP, check_pairs}, {"headers", FLOW_GROUP, check_pairs}, {"bearer", FLOW_TEXT, NULL},         \
        {"json", FLOW_ANY, NULL}, {"form", FLOW_GROUP, check_pairs}, {"body", FLOW_TEXT, NULL},                        \
    {                                                                                                                  \
        "type", FLOW_TEXT, NULL                                                                                        \
    }

static const rule load_rules[] = {REQUEST_RULES,
                                  {"weight", FLOW_NUMBER, check_weight},
                                  {"status", FLOW_NUMBER | FLOW_TEXT | FLOW_LIST, check_status},
                                  {0}};

static const rule request_rules[] = {REQUEST_RULES,
                                     {"timeout", FLOW_TEXT, check_duration},
                                     {"follow", FLOW_NUMBER, check_follow},
                                     {"poll", FLOW_GROUP, check_poll},
                                     {"needs", FLOW_TEXT | FLOW_LIST, check_needs},
                                     {"expect", FLOW_GROUP, check_expect},
                                     {"capture", FLOW_GROUP, check_capture},
                                     {"capture_secret", FLOW_GROUP, check_capture},
                                     {0}};

static unsigned count_of(const config_setting_t *group, const char *const *names)
{
    unsigned n = 0;
    for (; *names; names++)
        n += config_setting_get_member(group, *names) != NULL;
    return n;
}

static void learn(reader *r, const config_setting_t *request, const char *member)
{
    const config_setting_t *s = config_setting_get_member(request, member);
    for (int i = 0; s && config_setting_is_group(s) && i < config_setting_length(s); i++)
        flow_vars_set(&r->known, config_setting_name(config_setting_get_elem(s, (unsigned)i)), "", false);
}

/* The rules for one request of a list. */
static const rule *rules_of(const config_setting_t *s, const char **what)
{
    bool receives = config_setting_get_member(s, "receive") != NULL;
    bool loads = strcmp(config_setting_name(config_setting_parent(s)), "load") == 0;
    *what = loads ? "a request under load" : receives ? "a delivery to receive" : "a request";
    return loads ? load_rules : receives ? receive_rules : request_rules;
}

static void check_request(reader *r, const config_setting_t *s)
{
    static const char *const bodies[] = {"json", "form", "body", NULL};
    static const char *const methods[] = {"get", "post", "put", "patch", "delete", NULL};
    const char *what = "";
    if (flow_type(s) != FLOW_GROUP) {
        problem(r, s, "a request is a group: { post = \"/path\"; ... }");
        return;
    }
    const rule *rules = rules_of(s, &what);
    check_members(r, s, rules, what);
    if (rules != receive_rules && count_of(s, methods) != 1)
        problem(r, s, "a request has exactly one of get, post, put, patch, delete%s",
                rules == request_rules ? " and receive" : "");
    if (count_of(s, bodies) > 1)
        problem(r, s, "a request has only one of json, form and body");
    if (count_of(s, bodies) && flow_text(s, "get"))
        problem(r, s, "a get request has no body");
    learn(r, s, "capture");
    learn(r, s, "capture_secret");
}

static void check_requests(reader *r, const config_setting_t *s)
{
    if (config_setting_length(s) == 0)
        problem(r, s, "the list '%s' is empty", config_setting_name(s));
    for (int i = 0; i < config_setting_length(s); i++)
        check_request(r, config_setting_get_elem(s, (unsigned)i));
}

static void check_load(reader *r, const config_setting_t *s)
{
    if (!r->given->for_load)
        problem(r, s, "'load' is for the step kind http.load");
    check_requests(r, s);
}

static void check_vars(reader *r, const config_setting_t *s)
{
    for (int i = 0; i < config_setting_length(s); i++) {
        const config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
        if (!flow_vars_is_name(config_setting_name(one)))
            problem(r, one, "'%s' cannot be a variable's name: letters, digits and '_'", config_setting_name(one));
        if (flow_type(one) & FLOW_SCALAR)
            check_texts(r, one);
        else
            problem(r, one, "'%s' must be a text, a number, or true or false", config_setting_name(one));
        flow_vars_set(&r->known, config_setting_name(one), "", false);
    }
}

void flow_rules_check(const flow *f, const flow_given *given, text *problems)
{
    static const rule rules[] = {{"vars", FLOW_GROUP, check_vars},
                                 {"requests", FLOW_LIST, check_requests},
                                 {"load", FLOW_LIST, check_load},
                                 {"finally", FLOW_LIST, check_requests},
                                 {0}};
    reader r = {.flow = f, .given = given, .problems = problems};
    flow_vars_set(&r.known, "unique", "", false);
    for (size_t i = 0; i < given->vars->count; i++)
        if (given->vars->items[i].name)
            flow_vars_set(&r.known, given->vars->items[i].name, "", false);
    check_members(&r, config_root_setting(&f->config), rules, "a flow file");
    if (!(given->for_load ? flow_load(f) : flow_requests(f)))
        text_add(problems, "%s: has no %s: ( { get = \"/path\"; }, ... ): no request is no check\n", f->shown,
                 given->for_load ? "load" : "requests");
    flow_vars_done(&r.known);
}
