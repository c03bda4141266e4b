/* docker.diagnose: what the project's containers, their logs and their dependencies say about a failure. */
#include "ailment.h"
#include "clues/clues.h"
#include "compose.h"
#include "containers.h"
#include "kinds.h"
#include "logread.h"
#include "say/finding.h"
#include "usage.h"

#include <string.h>

#define QUOTE_WIDTH  160
#define NS           INT64_C(1000000000)
#define HEALTHY_LESS 10 /* what a healthy container logs explains less than what one that is ill does */
#define MEMORY_FULL  95 /* percent of its limit */

/* A container as it is found. */
typedef struct patient {
    const container *c; /* borrowed */
    json_t *inspected;  /* NULL: it is gone */
    ailment ailment;
    text what; /* the ailment in words */
    text log;
    const clue *clue;
    char *line; /* that gives the clue; of several the last */
    char *last; /* the last line of all */
} patient;

typedef struct ward {
    engine *e;
    containers all;
    patient *items;
    int64_t failed_ns; /* when the failed step began; 0: not known */
} ward;

static void ward_done(ward *w)
{
    for (size_t i = 0; w->items && i < w->all.count; i++) {
        json_decref(w->items[i].inspected);
        text_clear(&w->items[i].what);
        text_clear(&w->items[i].log);
        free(w->items[i].line);
        free(w->items[i].last);
    }
    free(w->items);
    containers_done(&w->all);
    engine_free(w->e);
}
#define guard_ward __attribute__((cleanup(ward_done))) ward

static const char *name_of(const patient *p)
{
    return *p->c->service ? p->c->service : p->c->name;
}

static void keep_text(const call *c, const char *name, const text *t)
{
    if (t->length)
        (void)c->host->keep(c->ctx, name, t->s, t->length);
}

/* ---- who there is ------------------------------------------------------------------------------------------------ */

static belay_status admit(ward *w)
{
    const call *c = engine_call(w->e);
    guard_mem char *project = NULL;
    guard_json *services = call_set(c, "services");
    belay_status s = compose_project_name(w->e, &project);
    if (s == BELAY_OK)
        s = containers_of(w->e, project, &w->all);
    if (s != BELAY_OK)
        return s;
    if (json_object_size(services) > 0)
        containers_select(&w->all, services, true);
    w->failed_ns = call_fact_ns(c, "failure.started_at");
    w->items = memset(text_grow(NULL, w->all.count, sizeof *w->items), 0,
                      (w->all.count ? w->all.count : 1) * sizeof *w->items);
    for (size_t i = 0; i < w->all.count; i++)
        w->items[i].c = &w->all.items[i];
    if (w->all.count == 0)
        finding(c->ctx, c->host, 65, "project %s has no container", project);
    return BELAY_OK;
}

/* An engine that has much to do answers some questions late; the others are to have their turn, too. */
static int half_of_the_time(const ward *w)
{
    const call *c = engine_call(w->e);
    const int64_t left = c->host->time_left_ms(c->ctx);
    return left > 2 ? (int)(left / 2) : 1;
}

/* Asks one question about each, side by side; the answers stand in *ret_requests, for the caller to free. Where one has
 * no answer, the others may still have theirs. */
static belay_status ask_each(ward *w, const char *tail, engine_request **ret_requests)
{
    engine_request *requests = text_grow(NULL, w->all.count, sizeof *requests);
    const int patience = half_of_the_time(w);
    for (size_t i = 0; i < w->all.count; i++)
        requests[i] = (engine_request){
            .method = "GET", .path = text_printf("/containers/%s%s", w->items[i].c->id, tail), .timeout_ms = patience};
    *ret_requests = requests;
    return engine_send(w->e, requests, w->all.count);
}

static void done_asking(const ward *w, engine_request *requests)
{
    for (size_t i = 0; i < w->all.count; i++)
        engine_request_done(&requests[i]);
    free(requests);
}

/* ---- states ------------------------------------------------------------------------------------------------------ */

/* Of an inspection only this is kept: its environment and its arguments may hold what no file should. */
static json_t *kept_part(const patient *p)
{
    const json_t *i = p->inspected, *host = json_object_get(i, "HostConfig");
    json_t *part = json_pack("{s:s, s:s}", "Name", p->c->name, "Service", p->c->service);
    json_object_set(part, "State", json_object_get(i, "State"));
    json_object_set(part, "RestartCount", json_object_get(i, "RestartCount"));
    json_object_set(part, "Memory", json_object_get(host, "Memory"));
    json_object_set(part, "PortBindings", json_object_get(host, "PortBindings"));
    json_object_set(part, "Image", json_object_get(i, "Image"));
    return part;
}

static belay_status look_at_states(ward *w)
{
    engine_request *answers = NULL;
    guard_json *all = json_array();
    belay_status s = ask_each(w, "/json", &answers);
    for (size_t i = 0; i < w->all.count; i++) {
        patient *p = &w->items[i];
        if (answers[i].status != 200)
            continue;
        s = s == BELAY_E_CANCELLED ? s : BELAY_OK;
        p->inspected = json_loadb(text_of(&answers[i].answer), answers[i].answer.length, 0, NULL);
        p->ailment = ailment_of(p->c, p->inspected, w->failed_ns, &p->what);
        json_array_append_new(all, kept_part(p));
    }
    done_asking(w, answers);
    guard_mem char *page = json_dumps(all, JSON_INDENT(2));
    const call *c = engine_call(w->e);
    if (s == BELAY_OK && page)
        (void)c->host->keep(c->ctx, "containers.json", page, strlen(page));
    return s;
}

/* ---- logs -------------------------------------------------------------------------------------------------------- */

static bool take_line(void *user, const char *line)
{
    patient *p = user;
    text_add(&p->log, "%s\n", line);
    if (*line) {
        free(p->last);
        p->last = text_dup(line);
    }
    const clue *found = clues_find(line);
    if (!found || (p->clue && found->weight < p->clue->weight))
        return true;
    p->clue = found;
    free(p->line);
    p->line = text_dup(line);
    return true;
}

static bool feed(void *user, const char *bytes, size_t n)
{
    return logread_feed(user, bytes, n);
}

/* Of one that is ill what may tell why; of the others what they wrote since the failed step began. */
static char *log_path(const ward *w, const patient *p)
{
    const int64_t since = p->ailment.weight ? ailment_since(p->inspected) : w->failed_ns;
    return text_printf("/containers/%s/logs?stdout=1&stderr=1&tail=%lld&since=%lld.%09lld", p->c->id,
                       (long long)call_int(engine_call(w->e), "lines"), (long long)(since / NS),
                       (long long)(since % NS));
}

static belay_status look_at_logs(ward *w)
{
    const call *c = engine_call(w->e);
    engine_request *requests = text_grow(NULL, w->all.count, sizeof *requests);
    logread *readers = text_grow(NULL, w->all.count, sizeof *readers);
    const int patience = half_of_the_time(w);
    for (size_t i = 0; i < w->all.count; i++) {
        const json_t *config = json_object_get(w->items[i].inspected, "Config");
        readers[i] =
            (logread){.fn = take_line, .user = &w->items[i], .tty = json_is_true(json_object_get(config, "Tty"))};
        requests[i] = (engine_request){.method = "GET",
                                       .path = log_path(w, &w->items[i]),
                                       .sink = feed,
                                       .user = &readers[i],
                                       .timeout_ms = patience};
    }
    const belay_status s = engine_send(w->e, requests, w->all.count);
    for (size_t i = 0; i < w->all.count; i++) {
        logread_end(&readers[i]);
        guard_mem char *name = text_printf("%s.log", w->items[i].c->name);
        keep_text(c, name, &w->items[i].log);
        engine_request_done(&requests[i]);
    }
    free(requests);
    free(readers);
    return s;
}

static void tell_ailment(const call *c, const patient *p)
{
    const char *quote = p->line ? p->line : p->ailment.quote == QUOTE_CLUE_OR_LAST ? p->last : NULL;
    int weight = p->ailment.weight;
    if (p->ailment.quote == QUOTE_NONE || !quote) {
        finding(c->ctx, c->host, weight, "%s", text_of(&p->what));
        return;
    }
    if (p->clue && p->clue->weight > weight)
        weight = p->clue->weight;
    const char *meaning = p->clue ? p->clue->meaning : NULL;
    finding(c->ctx, c->host, weight, "%s: %s%s\"%.*s\"", text_of(&p->what), meaning ? meaning : "", meaning ? ", " : "",
            QUOTE_WIDTH, quote);
}

static void tell_states_and_logs(const ward *w)
{
    const call *c = engine_call(w->e);
    for (size_t i = 0; i < w->all.count; i++) {
        const patient *p = &w->items[i];
        if (p->ailment.weight)
            tell_ailment(c, p);
        else if (p->clue)
            finding(c->ctx, c->host, p->clue->weight - HEALTHY_LESS, "%s logged: %s%s\"%.*s\"", name_of(p),
                    p->clue->meaning ? p->clue->meaning : "", p->clue->meaning ? ", " : "", QUOTE_WIDTH, p->line);
    }
}

/* ---- dependencies ------------------------------------------------------------------------------------------------ */

static const patient *find_service(const ward *w, const char *service, size_t n)
{
    for (size_t i = 0; i < w->all.count; i++)
        if (strlen(w->items[i].c->service) == n && strncmp(w->items[i].c->service, service, n) == 0)
            return &w->items[i];
    return NULL;
}

static bool is_up(const patient *p)
{
    const json_t *state = json_object_get(p->inspected, "State");
    const bool ended_well = strcmp(text_member(state, "Status"), "exited") == 0 &&
                            json_integer_value(json_object_get(state, "ExitCode")) == 0;
    return p->ailment.weight == 0 && (p->c->running || ended_well);
}

/* "postgres:service_healthy:false,redis:service_started:false" */
static void tell_dependencies_of(const ward *w, const patient *p)
{
    const call *c = engine_call(w->e);
    for (const char *at = p->c->depends_on; *at;) {
        const size_t all = strcspn(at, ","), n = strcspn(at, ":,");
        const patient *needed = find_service(w, at, n);
        if (!needed)
            finding(c->ctx, c->host, 83, "%s depends on %.*s, which has no container", name_of(p), (int)n, at);
        else if (!is_up(needed))
            finding(c->ctx, c->host, 72, "%s depends on %s, which is not up", name_of(p), name_of(needed));
        at += all + (at[all] == ',');
    }
}

/* Who is well needs no excuse, and who was stopped has none. */
static void tell_dependencies(const ward *w)
{
    for (size_t i = 0; i < w->all.count; i++) {
        const patient *p = &w->items[i];
        const bool waits = strcmp(text_member(json_object_get(p->inspected, "State"), "Status"), "created") == 0;
        if (p->ailment.weight || waits)
            tell_dependencies_of(w, p);
    }
}

/* ---- ports ------------------------------------------------------------------------------------------------------- */

/* The container that publishes the port, or NULL. */
static const json_t *publisher(const json_t *running, const char *port)
{
    size_t i, k;
    const json_t *container, *published;
    json_array_foreach(running, i, container)
        json_array_foreach(json_object_get(container, "Ports"), k, published)
            if (json_integer_value(json_object_get(published, "PublicPort")) == atoi(port))
                return container;
    return NULL;
}

/* A container that runs holds its ports itself; of the others: who has them. */
static void tell_ports_of(const call *c, const patient *p, const json_t *running)
{
    const char *inside;
    json_t *bindings;
    json_object_foreach(json_object_get(json_object_get(p->inspected, "HostConfig"), "PortBindings"), inside,
                        bindings) {
        const char *port = text_member(json_array_get(bindings, 0), "HostPort");
        const json_t *holder = *port ? publisher(running, port) : NULL;
        const char *name = json_string_value(json_array_get(json_object_get(holder, "Names"), 0));
        if (name)
            finding(c->ctx, c->host, 94, "port %s, which %s publishes, is held by container %s", port, name_of(p),
                    name + (*name == '/'));
    }
}

static belay_status look_at_ports(ward *w)
{
    guard_json *running = NULL;
    belay_status s = engine_get(w->e, &running, "/containers/json");
    for (size_t i = 0; i < w->all.count && s == BELAY_OK; i++)
        if (!w->all.items[i].running)
            tell_ports_of(engine_call(w->e), &w->items[i], running);
    return s;
}

/* ---- resources --------------------------------------------------------------------------------------------------- */

static void tell_usage(const call *c, const patient *p, const json_t *stats, text *page)
{
    char used[TEXT_SIZE], limit[TEXT_SIZE];
    usage now;
    if (!usage_read(stats, &now) || now.limit <= 0)
        return;
    const double share = 100 * now.memory / now.limit;
    text_add(page, "%-32s %10s of %10s  %5.1f %%\n", p->c->name, text_size((int64_t)now.memory, used),
             text_size((int64_t)now.limit, limit), share);
    if (share >= MEMORY_FULL)
        finding(c->ctx, c->host, 81, "%s uses %.0f %% of the memory that it may have (%s)", name_of(p), share,
                text_size((int64_t)now.limit, limit));
}

static belay_status look_at_resources(ward *w)
{
    engine_request *answers = NULL;
    guard_text page = {0};
    const call *c = engine_call(w->e);
    belay_status s = ask_each(w, "/stats?stream=false&one-shot=true", &answers);
    for (size_t i = 0; i < w->all.count && s == BELAY_OK; i++) {
        guard_json *stats = json_loadb(text_of(&answers[i].answer), answers[i].answer.length, 0, NULL);
        tell_usage(c, &w->items[i], stats, &page);
    }
    done_asking(w, answers);
    keep_text(c, "memory.txt", &page);
    return s;
}

belay_status diagnose_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_ward w = {0};
    belay_status s = engine_open(&c, &w.e);
    if (s == BELAY_E_RETRY)
        finding(ctx, host, 90, "the Docker Engine does not answer");
    if (s == BELAY_OK)
        s = admit(&w);
    if (s == BELAY_OK)
        s = look_at_states(&w);
    if (s != BELAY_OK)
        return s;
    s = look_at_logs(&w);
    tell_states_and_logs(&w); /* what is known by now, whether all logs came or not */
    if (s == BELAY_E_CANCELLED)
        return s;
    tell_dependencies(&w);
    s = look_at_ports(&w);
    if (s != BELAY_E_CANCELLED)
        s = look_at_resources(&w);
    if (s == BELAY_E_CANCELLED)
        return s;
    if (s != BELAY_OK)
        call_log(&c, 1, "what the containers use was left out: the engine did not tell in time");
    return BELAY_OK;
}
