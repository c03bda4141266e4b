#include "flow_rules.h"

#include <string.h>

#include "flow_capture.h"
#include "flow_check.h"
#include "flow_reader.h"
#include "json_path.h"
#include "kinds.h"
#include "signature.h"

/* ---- expect ------------------------------------------------------------------------------------------------------ */

static void check_status(flow_reader *r, const config_setting_t *s)
{
    long low, high;
    for (unsigned i = 0; i < flow_items(s); i++) {
        const config_setting_t *one = flow_item(s, i);
        guard_mem char *text = flow_type(one) == FLOW_NUMBER ? text_printf("%d", config_setting_get_int(one))
                               : flow_type(one) == FLOW_TEXT ? text_dup(config_setting_get_string(one))
                                                             : text_dup("?");
        if (!http_status_range(text, &low, &high))
            reader_problem(r, one, "'%s' is no HTTP status from 100 to 599 and no range such as \"200-299\"", text);
    }
}

/* One check of a list: where to look, and what must hold there. */
static void check_check(flow_reader *r, const config_setting_t *s, bool is_json)
{
    const char *place = is_json ? "json" : "header or cookie";
    if (flow_type(s) != FLOW_GROUP || !flow_text(s, "at")) {
        reader_problem(r, s, "a check is a group with 'at': { at = \"%s\"; is = \"...\"; }",
                       is_json ? "user.name" : "Name");
        return;
    }
    const config_setting_t *at = config_setting_get_member(s, "at");
    (is_json ? reader_path : reader_texts)(r, at);
    if (config_setting_length(s) < 2)
        reader_problem(r, s, "nothing is expected of %s '%s'", place, config_setting_get_string(at));
    for (int i = 0; i < config_setting_length(s); i++) {
        const config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
        guard_mem char *why = strcmp(config_setting_name(one), "at") == 0 ? NULL : flow_condition_problem(one);
        if (why)
            reader_problem(r, one, "%s", why);
        else if (strcmp(config_setting_name(one), "matches") == 0)
            reader_regex(r, one);
        else if (one != at)
            reader_texts(r, one);
    }
}

static void check_checks(flow_reader *r, const config_setting_t *s)
{
    bool is_json = strcmp(config_setting_name(s), "json") == 0;
    for (unsigned i = 0; i < flow_items(s); i++)
        check_check(r, flow_item(s, i), is_json);
    if (flow_items(s) == 0)
        reader_problem(r, s, "the list '%s' is empty: nothing would be checked", config_setting_name(s));
}

#define CHECKS_OF_CONTENT                                                                                              \
    {"contains", FLOW_TEXT | FLOW_LIST, NULL}, {"lacks", FLOW_TEXT | FLOW_LIST, NULL},                                 \
        {"matches", FLOW_TEXT, reader_regex}, {"json", FLOW_LIST | FLOW_GROUP, check_checks},                          \
    {                                                                                                                  \
        "header", FLOW_LIST | FLOW_GROUP, check_checks                                                                 \
    }

static void check_expect(flow_reader *r, const config_setting_t *s)
{
    static const flow_rule rules[] = {{"status", FLOW_NUMBER | FLOW_TEXT | FLOW_LIST, check_status},
                                      {"url", FLOW_TEXT, NULL},
                                      {"within", FLOW_TEXT, reader_duration},
                                      {"cookie", FLOW_LIST | FLOW_GROUP, check_checks},
                                      CHECKS_OF_CONTENT,
                                      {0}};
    reader_members(r, s, rules, "expect");
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static void check_capture(flow_reader *r, const config_setting_t *s)
{
    for (int i = 0; i < config_setting_length(s); i++) {
        const config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
        const char *from = config_setting_get_string(one);
        guard_mem char *why = from ? flow_capture_problem(from) : text_dup("must be a text");
        if (!flow_vars_is_name(config_setting_name(one)))
            reader_problem(r, one, "'%s' cannot be a variable's name: letters, digits and '_'",
                           config_setting_name(one));
        if (why)
            reader_problem(r, one, "'%s': %s", config_setting_name(one), why);
        else
            reader_texts(r, one);
    }
}

static void check_needs(flow_reader *r, const config_setting_t *s)
{
    for (unsigned i = 0; i < flow_items(s); i++) {
        const char *name = config_setting_get_string(flow_item(s, i));
        if (!name || !flow_vars_get(&r->known, name))
            reader_problem(r, s, "'needs' names variables; there is no '%s' here", name ? name : "?");
    }
}

static void check_order(flow_reader *r, const config_setting_t *s)
{
    static const flow_rule rules[] = {{"at", FLOW_TEXT, reader_path},
                                      {"values", FLOW_LIST, NULL},
                                      {"after", FLOW_TEXT, NULL},
                                      {"may_skip", FLOW_BOOL, NULL},
                                      {0}};
    reader_members(r, s, rules, "order");
    const config_setting_t *values = config_setting_get_member(s, "values");
    bool texts = values && flow_items(values) > 1;
    for (unsigned i = 0; texts && i < flow_items(values); i++)
        texts = flow_type(flow_item(values, i)) == FLOW_TEXT;
    if (!flow_text(s, "at") || !texts)
        reader_problem(
            r, s,
            "'order' needs 'at' and 'values': { at = \"status\"; values = [\"queued\", \"running\", \"done\"]; }");
}

static void check_poll(flow_reader *r, const config_setting_t *s)
{
    static const flow_rule rules[] = {{"every", FLOW_TEXT, reader_duration},
                                      {"limit", FLOW_TEXT, reader_duration},
                                      {"order", FLOW_GROUP, check_order},
                                      {0}};
    reader_members(r, s, rules, "poll");
}

static void check_address(flow_reader *r, const config_setting_t *s)
{
    const char *written = config_setting_get_string(s);
    guard_mem char *address = reader_expand(r, s);
    if (!address || written[0] == '$')
        return; /* a variable says where */
    if (address[0] == '/' && !r->given->has_base)
        reader_problem(r, s, "'%s' needs the step's option base_url in front of it", written);
    else if (address[0] != '/' && strncmp(address, "http://", 7) != 0 && strncmp(address, "https://", 8) != 0)
        reader_problem(r, s, "'%s' is no address; write \"/path\" or \"http://host:port/path\"", written);
}

static void check_follow(flow_reader *r, const config_setting_t *s)
{
    const config_setting_t *expect = config_setting_get_member(config_setting_parent(s), "expect");
    int most = config_setting_get_int(s);
    if (most < 1 || most > 20)
        reader_problem(r, s, "'follow' is how many redirects at the most: 1 to 20");
    if (!expect || !flow_text(expect, "url"))
        reader_problem(r, s, "a request that follows redirects must say where they lead: expect: { url = \"/path\"; }");
}

static void check_signature(flow_reader *r, const config_setting_t *s)
{
    static const flow_rule rules[] = {{"header", FLOW_TEXT, NULL},   {"key", FLOW_TEXT, NULL},
                                      {"prefix", FLOW_TEXT, NULL},   {"algorithm", FLOW_TEXT, NULL},
                                      {"encoding", FLOW_TEXT, NULL}, {0}};
    static const char *const choices[][2] = {{"algorithm", SIGNATURE_ALGORITHMS}, {"encoding", SIGNATURE_ENCODINGS}};
    reader_members(r, s, rules, "signature");
    if (!flow_text(s, "header") || !flow_text(s, "key"))
        reader_problem(r, s, "'signature' needs 'header' and 'key': { header = \"X-Signature\"; key = \"${key}\"; }");
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const char *chosen = flow_text(s, choices[i][0]);
        guard_mem char *word = chosen ? text_printf(" %s ", chosen) : NULL;
        if (word && !strstr(choices[i][1], word))
            reader_problem(r, s, "'%s' is no %s; there are:%s", chosen, choices[i][0], choices[i][1]);
    }
}

static void check_expect_of_delivery(flow_reader *r, const config_setting_t *s)
{
    static const flow_rule rules[] = {CHECKS_OF_CONTENT, {0}};
    reader_members(r, s, rules, "what is expected of a delivery");
}

static void check_receive(flow_reader *r, const config_setting_t *s)
{
    guard_mem char *path = reader_expand(r, s);
    if (path && *path != '/' && config_setting_get_string(s)[0] != '$')
        reader_problem(r, s, "'%s' is no path; write receive = \"/hook\"", config_setting_get_string(s));
    if (!r->given->has_listener)
        reader_problem(r, s, "'receive' needs the step's option listen");
}

static const flow_rule receive_rules[] = {{"name", FLOW_TEXT, NULL},
                                          {"receive", FLOW_TEXT, check_receive},
                                          {"limit", FLOW_TEXT, reader_duration},
                                          {"signature", FLOW_GROUP, check_signature},
                                          {"expect", FLOW_GROUP, check_expect_of_delivery},
                                          {"capture", FLOW_GROUP, check_capture},
                                          {"capture_secret", FLOW_GROUP, check_capture},
                                          {0}};

static void check_weight(flow_reader *r, const config_setting_t *s)
{
    if (config_setting_get_int(s) < 1 || config_setting_get_int(s) > 1000)
        reader_problem(r, s, "'weight' must be 1 to 1000");
}

/* What a request is made of. */
#define REQUEST_RULES                                                                                                  \
    {"name", FLOW_TEXT, NULL}, {"get", FLOW_TEXT, check_address}, {"post", FLOW_TEXT, check_address},                  \
        {"put", FLOW_TEXT, check_address}, {"patch", FLOW_TEXT, check_address}, {"delete", FLOW_TEXT, check_address},  \
        {"query", FLOW_GROUP, reader_pairs}, {"headers", FLOW_GROUP, reader_pairs}, {"bearer", FLOW_TEXT, NULL},       \
        {"json", FLOW_ANY, NULL}, {"form", FLOW_GROUP, reader_pairs}, {"body", FLOW_TEXT, NULL},                       \
    {                                                                                                                  \
        "type", FLOW_TEXT, NULL                                                                                        \
    }

static const flow_rule load_rules[] = {REQUEST_RULES,
                                       {"weight", FLOW_NUMBER, check_weight},
                                       {"status", FLOW_NUMBER | FLOW_TEXT | FLOW_LIST, check_status},
                                       {0}};

static const flow_rule request_rules[] = {REQUEST_RULES,
                                          {"timeout", FLOW_TEXT, reader_duration},
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

static void learn(flow_reader *r, const config_setting_t *request, const char *member)
{
    const config_setting_t *s = config_setting_get_member(request, member);
    for (int i = 0; s && config_setting_is_group(s) && i < config_setting_length(s); i++)
        flow_vars_set(&r->known, config_setting_name(config_setting_get_elem(s, (unsigned)i)), "", false);
}

/* The rules for one request of a list. */
static const flow_rule *rules_of(const config_setting_t *s, const char **what)
{
    bool receives = config_setting_get_member(s, "receive") != NULL;
    bool loads = strcmp(config_setting_name(config_setting_parent(s)), "load") == 0;
    *what = loads ? "a request under load" : receives ? "a delivery to receive" : "a request";
    return loads ? load_rules : receives ? receive_rules : request_rules;
}

static void check_request(flow_reader *r, const config_setting_t *s)
{
    static const char *const bodies[] = {"json", "form", "body", NULL};
    static const char *const methods[] = {"get", "post", "put", "patch", "delete", NULL};
    const char *what = "";
    if (flow_type(s) != FLOW_GROUP) {
        reader_problem(r, s, "a request is a group: { post = \"/path\"; ... }");
        return;
    }
    const flow_rule *rules = rules_of(s, &what);
    reader_members(r, s, rules, what);
    if (rules != receive_rules && count_of(s, methods) != 1)
        reader_problem(r, s, "a request has exactly one of get, post, put, patch, delete%s",
                       rules == request_rules ? " and receive" : "");
    if (count_of(s, bodies) > 1)
        reader_problem(r, s, "a request has only one of json, form and body");
    if (count_of(s, bodies) && flow_text(s, "get"))
        reader_problem(r, s, "a get request has no body");
    learn(r, s, "capture");
    learn(r, s, "capture_secret");
}

static void check_requests(flow_reader *r, const config_setting_t *s)
{
    if (config_setting_length(s) == 0 && strcmp(config_setting_name(s), "finally") != 0)
        reader_problem(r, s, "the list '%s' is empty: no request is no check", config_setting_name(s));
    for (int i = 0; i < config_setting_length(s); i++)
        check_request(r, config_setting_get_elem(s, (unsigned)i));
}

static void check_load(flow_reader *r, const config_setting_t *s)
{
    if (!r->given->for_load)
        reader_problem(r, s, "'load' is for the step kind http.load");
    check_requests(r, s);
}

static void check_vars(flow_reader *r, const config_setting_t *s)
{
    for (int i = 0; i < config_setting_length(s); i++) {
        const config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
        if (!flow_vars_is_name(config_setting_name(one)))
            reader_problem(r, one, "'%s' cannot be a variable's name: letters, digits and '_'",
                           config_setting_name(one));
        if (flow_type(one) & FLOW_SCALAR)
            reader_texts(r, one);
        else
            reader_problem(r, one, "'%s' must be a text, a number, or true or false", config_setting_name(one));
        flow_vars_set(&r->known, config_setting_name(one), "", false);
    }
}

static void check_file(const flow *f, const flow_given *given, text *problems)
{
    static const flow_rule rules[] = {{"vars", FLOW_GROUP, check_vars},
                                      {"requests", FLOW_LIST, check_requests},
                                      {"load", FLOW_LIST, check_load},
                                      {"finally", FLOW_LIST, check_requests},
                                      {0}};
    flow_reader r = {.flow = f, .given = given, .problems = problems};
    flow_vars_set(&r.known, "unique", "", false);
    for (size_t i = 0; i < given->vars->count; i++)
        if (given->vars->items[i].name)
            flow_vars_set(&r.known, given->vars->items[i].name, "", false);
    reader_members(&r, config_root_setting(&f->config), rules, "a flow file");
    if (!(given->for_load ? flow_load(f) : flow_requests(f)))
        text_add(problems, "%s: has no %s: ( { get = \"/path\"; }, ... ): no request is no check\n", f->shown,
                 given->for_load ? "load" : "requests");
    flow_vars_done(&r.known);
}

bool flow_read(flow *f, const char *path, const char *shown, const flow_given *given, text *problems)
{
    size_t before = problems->length;
    if (flow_open(f, path, shown, problems))
        check_file(f, given, problems);
    return problems->length == before;
}
