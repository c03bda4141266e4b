#include "flow_run.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "flow_capture.h"
#include "flow_check.h"
#include "flow_order.h"
#include "say/measure.h"
#include "say/say.h"

#define TRACE         "requests.log"
#define COOKIE_SECRET 8 /* a cookie's value of so many characters is taken for a credential */
#define POLL_EVERY    500
#define POLL_LIMIT    30000
#define RECEIVE_LIMIT 30000

/* One request on its way. */
typedef struct attempt {
    flow_run *run;
    const config_setting_t *setting;
    flow_request request;
    flow_answer answer;
    flow_order order;
    text mismatches;
    bool final; /* what is wrong will not get right by asking again */
} attempt;

/* ---- what is kept of it ------------------------------------------------------------------------------------------ */

static void trace(const flow_run *run, const char *line)
{
    struct timespec now;
    struct tm tm;
    char at[16];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(at, sizeof at, "%H:%M:%S", &tm);
    guard_mem char *masked = flow_vars_mask(&run->vars, line);
    guard_mem char *whole = text_printf("%s.%03ld %s: %s\n", at, now.tv_nsec / 1000000, run->flow->name, masked);
    (void)run->h->keep(run->c, TRACE, whole, strlen(whole));
}

/* Without its query: what stands there may be a secret in a form that no mask knows. */
static int shown_length(const char *url)
{
    return (int)strcspn(url, "?");
}

static void trace_answer(const attempt *a)
{
    const transfer *t = &a->request.transfer;
    guard_mem char *name = flow_request_name(a->setting);
    guard_mem char *line =
        text_printf("'%s' %s %.*s %ld, %zu bytes, %.1f ms%s%s", name, flow_method(a->setting, NULL),
                    shown_length(t->url), t->url, t->status, t->length, t->total_ms, t->error[0] ? ": " : "", t->error);
    trace(a->run, line);
}

static belay_status measure(const flow_run *run, const char *metric, const char *request, double value)
{
    guard_mem char *instance = text_printf("%s%s%s", run->flow->name, *request ? "/" : "", request);
    return measure_instance(run->c, run->h, metric, instance, value);
}

/* ---- what is taken from it --------------------------------------------------------------------------------------- */

static void hide_cookie(void *user, const char *name, const char *value)
{
    (void)name;
    if (strlen(value) >= COOKIE_SECRET)
        flow_vars_hide(user, value);
}

/* Before anything is judged: a message about this very answer must not show them. */
static void take_secrets(attempt *a)
{
    const config_setting_t *s = config_setting_get_member(a->setting, "capture_secret");
    if (a->run->session)
        transfer_session_cookies(a->run->session, hide_cookie, &a->run->vars);
    for (int i = 0; s && i < config_setting_length(s); i++) {
        guard_mem char *why = NULL;
        guard_mem char *from =
            flow_vars_expand(&a->run->vars, config_setting_get_string(config_setting_get_elem(s, (unsigned)i)), &why);
        guard_mem char *value = from ? flow_capture_value(&a->answer, from) : NULL;
        if (value)
            flow_vars_hide(&a->run->vars, value);
    }
}

static void capture(attempt *a, const char *member)
{
    const config_setting_t *s = config_setting_get_member(a->setting, member);
    for (int i = 0; s && i < config_setting_length(s); i++) {
        const config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
        guard_mem char *why = NULL, *from = flow_vars_expand(&a->run->vars, config_setting_get_string(one), &why);
        guard_mem char *value = from ? flow_capture_value(&a->answer, from) : NULL;
        if (value) {
            flow_vars_set(&a->run->vars, config_setting_name(one), value, strcmp(member, "capture_secret") == 0);
            continue;
        }
        flow_expect_place(a->run, a->setting, one, &a->mismatches);
        text_add(&a->mismatches, "expected %s, came nothing there: %.300s\n", from ? from : why, a->answer.body);
    }
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static void forget_answer(attempt *a)
{
    flow_answer_done(&a->answer);
    flow_request_done(&a->request);
    text_clear(&a->mismatches);
    a->answer = (flow_answer){0};
    a->request = (flow_request){0};
}

static belay_status send_request(attempt *a)
{
    guard_mem char *why = NULL;
    if (!flow_request_make(a->run, a->setting, &a->request, &why)) {
        flow_expect_place(a->run, a->setting, a->setting, &a->mismatches);
        text_add(&a->mismatches, "%s\n", why ? why : "it cannot be written as a request");
        return BELAY_E_FAIL;
    }
    transfer *t = &a->request.transfer;
    belay_status s = transfer_run(a->run->c, a->run->h, t, 1);
    if (s == BELAY_E_CANCELLED)
        return s;
    trace_answer(a);
    if (s == BELAY_OK && !t->error[0]) {
        a->answer = (flow_answer){.status = t->status,
                                  .head = t->head,
                                  .body = t->answer,
                                  .length = t->length,
                                  .url = t->final_url,
                                  .ms = t->total_ms,
                                  .session = a->run->session};
        flow_answer_parse(&a->answer);
        return BELAY_OK;
    }
    flow_expect_place(a->run, a->setting, a->setting, &a->mismatches);
    text_add(&a->mismatches, "expected an answer from %.*s, came none: %s\n", shown_length(t->url), t->url, t->error);
    return BELAY_E_RETRY;
}

/* Waits for what others send. */
static belay_status receive(attempt *a)
{
    const char *written = "";
    (void)flow_method(a->setting, &written);
    guard_mem char *why = NULL, *path = flow_vars_expand(&a->run->vars, written, &why);
    long limit = flow_duration_of(a->setting, "limit", RECEIVE_LIMIT);
    double start = now_ms();
    const delivery *d = NULL;
    belay_status s = path ? receiver_wait(a->run->receiver, a->run->c, a->run->h, path, limit, &d) : BELAY_NOT_YET;
    if (d) {
        guard_mem char *line =
            text_printf("received %s %s, %zu bytes, after %.1f ms", d->method, d->path, d->length, now_ms() - start);
        trace(a->run, line);
        a->answer = (flow_answer){.head = d->head, .body = d->body, .length = d->length, .ms = now_ms() - start};
        flow_answer_parse(&a->answer);
        return BELAY_OK;
    }
    if (s != BELAY_NOT_YET)
        return s;
    guard_mem char *rest = receiver_rest(a->run->receiver);
    flow_expect_place(a->run, a->setting, a->setting, &a->mismatches);
    text_add(&a->mismatches, "expected a delivery to %s within %ld ms, came %s\n", path ? path : why, limit, rest);
    return BELAY_E_FAIL;
}

static void judge(attempt *a)
{
    guard_text why = {0};
    take_secrets(a);
    size_t held = a->run->held;
    if (!flow_order_see(&a->order, a->run, &a->answer, &why)) {
        flow_expect_place(a->run, a->setting, a->order.rule, &a->mismatches);
        text_add(&a->mismatches, "%s: %.300s\n", text_of(&why), a->answer.body);
        a->final = true;
    } else if (flow_expect(a->run, a->setting, &a->answer, &a->mismatches)) {
        a->run->held = held;
    } else if (!flow_order_end(&a->order, &why)) {
        flow_expect_place(a->run, a->setting, a->order.rule, &a->mismatches);
        text_add(&a->mismatches, "%s\n", text_of(&why));
    } else {
        capture(a, "capture_secret");
        capture(a, "capture");
        a->final = true;
    }
}

/* Asks until all is as expected, or the limit is over. */
static belay_status poll_until(attempt *a, const config_setting_t *poll)
{
    long every = flow_duration_of(poll, "every", POLL_EVERY), limit = flow_duration_of(poll, "limit", POLL_LIMIT);
    double end = now_ms() + (double)limit;
    flow_order_begin(&a->order, a->run, poll);
    for (unsigned tries = 1;; tries++) {
        belay_status s = send_request(a);
        if (s != BELAY_OK)
            return s;
        judge(a);
        if (a->final || !a->mismatches.length)
            return BELAY_OK;
        if (now_ms() + (double)every > end) {
            flow_expect_place(a->run, a->setting, poll, &a->mismatches);
            text_add(&a->mismatches, "was asked %u times in %ld ms\n", tries, limit);
            return BELAY_OK;
        }
        s = a->run->h->nap(a->run->c, (uint32_t)every);
        if (s != BELAY_OK)
            return s;
        forget_answer(a);
    }
}

static belay_status run_request(flow_run *run, const config_setting_t *setting)
{
    const config_setting_t *poll = config_setting_get_member(setting, "poll");
    attempt a = {.run = run, .setting = setting};
    guard_mem char *name = flow_request_name(setting);
    bool receives = strcmp(flow_method(setting, NULL), "RECEIVE") == 0;
    belay_status s = poll ? poll_until(&a, poll) : receives ? receive(&a) : send_request(&a);
    if (s == BELAY_OK && !poll)
        judge(&a);
    if (s == BELAY_OK && !run->silent)
        s = measure(run, "request", name, a.answer.ms);
    if (s == BELAY_OK && a.mismatches.length)
        s = BELAY_E_FAIL;
    text_add(&run->failures, "%s", text_of(&a.mismatches));
    forget_answer(&a);
    flow_order_done(&a.order);
    return s;
}

/* ---- a whole flow ------------------------------------------------------------------------------------------------ */

static bool set_vars(flow_run *run)
{
    const config_setting_t *vars = config_lookup(&run->flow->config, "vars");
    flow_vars_set_unique(&run->vars);
    for (int i = 0; vars && i < config_setting_length(vars); i++) {
        const config_setting_t *one = config_setting_get_elem(vars, (unsigned)i);
        guard_mem char *why = NULL, *value = flow_scalar(one, &run->vars, &why);
        if (!value) {
            flow_add_place(run->flow, one, &run->failures);
            text_add(&run->failures, "%s\n", why);
            return false;
        }
        flow_vars_set(&run->vars, config_setting_name(one), value, false);
    }
    return true;
}

/* Has all come that the request is made of, or that it says it needs? */
static bool has_needs(const flow_run *run, const config_setting_t *setting, char **ret_why)
{
    const config_setting_t *needs = config_setting_get_member(setting, "needs");
    flow_request request;
    for (unsigned i = 0; i < flow_items(needs); i++) {
        const char *name = config_setting_get_string(flow_item(needs, i));
        if (!flow_vars_get(&run->vars, name)) {
            *ret_why = text_printf("it needs '${%s}'", name);
            return false;
        }
    }
    bool made = flow_request_make(run, setting, &request, ret_why);
    flow_request_done(&request);
    return made;
}

/* What a failed flow made is taken away as far as it is known: a request that needs what never came is left out. */
static belay_status clean_up(flow_run *run, belay_status so_far)
{
    const config_setting_t *list = flow_finally(run->flow);
    belay_status worst = so_far;
    for (int i = 0; list && i < config_setting_length(list); i++) {
        const config_setting_t *setting = config_setting_get_elem(list, (unsigned)i);
        guard_mem char *why = NULL, *name = flow_request_name(setting);
        bool known = has_needs(run, setting, &why);
        if (so_far != BELAY_OK && !known) {
            guard_mem char *line = text_printf("'%s' left out: %s", name, why ? why : "");
            trace(run, line);
            continue;
        }
        belay_status s = run_request(run, setting);
        if (s == BELAY_E_CANCELLED)
            return s;
        worst = s == BELAY_OK || worst == BELAY_E_FAIL ? worst : s;
    }
    return worst;
}

belay_status flow_run_begin(flow_run *run)
{
    const config_setting_t *list = flow_requests(run->flow);
    belay_status s = set_vars(run) ? BELAY_OK : BELAY_E_FAIL;
    for (int i = 0; s == BELAY_OK && list && i < config_setting_length(list); i++)
        s = run_request(run, config_setting_get_elem(list, (unsigned)i));
    return s;
}

belay_status flow_run_end(flow_run *run, belay_status so_far)
{
    if (so_far != BELAY_E_CANCELLED)
        return clean_up(run, so_far);
    say_log(run->c, run->h, 2, "%s: stopped; what it made stays, `finally` did not run", run->flow->shown);
    return so_far;
}

belay_status flow_run_all(flow_run *run)
{
    double start = now_ms();
    belay_status s = flow_run_end(run, flow_run_begin(run));
    if (s == BELAY_E_CANCELLED)
        return s;
    belay_status measured = measure(run, "total", "", now_ms() - start);
    if (s == BELAY_OK && measured == BELAY_OK)
        measured = measure(run, "held", "", (double)run->held);
    return s == BELAY_OK ? measured : s;
}
