#include <string.h>

#include "flow_rules.h"
#include "flow_run.h"
#include "kinds.h"
#include "say/say.h"

/* The step's flows, read and found good, and what they begin with. */
typedef struct flows {
    flow *items;
    size_t count;
    flow_vars vars;
    receiver *receiver;
} flows;

static void flows_done(flows *f)
{
    for (size_t i = 0; i < f->count; i++)
        flow_done(&f->items[i]);
    free(f->items);
    flow_vars_done(&f->vars);
    receiver_close(f->receiver);
}

/* "name=value" items of a list option. A value from a secret option is masked in what we write, too: the host knows
 * only the whole item. */
static belay_status take_vars(belay_ctx *c, const belay_host *h, const char *option, bool secret, flow_vars *vars)
{
    for (const char *const *item = h->opt_list(c, option); *item; item++) {
        const char *equals = strchr(*item, '=');
        guard_mem char *name = text_printf("%.*s", equals ? (int)(equals - *item) : 0, *item);
        if (!flow_vars_is_name(name))
            return say_option(c, h, BELAY_E_CONFIG, option,
                              "write \"name=value\": letters, digits and '_' before the '='",
                              "%s is no variable with a name", secret ? "an item" : *item);
        flow_vars_set(vars, name, equals + 1, secret);
    }
    return BELAY_OK;
}

char *flow_path(belay_ctx *c, const belay_host *h, const char *written)
{
    const char *folder = h->fact(c, "pipeline.dir");
    return *written == '/' || !folder ? text_dup(written) : text_printf("%s/%s", folder, written);
}

belay_status flow_take_vars(belay_ctx *c, const belay_host *h, flow_vars *vars)
{
    belay_status s = take_vars(c, h, "vars", false, vars);
    return s == BELAY_OK ? take_vars(c, h, "secrets", true, vars) : s;
}

bool flow_run_new(flow_run *run, belay_ctx *c, const belay_host *h, const flow *flow, const flow_vars *vars)
{
    const char *base = h->opt_str(c, "base_url");
    *run =
        (flow_run){.c = c, .h = h, .flow = flow, .session = transfer_session_new(), .base = text_dup(base ? base : "")};
    for (size_t n = strlen(run->base); n > 0 && run->base[n - 1] == '/'; n--)
        run->base[n - 1] = '\0';
    for (size_t i = 0; i < vars->count; i++)
        if (vars->items[i].name)
            flow_vars_set(&run->vars, vars->items[i].name, vars->items[i].value, vars->items[i].secret);
    return run->session != NULL;
}

void flow_run_done(flow_run *run)
{
    text_clear(&run->failures);
    flow_vars_done(&run->vars);
    transfer_session_free(run->session);
    free(run->base);
}

static belay_status read_all(belay_ctx *c, const belay_host *h, flows *f)
{
    const char *const *list = h->opt_list(c, "flows");
    flow_given given = {.vars = &f->vars,
                        .has_base = h->opt_str(c, "base_url") != NULL,
                        .has_listener = h->opt_str(c, "listen") != NULL};
    guard_text problems = {0};
    for (size_t n = 0; list[n]; n++) {
        guard_mem char *path = flow_path(c, h, list[n]);
        f->items = text_grow(f->items, n + 1, sizeof *f->items);
        (void)flow_read(&f->items[n], path, list[n], &given, &problems);
        f->count = n + 1;
    }
    if (f->count == 0)
        return say_option(c, h, BELAY_E_CONFIG, "flows", NULL, "the list is empty: no flow is no check");
    if (problems.length)
        return say_option(c, h, BELAY_E_CONFIG, "flows", FLOW_HINT, "%s", text_of(&problems));
    return BELAY_OK;
}

/* flows_done() in any case. */
static belay_status flows_new(belay_ctx *c, const belay_host *h, flows *f)
{
    const char *base = h->opt_str(c, "base_url");
    *f = (flows){0};
    belay_status checked = base ? transfer_check_url(c, h, "base_url", base) : BELAY_OK;
    if (checked != BELAY_OK)
        return checked;
    const char *listen = h->opt_str(c, "listen");
    if (listen && !receiver_is_address(listen))
        return say_option(c, h, BELAY_E_CONFIG, "listen", NULL, "'%s' is not written \"ADDRESS:PORT\"", listen);
    if (listen)
        flow_vars_set(&f->vars, "listen", "", false);
    belay_status s = flow_take_vars(c, h, &f->vars);
    return s == BELAY_OK ? read_all(c, h, f) : s;
}

belay_status http_flow_prepare(belay_ctx *c, const belay_host *h)
{
    static const char *const needed[] = {"flows", "vars", "secrets", "base_url", "listen"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (h->pending(c, needed[i]))
            return BELAY_OK;
    flows f;
    belay_status s = flows_new(c, h, &f);
    flows_done(&f);
    return s;
}

/* Opened before the first request, for all flows of the step. */
static belay_status open_receiver(belay_ctx *c, const belay_host *h, flows *f)
{
    const char *listen = h->opt_str(c, "listen");
    guard_mem char *why = NULL;
    if (!listen)
        return BELAY_OK;
    f->receiver = receiver_open(listen, h->opt_str(c, "listen_name"), &why);
    if (!f->receiver)
        return say_option(c, h, BELAY_E_RETRY, "listen", NULL, "%s", why);
    flow_vars_set(&f->vars, "listen", receiver_url(f->receiver), false);
    return BELAY_OK;
}

/* Every flow has cookies and captured values of its own. */
static belay_status run_one(belay_ctx *c, const belay_host *h, const flows *f, size_t i, text *failures)
{
    flow_run run;
    bool good = flow_run_new(&run, c, h, &f->items[i], &f->vars);
    run.receiver = f->receiver;
    h->progress(c, i, f->count, run.flow->name);
    belay_status s = good ? flow_run_all(&run) : say(c, h, BELAY_E_RETRY, NULL, "out of memory");
    guard_mem char *masked = flow_vars_mask(&run.vars, text_of(&run.failures));
    text_add(failures, "%s", masked);
    flow_run_done(&run);
    return s;
}

/* All flows run, whatever becomes of one: they do not build on each other. */
belay_status http_flow_verify(belay_ctx *c, const belay_host *h)
{
    flows f;
    guard_text failures = {0};
    belay_status s = flows_new(c, h, &f);
    if (s == BELAY_OK)
        s = open_receiver(c, h, &f);
    belay_status worst = s;
    for (size_t i = 0; s == BELAY_OK && i < f.count; i++) {
        belay_status one = run_one(c, h, &f, i, &failures);
        if (one == BELAY_E_CANCELLED) {
            worst = s = one;
            break;
        }
        worst = one == BELAY_OK || worst == BELAY_E_FAIL ? worst : one;
    }
    if (s == BELAY_OK && worst != BELAY_OK)
        (void)say(c, h, worst, "requests.log, kept with the step, has every request", "%s", text_of(&failures));
    flows_done(&f);
    return worst;
}
