/* docker.up: services come up by `compose up`, and what they replace is set aside first (twin.h). */
#include "up_plan.h"

#include <string.h>

#include "kinds.h"
#include "networks.h"
#include "twin.h"

#define NS 1000000000

/* ---- what there is ---- */

static belay_status listed(engine *e, const char *what, const char *project, const char *member, const char *made,
                           json_t **ret)
{
    guard_mem char *label = text_printf(LABEL_PROJECT "=%s", project);
    guard_mem char *filter = engine_filter("label", label);
    guard_json *answer = NULL, *names = json_object();
    belay_status s = engine_get(e, &answer, "/%s?%s", what, filter);
    size_t i;
    json_t *one;
    json_array_foreach(member ? json_object_get(answer, member) : answer, i, one)
        json_object_set_new(names, text_member(one, "Name"), json_integer(engine_time(text_member(one, made)) / NS));
    if (s == BELAY_OK)
        *ret = take(names);
    return s;
}

belay_status up_networks(engine *e, const char *project, json_t **ret)
{
    return listed(e, "networks", project, NULL, "Created", ret);
}

belay_status up_volumes(engine *e, const char *project, json_t **ret)
{
    return listed(e, "volumes", project, "Volumes", "CreatedAt", ret);
}

/* ---- prepare ---- */

/* Compose starts them anew in each `up`, also in that of a rollback stage. */
static void plan_oneshots(engine *e, const compose *compose, json_t *services)
{
    guard_json *concerned = compose_with_dependencies(compose, services);
    guard_json *oneshot = up_oneshots(engine_call(e), compose), *both = json_object();
    const char *service;
    json_t *unused;
    json_object_foreach(oneshot, service, unused)
        if (json_object_get(concerned, service))
            json_object_set_new(both, service, json_true());
    guard_mem char *names = compose_list(both);
    if (json_object_size(both) > 0)
        engine_plan(e, NULL, "run the one-shot services %s; each `compose up` runs them again, that of a rollback too",
                    names);
}

belay_status up_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_compose *compose = NULL;
    guard_json *services = NULL;
    guard_containers now = {0};
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = compose_plan(e, "services", COMPOSE_ALL, &compose, &services);
    guard_json *concerned = compose ? compose_with_dependencies(compose, services) : NULL;
    if (s == BELAY_OK && compose)
        s = networks_check(e, compose, concerned);
    if (s == BELAY_OK && compose)
        s = containers_of(e, compose_project(compose), &now);
    if (s != BELAY_OK)
        return s;
    containers_select(&now, services, false);
    for (size_t i = 0; i < now.count && s == BELAY_OK; i++)
        s = twin_check_image(e, &now.items[i]);
    if (s != BELAY_OK)
        return s;
    guard_mem char *names = compose_list(services);
    if (now.count == 0)
        engine_plan(e, "what was made goes: containers, networks and volumes that did not exist", "bring up %s", names);
    else
        engine_plan(e, "containers that were replaced come back under their names, from the images that they had",
                    "bring up %s; containers whose image or configuration changed are replaced", names);
    if (compose)
        plan_oneshots(e, compose, services);
    return BELAY_OK;
}

/* ---- execute ---- */

/* `compose up` recreates what a named service depends on when its configuration or image changed. A database must not
 * be replaced because an application was named. (--no-deps is no way out: it changes the hash that Compose writes on
 * the containers, so that the next `compose up` would recreate them all.) */
static belay_status check_dependencies(up_plan *p, const containers *now)
{
    const call *c = engine_call(p->e);
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < now->count && s == BELAY_OK; i++) {
        const container *one = &now->items[i];
        const char *reason = NULL;
        if (call_int(c, "recreate_dependencies") || json_object_get(p->services, one->service))
            continue;
        s = up_reason_to_replace(p, now, one, &reason);
        if (s == BELAY_OK && reason)
            return call_fail(
                c, BELAY_E_FAIL, "bring it up in a step of its own that names it, or set recreate_dependencies = true",
                "compose would replace or remove container %s of service %s too, which this step does not name: "
                "its %s",
                one->name, one->service, reason);
    }
    return s;
}

static belay_status count_restarts(engine *e, const containers *list, json_t **ret)
{
    *ret = json_object();
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < list->count && s == BELAY_OK; i++) {
        guard_json *inspected = NULL;
        if (!list->items[i].running)
            continue;
        s = engine_get(e, &inspected, "/containers/%s/json", list->items[i].id);
        if (inspected)
            json_object_set(*ret, list->items[i].id, json_object_get(inspected, "RestartCount"));
    }
    return s;
}

/* Remembers what there is; *kept is what an earlier try remembered. */
static belay_status remember(up_plan *p, const containers *now, json_t **kept)
{
    const call *c = engine_call(p->e);
    const char *project = compose_project(p->compose);
    guard_mem char *mark = call_tag(c);
    guard_json *networks = NULL, *volumes = NULL, *restarts = NULL;
    int64_t started = 0;
    belay_status s = engine_now(p->e, &started);
    if (s == BELAY_OK)
        s = up_networks(p->e, project, &networks);
    if (s == BELAY_OK)
        s = up_volumes(p->e, project, &volumes);
    if (s == BELAY_OK)
        s = count_restarts(p->e, now, &restarts);
    if (s != BELAY_OK)
        return s;
    for (size_t i = 0; i < now->count; i++) {
        size_t k;
        json_t *volume;
        json_array_foreach(now->items[i].volumes, k, volume)
            json_object_set_new(volumes, json_string_value(volume), json_integer(0));
    }
    guard_json *before =
        json_pack("{s:s, s:s, s:I, s:O, s:o, s:O, s:O, s:O}", "project", project, "mark", mark, "started",
                  (json_int_t)(started / NS), "services", p->concerned, "containers", containers_to_json(now),
                  "restarts", restarts, "networks", networks, "volumes", volumes);
    return call_remember(c, UP_BEFORE, before, kept);
}

/* What Compose will or may replace gets a twin; what it surely leaves alone needs none. */
static belay_status set_aside(up_plan *p, const json_t *before)
{
    guard_containers old = {0};
    if (!containers_from_json(json_object_get(before, "containers"), &old))
        return BELAY_E_HOST;
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < old.count && s == BELAY_OK; i++) {
        const char *reason = NULL;
        const json_t *service = json_object_get(compose_services(p->compose), old.items[i].service);
        s = up_reason_to_replace(p, &old, &old.items[i], &reason);
        if (s == BELAY_OK && (reason || up_shares_with_a_service(service)))
            s = twin_make(p->e, &old.items[i], text_member(before, "mark"));
    }
    return s;
}

/* A name that Compose gives for the moment of replacing: 12 digits of the old container's id, '_', the name. */
static const char *after_passing_prefix(const char *name)
{
    return strspn(name, "0123456789abcdef") == 12 && name[12] == '_' ? name + 13 : NULL;
}

/* A compose that was killed half-way leaves new containers under passing names, over which the next one stumbles. They
 * get the name that they were meant to have, or go while the old one still has it. */
static belay_status tidy(up_plan *p, const json_t *before)
{
    guard_containers now = {0}, old = {0};
    belay_status s = containers_of(p->e, compose_project(p->compose), &now);
    if (s != BELAY_OK || !containers_from_json(json_object_get(before, "containers"), &old))
        return s;
    containers_select(&now, p->concerned, false);
    for (size_t i = 0; i < now.count && s >= 0; i++) {
        const char *name = after_passing_prefix(now.items[i].name);
        if (!name || containers_by_id(&old, now.items[i].id))
            continue;
        if (containers_by_name(&now, name))
            s = engine_do(p->e, "DELETE", NULL, 404, "/containers/%s?force=1", now.items[i].id);
        else
            s = engine_do(p->e, "POST", NULL, 404, "/containers/%s/rename?name=%s", now.items[i].id, name);
    }
    return s < 0 ? s : BELAY_OK;
}

typedef struct watcher {
    const call *call;
    text said; /* what is no progress */
} watcher;

/* " Container bx-db  Started" is progress, the rest are complaints. */
static void on_line(void *user, const char *line)
{
    static const char *const things[] = {"Container ", "Network ", "Volume "};
    watcher *w = user;
    const char *words = line + strspn(line, " ");
    for (size_t i = 0; i < sizeof things / sizeof *things; i++)
        if (strncmp(words, things[i], strlen(things[i])) == 0) {
            w->call->host->progress(w->call->ctx, 0, 0, words);
            call_log(w->call, 1, "%s", words);
            return;
        }
    if (*words && !strstr(line, "level=warning"))
        text_add(&w->said, "%s%s", w->said.length ? "\n" : "", words);
}

/* Compose names the container that made it fail, not why: add what the containers say. */
static belay_status explain_failure(up_plan *p, const json_t *before, const text *said)
{
    const call *c = engine_call(p->e);
    guard_containers now = {0};
    guard_text why = {0};
    judge_rules rules;
    text_add(&why, "compose up: %s", said->length ? said->s : "failed without a word");
    if (engine_was_lost(p->e, text_of(&why)))
        return call_fail(c, BELAY_E_RETRY, "what it had begun may be half done; rollback and resume know what was so",
                         "the Docker Engine at %s went away: %s", engine_host(p->e), text_of(&why));
    if (containers_of(p->e, compose_project(p->compose), &now) == BELAY_OK && up_rules(p, before, &rules) == BELAY_OK) {
        containers_select(&now, p->concerned, false);
        for (size_t i = 0; i < now.count; i++) {
            guard_text bad = {0};
            judge_verdict verdict = JUDGE_WAIT;
            guard_json *inspected = NULL;
            if (engine_get(p->e, &inspected, "/containers/%s/json", now.items[i].id) != BELAY_OK)
                break;
            bool untouched = strcmp(text_member(json_object_get(inspected, "State"), "Status"), "created") == 0 &&
                             !*text_member(json_object_get(inspected, "State"), "Error");
            if (!untouched && judge_container(p->e, &now.items[i], &rules, &verdict, &bad) == BELAY_OK &&
                verdict == JUDGE_BAD)
                text_add(&why, "\n%s", text_of(&bad));
        }
    }
    return call_fail(c, BELAY_E_FAIL, engine_hint(text_of(&why)), "%s", text_of(&why));
}

static belay_status run_up(up_plan *p, const json_t *before)
{
    const call *c = engine_call(p->e);
    guard_args args = {0};
    const char *const fixed[] = {"up", "--detach", "--no-build", "--no-color", "--quiet-pull", "--pull"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        compose_args_add(&args, fixed[i]);
    compose_args_add(&args, call_str(c, "pull"));
    if (call_int(c, "recreate"))
        compose_args_add(&args, "--force-recreate");
    compose_args_add(&args, "--"); /* Compose lets a service be named "--build" */
    const char *service;
    json_t *unused;
    json_object_foreach(p->services, service, unused)
        compose_args_add(&args, service);
    watcher w = {.call = c};
    belay_run io = {.keep_as = "up.log", .on_line = on_line, .user = &w};
    belay_status s = compose_run(p->compose, &io, args.items);
    if (s == BELAY_OK && io.exit_code != 0)
        s = explain_failure(p, before, &w.said);
    text_clear(&w.said);
    return s;
}

static belay_status report(up_plan *p)
{
    const call *c = engine_call(p->e);
    guard_containers now = {0};
    belay_status s = containers_of(p->e, compose_project(p->compose), &now);
    if (s != BELAY_OK)
        return s;
    containers_select(&now, p->services, false);
    guard_json *images = json_object();
    for (size_t i = 0; i < now.count; i++)
        json_object_set_new(images, now.items[i].service, json_string(now.items[i].image));
    guard_mem char *names = containers_names(&now);
    guard_mem char *ids = json_dumps(images, JSON_COMPACT | JSON_SORT_KEYS);
    s = c->host->output(c->ctx, "containers", names);
    return s == BELAY_OK ? c->host->output(c->ctx, "images", ids) : s;
}

belay_status up_execute(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_up_plan p = {0};
    guard_containers now = {0};
    guard_json *before = NULL;
    belay_status s = up_plan_open(&c, &p);
    if (s == BELAY_OK)
        s = compose_check_files(p.compose, true);
    if (s == BELAY_OK)
        s = networks_check(p.e, p.compose, p.concerned);
    if (s == BELAY_OK)
        s = containers_of(p.e, compose_project(p.compose), &now);
    if (s != BELAY_OK)
        return s;
    containers_select(&now, p.concerned, false);
    s = compose_hashes(p.compose, &p.hashes);
    if (s == BELAY_OK)
        s = check_dependencies(&p, &now);
    if (s == BELAY_OK)
        s = engine_remember(p.e);
    if (s == BELAY_OK)
        s = remember(&p, &now, &before);
    if (s == BELAY_OK)
        s = set_aside(&p, before);
    if (s == BELAY_OK)
        s = tidy(&p, before);
    if (s == BELAY_OK)
        s = run_up(&p, before);
    return s == BELAY_OK ? report(&p) : s;
}
