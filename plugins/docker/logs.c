/* docker.logs: what services wrote since a time must hold some patterns and must not hold others. */
#include "compose.h"
#include "containers.h"
#include "kinds.h"
#include "logpattern.h"
#include "logread.h"
#include "say/measure.h"

#include <string.h>

#define QUOTED_LINES 12
#define QUOTED_WIDTH 400

static const char *const pattern_options[] = {"required", "forbidden", "allow"};

/* ---- since when ---- */

/* "30m" in nanoseconds; -1 when it is no duration. */
static int64_t read_duration(const char *s)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
    char *end;
    double number = strtod(s, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units && end > s && number >= 0; i++)
        if (strcmp(end, units[i].unit) == 0 && number * units[i].ns < 9e18)
            return (int64_t)(number * units[i].ns);
    return -1;
}

/* The option `since` on the engine's clock. */
static belay_status since_of(engine *e, int64_t *ret_ns)
{
    const call *c = engine_call(e);
    const char *since = call_str(c, "since");
    const char *fact = strcmp(since, "run") == 0     ? "run.started_at"
                       : strcmp(since, "stage") == 0 ? "stage.started_at"
                       : strcmp(since, "step") == 0  ? "step.started_at"
                                                     : NULL;
    const int64_t then = fact ? call_fact_ns(c, fact) : call_now_ns() - read_duration(since);
    if (fact && !then)
        return call_blame(c, "since", "there is no %s here; write a duration, such as \"30m\"", since);
    return engine_clock_of(e, then, ret_ns);
}

belay_status logs_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    static const char *const words[] = {"run", "stage", "step"};
    size_t asked = 0;
    for (size_t i = 0; i < sizeof pattern_options / sizeof *pattern_options; i++) {
        guard_patterns p = {0};
        belay_status s = patterns_read(&c, pattern_options[i], NULL, &p);
        if (s != BELAY_OK)
            return s;
        asked += i < 2 ? p.count : 0;
    }
    if (asked == 0)
        return call_blame(&c, "required", "name patterns that are required or forbidden: nothing would be checked");
    const char *since = call_str(&c, "since");
    bool known = host->pending(ctx, "since") || read_duration(since) >= 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        known = known || call_is(&c, "since", words[i]);
    return known ? BELAY_OK
                 : call_blame(&c, "since", "'%s': write run, stage, step, or a duration such as \"30m\"", since);
}

/* ---- which logs ---- */

typedef struct scope {
    char *project; /* NULL when only containers are named */
    containers all;
    json_t *services, *direct; /* sets: whose logs are read, and the option containers */
    json_t *names;             /* set: what patterns may be for */
    bool whole;                /* the services are all of the project */
} scope;

static void scope_done(scope *in)
{
    free(in->project);
    containers_done(&in->all);
    json_decref(in->services);
    json_decref(in->direct);
    json_decref(in->names);
}
#define guard_scope __attribute__((cleanup(scope_done))) scope

static belay_status find_containers(engine *e, scope *in)
{
    belay_status s = compose_project_name(e, &in->project);
    if (s == BELAY_OK)
        s = containers_of(e, in->project, &in->all);
    for (size_t i = 0; i < in->all.count; i++) {
        const container *one = &in->all.items[i];
        json_object_set_new(in->names, one->service, json_true());
        json_object_set_new(in->names, one->name, json_true());
        if (in->whole)
            json_object_set_new(in->services, one->service, json_true());
    }
    return s;
}

/* Is there a pattern that begins with a name which no container has? */
static bool in_doubt(const call *c, const scope *in)
{
    for (size_t i = 0; i < sizeof pattern_options / sizeof *pattern_options; i++)
        for (const char *const *item = c->host->opt_list(c->ctx, pattern_options[i]); *item; item++) {
            guard_mem char *prefix = patterns_prefix(*item);
            if (prefix && !json_object_get(in->names, prefix))
                return true;
        }
    return false;
}

/* A service that has no container is known by the compose file only. */
static belay_status ask_file(engine *e, scope *in)
{
    const call *c = engine_call(e);
    guard_compose *compose = NULL;
    bool named = call_str(c, "project_dir") || c->host->opt_list(c->ctx, "file")[0];
    bool given = named || (in->project && !call_str(c, "project"));
    belay_status s = given ? compose_open_whole(e, &compose) : BELAY_OK;
    if (compose)
        json_object_update(in->names, compose_services(compose));
    return s;
}

static belay_status find_scope(engine *e, scope *in)
{
    const call *c = engine_call(e);
    in->services = call_set(c, "services");
    in->direct = call_set(c, "containers");
    in->names = json_object();
    json_object_update(in->names, in->services);
    json_object_update(in->names, in->direct);
    bool named = json_object_size(in->services) > 0;
    in->whole = !named && json_object_size(in->direct) == 0;
    belay_status s = named || in->whole ? find_containers(e, in) : BELAY_OK;
    if (s == BELAY_OK && in_doubt(c, in))
        s = ask_file(e, in);
    containers_select(&in->all, in->services, false);
    return s;
}

/* One that no log is read for would never match. Where all logs are read, its service has no container. */
static belay_status find_logs(const call *c, scope *in, const char *option, const patterns *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const char *only = p->items[i].only;
        if (!only || json_object_get(in->services, only) || json_object_get(in->direct, only) ||
            containers_by_name(&in->all, only))
            continue;
        if (!in->whole)
            return call_blame(c, option,
                              "'%s: %s' is for the log of %s, which this step does not read: name it in services, or "
                              "write '%s[:] %s' to look for the text in all logs",
                              only, p->items[i].text, only, only, p->items[i].text);
        json_object_set_new(in->services, only, json_true());
    }
    return BELAY_OK;
}

/* ---- reading ---- */

typedef struct scan {
    const call *call;
    patterns required, forbidden, allow;
    log_source log; /* being read */
    size_t lines, matches;
    size_t all_lines, all_matches, all_cut;
    text quotes;  /* forbidden lines */
    text missing; /* required patterns not seen */
    bool over;    /* one of these cannot come any more: its container has ended */
    text cut;     /* logs that have lines which were not read to their end */
} scan;

static void scan_done(scan *s)
{
    patterns_done(&s->required);
    patterns_done(&s->forbidden);
    patterns_done(&s->allow);
    text_clear(&s->quotes);
    text_clear(&s->missing);
    text_clear(&s->cut);
}
#define guard_scan __attribute__((cleanup(scan_done))) scan

static belay_status read_patterns(scan *s, scope *in)
{
    patterns *const all[] = {&s->required, &s->forbidden, &s->allow}; /* as pattern_options */
    belay_status status = BELAY_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && status == BELAY_OK; i++) {
        status = patterns_read(s->call, pattern_options[i], in->names, all[i]);
        if (status == BELAY_OK && all[i] != &s->allow)
            status = find_logs(s->call, in, pattern_options[i], all[i]);
    }
    return status;
}

static bool on_line(void *user, const char *line)
{
    scan *s = user;
    s->lines++;
    patterns_match(&s->required, &s->log, line);
    if (patterns_match(&s->forbidden, &s->log, line) && !patterns_match(&s->allow, &s->log, line)) {
        size_t before = s->all_matches + s->matches;
        if (before < QUOTED_LINES)
            text_add(&s->quotes, "%s%s | %.*s", before ? "\n  " : "", s->log.name, QUOTED_WIDTH, line);
        s->matches++;
    }
    return true;
}

static belay_status read_log(engine *e, scan *s, log_source log, int64_t since_ns)
{
    s->log = log;
    s->lines = s->matches = 0;
    logread_facts facts = {0};
    for (size_t i = 0; i < s->required.count; i++)
        s->required.items[i].seen = false;
    belay_status status = logread_container(e, log.id, since_ns, 0, on_line, s, &facts);
    if (status != BELAY_OK)
        return status;
    for (size_t i = 0; i < s->required.count; i++) {
        const pattern *p = &s->required.items[i];
        if (p->seen || !pattern_is_for(p, &log))
            continue;
        text_add(&s->missing, "%s%s has not written '%s' (%zu lines read)", s->missing.length ? "; " : "", log.name,
                 p->text, s->lines);
        if (facts.ended)
            text_add(&s->missing, ", and has ended with exit code %lld", facts.exit_code);
        s->over = s->over || facts.ended;
    }
    if (facts.cut)
        text_add(&s->cut, "%s%s", s->cut.length ? ", " : "", log.name);
    s->all_cut += facts.cut;
    s->all_lines += s->lines;
    s->all_matches += s->matches;
    return measure_instance(s->call->ctx, s->call->host, "matches", log.name, (double)s->matches);
}

static belay_status read_services(engine *e, const scope *in, scan *scanned, int64_t since_ns)
{
    const call *c = engine_call(e);
    if (in->project && json_object_size(in->services) == 0)
        return call_fail(c, BELAY_NO_DATA, "is the project's name right, and is it up?",
                         "project %s has no container, so there is no log", in->project);
    belay_status s = BELAY_OK;
    const char *service;
    json_t *unused;
    json_object_foreach(in->services, service, unused) {
        bool found = false;
        for (size_t i = 0; i < in->all.count && s == BELAY_OK; i++) {
            const container *one = &in->all.items[i];
            if (strcmp(one->service, service) != 0)
                continue;
            found = true;
            s = read_log(e, scanned, (log_source){one->id, service, one->name}, since_ns);
        }
        if (s == BELAY_OK && !found)
            s = call_fail(c, BELAY_NO_DATA, NULL, "project %s has no container of service %s, so there is no log",
                          in->project, service);
        if (s != BELAY_OK)
            return s;
    }
    return BELAY_OK;
}

static belay_status judge(const call *c, const scan *s)
{
    size_t wanted = (size_t)call_int(c, "min_lines");
    c->host->measure(c->ctx, "matches", (double)s->all_matches);
    c->host->measure(c->ctx, "lines", (double)s->all_lines);
    if (s->all_matches > 0)
        return call_fail(c, BELAY_E_FAIL, "expected lines can be let through with the option allow",
                         "%zu forbidden line%s%s: %s", s->all_matches, s->all_matches == 1 ? "" : "s",
                         s->all_matches > QUOTED_LINES ? ", the first of them" : "", text_of(&s->quotes));
    if (s->missing.length)
        return call_fail(c, s->over ? BELAY_E_FAIL : BELAY_NOT_YET, NULL, "%s", text_of(&s->missing));
    if (s->all_cut && s->forbidden.count)
        return call_fail(
            c, BELAY_NO_DATA, "let the service write shorter lines",
            "%zu log line%s of %s %s longer than %d bytes; the rest was not checked for forbidden patterns", s->all_cut,
            s->all_cut == 1 ? "" : "s", text_of(&s->cut), s->all_cut == 1 ? "is" : "are", LOGREAD_LINE_MAX);
    if (s->all_lines < wanted)
        return call_fail(c, BELAY_NO_DATA, NULL, "only %zu lines were written; %zu are wanted", s->all_lines, wanted);
    return BELAY_OK;
}

belay_status logs_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_scope in = {0};
    guard_scan scanned = {.call = &c};
    int64_t since_ns = 0;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = since_of(e, &since_ns);
    if (s == BELAY_OK)
        s = find_scope(e, &in);
    if (s == BELAY_OK)
        s = read_patterns(&scanned, &in);
    if (s == BELAY_OK)
        s = read_services(e, &in, &scanned, since_ns);
    for (const char *const *name = host->opt_list(ctx, "containers"); *name && s == BELAY_OK; name++)
        s = read_log(e, &scanned, (log_source){*name, *name, *name}, since_ns);
    return s == BELAY_OK ? judge(&c, &scanned) : s;
}
