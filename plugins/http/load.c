#include "load.h"

#include <inttypes.h>
#include <string.h>

#include "flow_check.h"
#include "flow_rules.h"
#include "flow_run.h"
#include "kinds.h"
#include "say/measure.h"
#include "say/say.h"

/* The step's load: what to send, and the flow around it when there is a flow file. */
typedef struct load {
    load_plan plan;
    flow flow;
    flow_run run;
    flow_vars vars;
    bool has_flow;
} load;

static void load_done(load *l)
{
    load_plan_done(&l->plan);
    flow_run_done(&l->run);
    flow_vars_done(&l->vars);
    flow_done(&l->flow);
}

/* ---- what to send ------------------------------------------------------------------------------------------------ */

static belay_status add_targets(belay_ctx *c, const belay_host *h, load_plan *p)
{
    for (const char *const *item = h->opt_list(c, "targets"); *item; item++) {
        transfer_target target;
        belay_status s = transfer_target_parse(c, h, "targets", *item, &target);
        if (s != BELAY_OK)
            return s;
        load_request *r = load_plan_add(p, c, h);
        r->name = text_dup(target.name);
        r->url = text_dup(target.url);
        r->loopback = transfer_is_loopback(r->url);
    }
    return BELAY_OK;
}

static void set_statuses(load_request *r, const config_setting_t *s)
{
    memset(r->good, 0, sizeof r->good);
    for (unsigned i = 0; i < flow_items(s); i++) {
        const config_setting_t *one = flow_item(s, i);
        long low = config_setting_get_int(one), high = low;
        if (flow_type(one) == FLOW_TEXT)
            (void)http_status_range(config_setting_get_string(one), &low, &high);
        for (long status = low; status <= high; status++)
            r->good[status] = true;
    }
}

static void add_header(load_request *r, const char *name, const char *before, const char *value)
{
    guard_mem char *line = text_printf("%s: %s%s", name, before, value ? value : "");
    if (value)
        r->headers = curl_slist_append(r->headers, line);
}

/* A request of the flow file's list, with the variables that are known by now. */
static bool add_from_flow(load *l, const config_setting_t *setting, char **ret_why)
{
    flow_request made;
    const config_setting_t *weight = config_setting_get_member(setting, "weight");
    const config_setting_t *status = config_setting_get_member(setting, "status");
    bool good = flow_request_make(&l->run, setting, &made, ret_why);
    if (good) {
        load_request *r = load_plan_add(&l->plan, l->run.c, l->run.h);
        r->name = flow_request_name(setting);
        r->method = made.transfer.method;
        r->weight = weight ? (unsigned)config_setting_get_int(weight) : 1;
        for (char **header = made.headers; *header; header++)
            r->headers = curl_slist_append(r->headers, *header);
        add_header(r, "Content-Type", "", made.type);
        add_header(r, "Authorization", "Bearer ", made.bearer);
        r->url = take(made.url);
        r->loopback = transfer_is_loopback(r->url);
        r->body = take(made.body);
        if (status)
            set_statuses(r, status);
    }
    flow_request_done(&made);
    return good;
}

static belay_status add_flow(load *l)
{
    const config_setting_t *list = flow_load(&l->flow);
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *setting = config_setting_get_elem(list, (unsigned)i);
        guard_mem char *why = NULL;
        if (add_from_flow(l, setting, &why))
            continue;
        flow_expect_place(&l->run, setting, setting, &l->run.failures);
        text_add(&l->run.failures, "%s\n", why ? why : "it cannot be written as a request");
        return BELAY_E_FAIL;
    }
    return BELAY_OK;
}

static belay_status read_flow(load *l, belay_ctx *c, const belay_host *h, const char *written)
{
    guard_mem char *path = flow_path(c, h, written);
    guard_text problems = {0};
    flow_given given = {.vars = &l->vars, .has_base = h->opt_str(c, "base_url") != NULL, .for_load = true};
    if (flow_read(&l->flow, path, written, &given, &problems))
        return BELAY_OK;
    return say_option(c, h, BELAY_E_CONFIG, "flow", FLOW_HINT, "%s", text_of(&problems));
}

static belay_status check_times(belay_ctx *c, const belay_host *h)
{
    int64_t needed = h->opt_int(c, "duration") + h->opt_int(c, "request_timeout"), left = h->time_left_ms(c);
    if (h->opt_int(c, "ramp") > h->opt_int(c, "duration"))
        return say_option(c, h, BELAY_E_CONFIG, "ramp", NULL, "ramp is longer than duration, of which it is a part");
    if (needed < left)
        return BELAY_OK;
    return say_option(c, h, BELAY_E_CONFIG, "duration", "set the step's timeout to more than that",
                      "duration and request_timeout are %" PRId64 " s together, the step may take %" PRId64 " s",
                      needed / 1000, left / 1000);
}

/* load_done() in any case. */
static belay_status load_new(load *l, belay_ctx *c, const belay_host *h)
{
    const char *written = h->opt_str(c, "flow");
    *l = (load){.has_flow = written != NULL};
    load_plan_begin(&l->plan, c, h);
    belay_status s = check_times(c, h);
    if (s == BELAY_OK && !written == !*h->opt_list(c, "targets"))
        s = say_option(c, h, BELAY_E_CONFIG, "targets", NULL, "a load has either targets or a flow file");
    if (s == BELAY_OK)
        s = http_check_statuses(c, h);
    if (s == BELAY_OK)
        s = flow_take_vars(c, h, &l->vars);
    if (s == BELAY_OK)
        s = written ? read_flow(l, c, h, written) : add_targets(c, h, &l->plan);
    return s;
}

belay_status http_load_prepare(belay_ctx *c, const belay_host *h)
{
    static const char *const needed[] = {"flow", "targets", "vars", "secrets", "base_url", "headers"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (h->pending(c, needed[i]))
            return BELAY_OK;
    load l;
    belay_status s = load_new(&l, c, h);
    load_done(&l);
    return s;
}

/* ---- what came of it --------------------------------------------------------------------------------------------- */

/* The figures of all, or of one request: instance is NULL or its name. */
static belay_status measure(belay_ctx *c, const belay_host *h, const load_figures *f, double seconds,
                            const char *instance)
{
    const histogram *l = f->latency;
    uint64_t answered = histogram_count(l);
    const struct {
        const char *metric;
        double value;
        bool without_answers;
    } rows[] = {
        {"p50", (double)histogram_percentile(l, 50) / 1000, false},
        {"p95", (double)histogram_percentile(l, 95) / 1000, false},
        {"p99", (double)histogram_percentile(l, 99) / 1000, false},
        {"max", (double)histogram_max(l) / 1000, false},
        {"throughput", (double)answered / seconds, true},
        {"samples", (double)answered, true},
        {"error_rate", f->ended ? 100.0 * (double)f->errors / (double)f->ended : 0, true},
    };
    belay_status s = BELAY_OK;
    for (size_t i = 0; f->ended && i < sizeof rows / sizeof *rows && s == BELAY_OK; i++)
        if (answered || rows[i].without_answers)
            s = measure_instance(c, h, rows[i].metric, instance, rows[i].value);
    return s;
}

static belay_status report(const load *l, belay_ctx *c, const belay_host *h, const load_tally *t, double seconds)
{
    guard_mem char *errors = load_tally_errors(t);
    (void)h->keep(c, "series.csv", text_of(&t->series), t->series.length);
    belay_status s = measure(c, h, &t->all, seconds, NULL);
    for (size_t i = 0; i < t->count && t->count > 1 && s == BELAY_OK; i++)
        s = measure(c, h, &t->each[i], seconds, l->plan.requests[i].name);
    say_log(c, h, t->all.errors ? 2 : 1, "%" PRIu64 " requests in %.1f s, %" PRIu64 " errors: %s", t->all.ended,
            seconds, t->all.errors, errors);
    if (s == BELAY_OK && histogram_count(t->all.latency) == 0)
        return say(c, h, BELAY_NO_DATA, NULL, "no request was answered; errors: %s", errors);
    return s;
}

static belay_status send_all(load *l, belay_ctx *c, const belay_host *h)
{
    load_tally t;
    double seconds = 0;
    for (size_t i = 0; i < l->plan.count; i++)
        l->plan.total_weight += l->plan.requests[i].weight;
    belay_status s = load_tally_begin(&t, l->plan.count) ? load_run(&l->plan, c, h, &t, &seconds)
                                                         : say(c, h, BELAY_E_RETRY, NULL, "out of memory");
    if (s == BELAY_OK || s == BELAY_E_FAIL) {
        belay_status reported = report(l, c, h, &t, seconds);
        s = s == BELAY_OK ? reported : s;
    }
    load_tally_done(&t);
    return s;
}

/* What the flow makes ready, the load, and what the flow clears away. */
static belay_status send_within_flow(load *l, belay_ctx *c, const belay_host *h)
{
    if (!flow_run_new(&l->run, c, h, &l->flow, &l->vars))
        return say(c, h, BELAY_E_RETRY, NULL, "out of memory");
    l->run.silent = true;
    belay_status s = flow_run_begin(&l->run);
    if (s == BELAY_OK)
        s = add_flow(l);
    belay_status sent = s == BELAY_OK ? send_all(l, c, h) : s;
    belay_status ended = flow_run_end(&l->run, sent);
    if (l->run.failures.length) {
        guard_mem char *masked = flow_vars_mask(&l->run.vars, text_of(&l->run.failures));
        (void)say(c, h, ended, "requests.log, kept with the step, has the requests around the load", "%s", masked);
    }
    return ended;
}

belay_status http_load_verify(belay_ctx *c, const belay_host *h)
{
    load l;
    belay_status s = load_new(&l, c, h);
    if (s == BELAY_OK)
        s = l.has_flow ? send_within_flow(&l, c, h) : send_all(&l, c, h);
    load_done(&l);
    return s;
}
