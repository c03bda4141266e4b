#include <regex.h>
#include <string.h>

#include "flow_check.h"
#include "flow_reader.h"
#include "flow_run.h"
#include "json_path.h"
#include "kinds.h"
#include "signature.h"

#define SHOWN 300 /* of a body, in a message */

/* An answer being held against what is expected of it. */
typedef struct judging {
    flow_run *run;
    const config_setting_t *request;
    const flow_answer *answer;
    text *out;
    size_t wrong;
} judging;

void flow_expect_place(const flow_run *run, const config_setting_t *request, const config_setting_t *s, text *out)
{
    guard_mem char *name = flow_request_name(request);
    flow_add_place(run->flow, s, out);
    text_add(out, "'%s': ", name);
}

__attribute__((format(printf, 3, 4))) static void mismatch(judging *j, const config_setting_t *s, const char *fmt, ...)
{
    char *what = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&what, fmt, ap);
    va_end(ap);
    flow_expect_place(j->run, j->request, s, j->out);
    text_add(j->out, "%s\n", n < 0 ? "out of memory" : what);
    if (n >= 0)
        free(what);
    j->wrong++;
}

static void judged(judging *j, bool holds)
{
    j->run->held += holds;
}

/* ---- status, address, time --------------------------------------------------------------------------------------- */

static bool is_good_status(const config_setting_t *s, long status)
{
    long low, high;
    if (!s)
        return status >= 200 && status <= 299;
    for (unsigned i = 0; i < flow_items(s); i++) {
        const config_setting_t *one = flow_item(s, i);
        if (flow_type(one) == FLOW_NUMBER
                ? config_setting_get_int(one) == status
                : http_status_range(config_setting_get_string(one), &low, &high) && status >= low && status <= high)
            return true;
    }
    return false;
}

static void judge_status(judging *j, const config_setting_t *s)
{
    bool good = is_good_status(s, j->answer->status);
    judged(j, good);
    if (good)
        return;
    guard_text wanted = {0};
    for (unsigned i = 0; i < flow_items(s); i++) {
        guard_mem char *ignored = NULL, *one = flow_scalar(flow_item(s, i), &j->run->vars, &ignored);
        text_add(&wanted, "%s%s", i ? ", " : "", one ? one : "?");
    }
    mismatch(j, s ? s : j->request, "expected status %s, came %ld: %.*s", s ? text_of(&wanted) : "200-299",
             j->answer->status, SHOWN, j->answer->body);
}

/* Of an address what follows the host. */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://"), *path = host ? strchr(host + 3, '/') : NULL;
    return path ? path : "/";
}

static void judge_url(judging *j, const config_setting_t *s)
{
    guard_mem char *why = NULL, *wanted = flow_vars_expand(&j->run->vars, config_setting_get_string(s), &why);
    const char *came = j->answer->url ? j->answer->url : "";
    bool good = wanted && strcmp(wanted, *wanted == '/' ? path_of(came) : came) == 0;
    judged(j, good);
    if (!good)
        mismatch(j, s, "expected to be led to %s, came to %s (HTTP %ld)", wanted ? wanted : why, came,
                 j->answer->status);
}

static void judge_time(judging *j, const config_setting_t *s)
{
    long limit = flow_duration(config_setting_get_string(s));
    bool good = j->answer->ms <= (double)limit;
    judged(j, good);
    if (!good)
        mismatch(j, s, "expected an answer within %s, came after %.0f ms", config_setting_get_string(s), j->answer->ms);
}

/* ---- the body as text -------------------------------------------------------------------------------------------- */

static void judge_parts(judging *j, const config_setting_t *s)
{
    bool must = strcmp(config_setting_name(s), "contains") == 0;
    for (unsigned i = 0; i < flow_items(s); i++) {
        const config_setting_t *one = flow_item(s, i);
        guard_mem char *why = NULL, *part = flow_scalar(one, &j->run->vars, &why);
        bool good = part && (strstr(j->answer->body, part) != NULL) == must;
        judged(j, good);
        if (!good)
            mismatch(j, one, "expected a body %s \"%s\", came: %.*s", must ? "with" : "without", part ? part : why,
                     SHOWN, j->answer->body);
    }
}

static void judge_match(judging *j, const config_setting_t *s)
{
    guard_mem char *why = NULL, *pattern = flow_vars_expand(&j->run->vars, config_setting_get_string(s), &why);
    regex_t regex;
    bool compiled = pattern && regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0;
    bool good = compiled && regexec(&regex, j->answer->body, 0, NULL, 0) == 0;
    if (compiled)
        regfree(&regex);
    judged(j, good);
    if (!good)
        mismatch(j, s, "expected a body that matches \"%s\", came: %.*s", pattern ? pattern : why, SHOWN,
                 j->answer->body);
}

/* ---- JSON, headers, cookies -------------------------------------------------------------------------------------- */

/* Each condition of one check; value: what is there, or NULL. */
static void judge_conditions(judging *j, const config_setting_t *check, const char *what, const char *at,
                             const json_t *value)
{
    for (int i = 0; i < config_setting_length(check); i++) {
        const config_setting_t *condition = config_setting_get_elem(check, (unsigned)i);
        guard_text why = {0};
        bool good = flow_condition_holds(condition, &j->run->vars, value, &why);
        judged(j, good && strcmp(config_setting_name(condition), "at") != 0);
        if (!good)
            mismatch(j, condition, "%s '%s': %s", what, at, text_of(&why));
    }
}

static void judge_check(judging *j, const config_setting_t *check, const char *what)
{
    guard_mem char *why = NULL, *at = flow_vars_expand(&j->run->vars, flow_text(check, "at"), &why);
    if (!at) {
        mismatch(j, check, "%s", why);
    } else if (strcmp(what, "json") == 0) {
        judge_conditions(j, check, what, at, json_path_get(j->answer->json, at));
    } else {
        guard_mem char *found =
            strcmp(what, "header") == 0 ? flow_answer_header(j->answer, at) : flow_answer_cookie(j->answer, at);
        guard_json *value = found ? json_string(found) : NULL;
        judge_conditions(j, check, what, at, value);
    }
}

static void judge_checks(judging *j, const config_setting_t *s)
{
    const char *what = config_setting_name(s);
    if (strcmp(what, "json") == 0 && !j->answer->json) {
        mismatch(j, s, "expected JSON, came none (%s): %.*s", j->answer->not_json, SHOWN, j->answer->body);
        return;
    }
    for (unsigned i = 0; i < flow_items(s); i++)
        judge_check(j, flow_item(s, i), what);
}

/* ---- a delivery's signature -------------------------------------------------------------------------------------- */

static const char *text_or(const config_setting_t *group, const char *member, const char *fallback)
{
    const char *text = flow_text(group, member);
    return text ? text : fallback;
}

static void judge_signature(judging *j, const config_setting_t *s)
{
    guard_mem char *why = NULL, *key = flow_vars_expand(&j->run->vars, flow_text(s, "key"), &why);
    guard_mem char *came = flow_answer_header(j->answer, flow_text(s, "header"));
    bool good = key && came &&
                signature_matches(text_or(s, "algorithm", "sha256"), text_or(s, "encoding", "hex"), key,
                                  text_or(s, "prefix", ""), j->answer->body, j->answer->length, came);
    judged(j, good);
    if (!good)
        mismatch(j, s, "expected in %s the signature of the body by the key, came %s%s%s", flow_text(s, "header"),
                 came ? came : "nothing", key ? "" : ": ", key ? "" : why);
}

size_t flow_expect(flow_run *run, const config_setting_t *request, const flow_answer *a, text *mismatches)
{
    static const struct {
        const char *name;
        void (*judge)(judging *j, const config_setting_t *s);
    } parts[] = {{"url", judge_url},       {"within", judge_time}, {"contains", judge_parts}, {"lacks", judge_parts},
                 {"matches", judge_match}, {"json", judge_checks}, {"header", judge_checks},  {"cookie", judge_checks}};
    judging j = {.run = run, .request = request, .answer = a, .out = mismatches};
    const config_setting_t *expect = config_setting_get_member(request, "expect");
    const config_setting_t *signature = config_setting_get_member(request, "signature");
    if (signature)
        judge_signature(&j, signature);
    if (a->status)
        judge_status(&j, expect ? config_setting_get_member(expect, "status") : NULL);
    for (size_t i = 0; expect && i < sizeof parts / sizeof *parts; i++) {
        const config_setting_t *s = config_setting_get_member(expect, parts[i].name);
        if (s)
            parts[i].judge(&j, s);
    }
    return j.wrong;
}
