/* docker.stats: CPU, memory and restarts of the services' containers, by several samples over a window. */
#include "compose.h"
#include "containers.h"
#include "judge.h"
#include "kinds.h"
#include "say/measure.h"
#include "usage.h"
#include "window/window.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* One container, and what was seen of it. */
typedef struct watched {
    const container *container; /* borrowed */
    char *name;                 /* the instance of the metrics */
    usage last;
    size_t samples;
    double cpu, cpu_pairs, cpu_peak, memory, limit; /* cpu: a sum over cpu_pairs */
    int64_t restarts, started_ns;                   /* at the window's begin */
    bool ran;                                       /* then */
    bool silent;                                    /* the last round had no figures of it */
} watched;

typedef struct watch {
    engine *e;
    containers all;
    watched *items;
    size_t count;
    json_t *baseline; /* instance -> [ns of its start, restarts, service], or NULL */
} watch;

static void watch_done(watch *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->items[i].name);
    free(w->items);
    json_decref(w->baseline);
    containers_done(&w->all);
    engine_free(w->e);
}
#define guard_watch __attribute__((cleanup(watch_done))) watch
#define REMOVAL_MS  1000 /* between the stop of a container and its removal by `docker rm -f` */

/* *ret stays NULL when there is none. */
static belay_status read_baseline(const call *c, json_t **ret)
{
    const char *given = call_str(c, "baseline");
    if (!given)
        return BELAY_OK;
    *ret = json_loads(given, 0, NULL);
    return json_is_object(*ret) ? BELAY_OK : call_blame(c, "baseline", "it is not what docker.stats gives as starts");
}

belay_status stats_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    int64_t window = call_int(&c, "window"), every = call_int(&c, "sample_every"), wanted = call_int(&c, "min_samples");
    bool known = !host->pending(ctx, "window") && !host->pending(ctx, "sample_every");
    if (known && window / every + 1 < wanted)
        return call_blame(&c, "min_samples", "a window of %lld ms has room for %lld samples, one each %lld ms",
                          (long long)window, (long long)window / every + 1, (long long)every);
    belay_status s = window_check(ctx, host, window);
    guard_json *baseline = NULL;
    return s == BELAY_OK ? read_baseline(&c, &baseline) : s;
}

/* ---- what the baseline had --------------------------------------------------------------------------------------- */

/* NULL in a baseline of an earlier version, which did not tell. */
static const char *service_then(const json_t *then)
{
    return json_string_value(json_array_get(then, 2));
}

static size_t running_then(json_t *baseline, const char *service)
{
    size_t n = 0;
    const char *unused;
    json_t *then;
    json_object_foreach(baseline, unused, then)
        n += service_then(then) && strcmp(service_then(then), service) == 0;
    return n;
}

static size_t running_now(const containers *all, const char *service)
{
    size_t n = 0;
    for (size_t i = 0; i < all->count; i++)
        n += all->items[i].running && strcmp(all->items[i].service, service) == 0;
    return n;
}

/* An instance's container as it is now, or NULL when that is gone. */
static const container *container_of(const containers *all, const char *instance)
{
    const container *named = containers_by_name(all, instance);
    for (size_t i = 0; i < all->count && !named; i++)
        if (strcmp(all->items[i].service, instance) == 0)
            return &all->items[i];
    return named;
}

/* ran: "when ... " */
static void tell_end(const container *one, const json_t *inspected, const char *ran, text *to)
{
    const json_t *state = json_object_get(inspected, "State");
    guard_mem char *what = text_printf("ran %s and does not run any more (%s)", ran, text_member(state, "Status"));
    text_add(to, "%s", to->length ? "; " : "");
    judge_describe_end(one, state, what, to);
}

/* Fails for what ran when the baseline was taken and has stopped since. Where a service has as many containers as then,
 * others took their place. */
static belay_status miss_stopped(const watch *w, const json_t *services)
{
    guard_text stopped = {0};
    const char *instance;
    json_t *then;
    json_object_foreach(w->baseline, instance, then) {
        const char *service = service_then(then);
        const container *one = container_of(&w->all, instance);
        if (!service || !json_object_get(services, service) || (one && one->running) ||
            running_now(&w->all, service) >= running_then(w->baseline, service))
            continue;
        guard_json *inspected = NULL;
        belay_status s = one ? engine_get(w->e, &inspected, "/containers/%s/json", one->id) : BELAY_OK;
        if (s != BELAY_OK)
            return s;
        if (inspected)
            tell_end(one, inspected, "when the baseline was taken", &stopped);
        else
            text_add(&stopped, "%s%s ran when the baseline was taken, and its container is gone",
                     stopped.length ? "; " : "", instance);
    }
    return stopped.length ? call_fail(engine_call(w->e), BELAY_E_FAIL, NULL, "%s", stopped.s) : BELAY_OK;
}

/* ---- which containers -------------------------------------------------------------------------------------------- */

/* All that have a container that runs, or had one when the baseline was taken. */
static void add_running(const watch *w, json_t *services)
{
    const char *unused;
    json_t *then;
    for (size_t i = 0; i < w->all.count; i++)
        if (w->all.items[i].running)
            json_object_set_new(services, w->all.items[i].service, json_true());
    json_object_foreach(w->baseline, unused, then)
        if (service_then(then))
            json_object_set_new(services, service_then(then), json_true());
}

static belay_status choose(watch *w)
{
    const call *c = engine_call(w->e);
    guard_mem char *project = NULL;
    guard_json *services = call_set(c, "services");
    belay_status s = read_baseline(c, &w->baseline);
    if (s == BELAY_OK)
        s = compose_project_name(w->e, &project);
    if (s == BELAY_OK)
        s = containers_of(w->e, project, &w->all);
    if (s != BELAY_OK)
        return s;
    if (json_object_size(services) == 0)
        add_running(w, services);
    containers_select(&w->all, services, false);
    s = miss_stopped(w, services);
    if (s != BELAY_OK)
        return s;
    const char *service;
    json_t *unused;
    json_object_foreach(services, service, unused) {
        bool found = false;
        for (size_t i = 0; i < w->all.count; i++)
            found = found || strcmp(w->all.items[i].service, service) == 0;
        if (!found)
            return call_fail(c, BELAY_NO_DATA, NULL, "project %s has no container of service %s", project, service);
    }
    return w->all.count ? BELAY_OK : call_fail(c, BELAY_NO_DATA, NULL, "no container of project %s runs", project);
}

/* A service's name, or the container's where a service has several. */
static char *instance_of(const containers *all, size_t i)
{
    size_t same = 0;
    for (size_t k = 0; k < all->count; k++)
        same += strcmp(all->items[k].service, all->items[i].service) == 0;
    return text_dup(same > 1 ? all->items[i].name : all->items[i].service);
}

static belay_status inspect(engine *e, const watched *one, json_t **ret)
{
    belay_status s = engine_get(e, ret, "/containers/%s/json", one->container->id);
    if (s == BELAY_OK && !*ret)
        return call_fail(engine_call(e), BELAY_E_RETRY, "measure again once nobody replaces containers",
                         "the container %s was removed during the window", one->container->name);
    return s;
}

static int64_t started_ns(const json_t *inspected)
{
    return engine_time(text_member(json_object_get(inspected, "State"), "StartedAt"));
}

/* Also one that is paused, or about to be started again. */
static bool runs(const json_t *inspected)
{
    return json_is_true(json_object_get(json_object_get(inspected, "State"), "Running"));
}

static void tell_starts(const watch *w)
{
    const call *c = engine_call(w->e);
    guard_json *starts = json_object();
    for (size_t i = 0; i < w->count; i++) {
        const watched *one = &w->items[i];
        if (one->ran)
            json_object_set_new(starts, one->name,
                                json_pack("[I, I, s]", one->started_ns, one->restarts, one->container->service));
    }
    guard_mem char *text = json_dumps(starts, JSON_COMPACT);
    (void)c->host->output(c->ctx, "starts", text);
}

/* A service that the baseline lacks has been added since. */
static void count_from_baseline(watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const json_t *then = json_object_get(w->baseline, w->items[i].name);
        if (!then)
            continue;
        w->items[i].started_ns = json_integer_value(json_array_get(then, 0));
        w->items[i].restarts = json_integer_value(json_array_get(then, 1));
    }
}

static belay_status begin(watch *w)
{
    belay_status s = choose(w);
    if (s != BELAY_OK)
        return s;
    w->items = text_grow(NULL, w->all.count, sizeof *w->items);
    for (; w->count < w->all.count && s == BELAY_OK; w->count++) {
        watched *one = &w->items[w->count];
        *one = (watched){.container = &w->all.items[w->count], .name = instance_of(&w->all, w->count)};
        guard_json *inspected = NULL;
        s = inspect(w->e, one, &inspected);
        one->restarts = json_integer_value(json_object_get(inspected, "RestartCount"));
        one->started_ns = started_ns(inspected);
        one->ran = runs(inspected);
    }
    if (s != BELAY_OK)
        return s;
    tell_starts(w);
    count_from_baseline(w);
    return BELAY_OK;
}

/* ---- samples ----------------------------------------------------------------------------------------------------- */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static void take_sample(watched *one, const json_t *stats)
{
    usage now;
    one->silent = !usage_read(stats, &now);
    if (one->silent)
        return;
    double cpu = one->samples ? usage_cpu(&one->last, &now) : NAN;
    if (!isnan(cpu)) {
        one->cpu += cpu;
        one->cpu_pairs++;
        one->cpu_peak = larger(one->cpu_peak, cpu);
    }
    one->memory = larger(one->memory, now.memory);
    one->limit = now.limit;
    one->last = now;
    one->samples++;
}

/* One sample of each, side by side. one-shot: now, without the engine's own wait for a second sample. */
static belay_status one_round(watch *w)
{
    engine_request *requests = text_grow(NULL, w->count, sizeof *requests);
    for (size_t i = 0; i < w->count; i++)
        requests[i] = (engine_request){
            .method = "GET",
            .path = text_printf("/containers/%s/stats?stream=false&one-shot=true", w->items[i].container->id)};
    belay_status s = engine_send(w->e, requests, w->count);
    for (size_t i = 0; i < w->count; i++) {
        engine_request *r = &requests[i];
        guard_json *stats = json_loadb(text_of(&r->answer), r->answer.length, 0, NULL);
        if (s == BELAY_OK && r->status == 200)
            take_sample(&w->items[i], stats);
        else if (s == BELAY_OK && r->status != 404) /* one that is gone is said at the end */
            s = engine_refused(w->e, r);
        engine_request_done(r);
    }
    free(requests);
    return s;
}

static int64_t steady_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Has one that ran ended? Then the step has failed, and the rest of the window tells nothing. */
static belay_status look_for_end(const watch *w, bool *ret)
{
    belay_status s = BELAY_OK;
    *ret = false;
    for (size_t i = 0; i < w->count && s == BELAY_OK && !*ret; i++) {
        const watched *one = &w->items[i];
        guard_json *inspected = NULL;
        if (!one->ran || !one->silent)
            continue;
        s = inspect(w->e, one, &inspected);
        *ret = s == BELAY_OK && !runs(inspected);
    }
    /* One that is being removed is stopped first; the next look then finds it gone. */
    return *ret ? engine_call(w->e)->host->nap(engine_call(w->e)->ctx, REMOVAL_MS) : s;
}

/* On a slow machine a round takes its time: the window then ends late rather than with too few samples. */
static belay_status sample(const call *c, watch *w)
{
    int64_t window = call_int(c, "window"), every = call_int(c, "sample_every"), begin = steady_ms();
    for (int64_t rounds = 1;; rounds++) {
        bool ended = false;
        belay_status s = one_round(w);
        if (s == BELAY_OK)
            s = look_for_end(w, &ended);
        int64_t passed = steady_ms() - begin;
        if (s != BELAY_OK || ended || (passed + every > window && rounds >= call_int(c, "min_samples")) ||
            c->host->time_left_ms(c->ctx) < every + WINDOW_SPARE_MS)
            return s;
        c->host->progress(c->ctx, (uint64_t)passed, (uint64_t)window, "window");
        int64_t rest = rounds * every - passed; /* the engine takes about a second for a round */
        s = c->host->nap(c->ctx, rest > 0 ? (uint32_t)rest : 0);
        if (s != BELAY_OK)
            return s;
    }
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static belay_status measure(const call *c, const char *metric, const watched *one, double value)
{
    return measure_instance(c->ctx, c->host, metric, one->name, value);
}

/* A start by hand sets the engine's count of restarts to zero, but not the time of the start. */
static belay_status count_restarts(const call *c, engine *e, const watched *one, text *ended)
{
    guard_json *inspected = NULL;
    belay_status s = inspect(e, one, &inspected);
    if (s != BELAY_OK)
        return s;
    int64_t more = json_integer_value(json_object_get(inspected, "RestartCount")) - one->restarts;
    if (more < 1)
        more = started_ns(inspected) != one->started_ns;
    if (one->ran && !runs(inspected))
        tell_end(one->container, inspected, "when the window began", ended);
    return measure(c, "restarts", one, (double)more);
}

static belay_status measure_use(const call *c, const watched *one)
{
    belay_status s = BELAY_OK;
    if (one->cpu_pairs > 0) {
        s = measure(c, "cpu", one, one->cpu / one->cpu_pairs);
        if (s == BELAY_OK)
            s = measure(c, "cpu_peak", one, one->cpu_peak);
    }
    if (s == BELAY_OK)
        s = measure(c, "memory", one, one->memory);
    if (s == BELAY_OK && one->limit > 0) /* a kernel that counts no memory has none */
        s = measure(c, "memory_share", one, 100 * one->memory / one->limit);
    return s;
}

static belay_status report(const call *c, const watch *w)
{
    size_t wanted = (size_t)call_int(c, "min_samples");
    guard_text few = {0}, ended = {0};
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < w->count && s == BELAY_OK; i++) {
        const watched *one = &w->items[i];
        s = count_restarts(c, w->e, one, &ended);
        if (one->samples < wanted)
            text_add(&few, "%s%s: %zu", few.length ? ", " : "", one->name, one->samples);
        else if (s == BELAY_OK)
            s = measure_use(c, one);
    }
    if (s == BELAY_OK && ended.length)
        return call_fail(c, BELAY_E_FAIL, NULL, "%s", ended.s);
    if (s != BELAY_OK || !few.length)
        return s;
    return call_fail(c, BELAY_NO_DATA, "does the container run? Else lengthen window",
                     "too few samples, wanted are %zu of each container: %s", wanted, text_of(&few));
}

belay_status stats_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_watch w = {0};
    belay_status s = window_check(ctx, host, call_int(&c, "window"));
    if (s == BELAY_OK)
        s = engine_open(&c, &w.e);
    if (s == BELAY_OK)
        s = begin(&w);
    if (s == BELAY_OK)
        s = sample(&c, &w);
    return s == BELAY_OK ? report(&c, &w) : s;
}
