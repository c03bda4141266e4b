/* docker.logs: what services wrote since a time must hold some patterns and must not hold others. */
#include "compose.h"
#include "containers.h"
#include "kinds.h"
#include "logread.h"
#include "say/measure.h"

#include <regex.h>
#include <string.h>
#include <time.h>

#define QUOTED_LINES 12
#define QUOTED_WIDTH 400
#define NS           INT64_C(1000000000)

/* A POSIX extended regular expression, for all logs or, written "service: pattern", for one. */
typedef struct pattern {
    const char *text; /* borrowed from the option */
    char *only;       /* service or container, or NULL */
    regex_t regex;
    bool seen; /* in the log being read */
} pattern;

typedef struct patterns {
    pattern *items;
    size_t count;
} patterns;

static void patterns_done(patterns *p)
{
    for (size_t i = 0; i < p->count; i++) {
        regfree(&p->items[i].regex);
        free(p->items[i].only);
    }
    free(p->items);
}
#define guard_patterns __attribute__((cleanup(patterns_done))) patterns

/* The part before ": " when it is one of the step's services or containers. */
static char *only_of(const call *c, const char *item)
{
    static const char *const options[] = {"services", "containers"};
    const char *colon = strstr(item, ": ");
    for (size_t i = 0; colon && i < sizeof options / sizeof *options; i++) {
        guard_json *names = call_set(c, options[i]);
        guard_mem char *name = text_printf("%.*s", (int)(colon - item), item);
        if (json_object_get(names, name))
            return take(name);
    }
    return NULL;
}

static belay_status patterns_read(const call *c, const char *option, patterns *ret)
{
    const char *const *items = c->host->opt_list(c->ctx, option);
    size_t n = 0;
    while (items[n])
        n++;
    ret->items = memset(text_grow(NULL, n, sizeof *ret->items), 0, (n ? n : 1) * sizeof *ret->items);
    int flags = REG_EXTENDED | REG_NOSUB | (call_int(c, "ignore_case") ? REG_ICASE : 0);
    for (size_t i = 0; i < n; i++) {
        pattern *p = &ret->items[i];
        p->only = only_of(c, items[i]);
        p->text = items[i] + (p->only ? strlen(p->only) + 2 : 0);
        int error = regcomp(&p->regex, p->text, flags);
        if (error) {
            char why[128];
            regerror(error, &p->regex, why, sizeof why);
            free(p->only);
            return call_blame(c, option, "'%s' is no regular expression: %s", p->text, why);
        }
        ret->count++;
    }
    return BELAY_OK;
}

/* Marks those that the line matches; false when there is none. */
static bool patterns_match(patterns *p, const char *name, const char *line)
{
    bool any = false;
    for (size_t i = 0; i < p->count; i++) {
        pattern *one = &p->items[i];
        if ((one->only && strcmp(one->only, name) != 0) || regexec(&one->regex, line, 0, NULL, 0) != 0)
            continue;
        one->seen = any = true;
    }
    return any;
}

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

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS + now.tv_nsec;
}

/* The option `since` on the engine's clock, which on another machine is not ours. */
static belay_status since_of(engine *e, int64_t *ret_ns)
{
    const call *c = engine_call(e);
    const char *since = call_str(c, "since");
    int64_t ahead = 0;
    belay_status s = engine_ahead(e, &ahead);
    if (s != BELAY_OK)
        return s;
    const char *fact = strcmp(since, "run") == 0     ? "run.started_at"
                       : strcmp(since, "stage") == 0 ? "stage.started_at"
                       : strcmp(since, "step") == 0  ? "step.started_at"
                                                     : NULL;
    const char *at = fact ? c->host->fact(c->ctx, fact) : NULL;
    if (fact && !at)
        return call_blame(c, "since", "there is no %s here; write a duration, such as \"30m\"", since);
    int64_t then = at ? (int64_t)(strtod(at, NULL) * (double)NS) : now_ns() - read_duration(since);
    *ret_ns = then + ahead;
    return BELAY_OK;
}

belay_status logs_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    static const char *const options[] = {"required", "forbidden", "allow"}, *const words[] = {"run", "stage", "step"};
    size_t asked = 0;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        guard_patterns p = {0};
        belay_status s = patterns_read(&c, options[i], &p);
        if (s != BELAY_OK)
            return s;
        asked += i < 2 ? p.count : 0;
    }
    if (asked == 0)
        return call_blame(&c, "required", "name patterns that are required or forbidden: nothing would be checked");
    const char *since = call_str(&c, "since");
    bool known = read_duration(since) >= 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        known = known || strcmp(since, words[i]) == 0;
    return known ? BELAY_OK
                 : call_blame(&c, "since", "'%s': write run, stage, step, or a duration such as \"30m\"", since);
}

/* ---- reading ---- */

typedef struct scan {
    const call *call;
    patterns required, forbidden, allow;
    const char *name; /* of the log being read */
    size_t lines, matches;
    size_t all_lines, all_matches;
    text quotes;  /* forbidden lines */
    text missing; /* required patterns not seen */
} scan;

static void scan_done(scan *s)
{
    patterns_done(&s->required);
    patterns_done(&s->forbidden);
    patterns_done(&s->allow);
    text_clear(&s->quotes);
    text_clear(&s->missing);
}
#define guard_scan __attribute__((cleanup(scan_done))) scan

static bool on_line(void *user, const char *line)
{
    scan *s = user;
    s->lines++;
    patterns_match(&s->required, s->name, line);
    if (patterns_match(&s->forbidden, s->name, line) && !patterns_match(&s->allow, s->name, line)) {
        size_t before = s->all_matches + s->matches;
        if (before < QUOTED_LINES)
            text_add(&s->quotes, "%s%s | %.*s", before ? "\n  " : "", s->name, QUOTED_WIDTH, line);
        s->matches++;
    }
    return true;
}

/* Reads one container's log. name: as the step's options call it. */
static belay_status read_log(engine *e, scan *s, const char *container, const char *name, int64_t since_ns)
{
    s->name = name;
    s->lines = s->matches = 0;
    for (size_t i = 0; i < s->required.count; i++)
        s->required.items[i].seen = false;
    belay_status status = logread_container(e, container, since_ns, 0, on_line, s);
    if (status != BELAY_OK)
        return status;
    for (size_t i = 0; i < s->required.count; i++) {
        const pattern *p = &s->required.items[i];
        if (!p->seen && (!p->only || strcmp(p->only, name) == 0))
            text_add(&s->missing, "%s%s has not written '%s' (%zu lines read)", s->missing.length ? "; " : "", name,
                     p->text, s->lines);
    }
    s->all_lines += s->lines;
    s->all_matches += s->matches;
    return measure_instance(s->call->ctx, s->call->host, "matches", name, (double)s->matches);
}

static belay_status read_services(engine *e, scan *scanned, int64_t since_ns)
{
    const call *c = engine_call(e);
    guard_json *services = call_set(c, "services"), *direct = call_set(c, "containers");
    if (json_object_size(services) == 0 && json_object_size(direct) > 0)
        return BELAY_OK;
    guard_mem char *project = NULL;
    guard_containers all = {0};
    belay_status s = compose_project_name(e, &project);
    if (s == BELAY_OK)
        s = containers_of(e, project, &all);
    if (s != BELAY_OK)
        return s;
    if (json_object_size(services) == 0)
        for (size_t i = 0; i < all.count; i++)
            json_object_set_new(services, all.items[i].service, json_true());
    containers_select(&all, services, false);
    const char *service;
    json_t *unused;
    json_object_foreach(services, service, unused) {
        bool found = false;
        for (size_t i = 0; i < all.count && s == BELAY_OK; i++) {
            if (strcmp(all.items[i].service, service) != 0)
                continue;
            found = true;
            s = read_log(e, scanned, all.items[i].id, service, since_ns);
        }
        if (s == BELAY_OK && !found)
            s = call_fail(c, BELAY_NO_DATA, NULL, "project %s has no container of service %s, so there is no log",
                          project, service);
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
        return call_fail(c, BELAY_NOT_YET, NULL, "%s", text_of(&s->missing));
    if (s->all_lines < wanted)
        return call_fail(c, BELAY_NO_DATA, NULL, "only %zu lines were written; %zu are wanted", s->all_lines, wanted);
    return BELAY_OK;
}

belay_status logs_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_scan scanned = {.call = &c};
    int64_t since_ns = 0;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = since_of(e, &since_ns);
    if (s == BELAY_OK)
        s = patterns_read(&c, "required", &scanned.required);
    if (s == BELAY_OK)
        s = patterns_read(&c, "forbidden", &scanned.forbidden);
    if (s == BELAY_OK)
        s = patterns_read(&c, "allow", &scanned.allow);
    if (s == BELAY_OK)
        s = read_services(e, &scanned, since_ns);
    for (const char *const *name = host->opt_list(ctx, "containers"); *name && s == BELAY_OK; name++)
        s = read_log(e, &scanned, *name, *name, since_ns);
    return s == BELAY_OK ? judge(&c, &scanned) : s;
}
