/* docker.build: `compose build`, with the earlier images kept and their tags given back by rollback. */
#include "build.h"
#include "image.h"
#include "kinds.h"
#include "tags.h"

#include <stdio.h>
#include <string.h>

/* Undo journal: "before" and "mark" see tags.h, the rest see build.h. */

/* ---- prepare ---- */

/* service, or further reference -> reference; and the set of all references. The caller decrefs both. */
static void references_of(compose *compose, json_t *services, json_t **ret_by_name, json_t **ret_set)
{
    *ret_by_name = json_object();
    *ret_set = json_object();
    const char *service, *reference;
    json_t *unused;
    json_object_foreach(services, service, unused)
        compose_add_references(compose, service, *ret_set);
    json_object_foreach(*ret_set, reference, unused)
        json_object_set_new(*ret_by_name, reference, json_string(reference));
    json_object_foreach(services, service, unused) {
        guard_mem char *image = compose_image(compose, service);
        json_object_del(*ret_by_name, image);
        json_object_set_new(*ret_by_name, service, json_string(image));
    }
}

belay_status build_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    for (const char *const *arg = host->opt_list(ctx, "args"); *arg; arg++)
        if (!strchr(*arg, '=') || **arg == '=')
            return call_blame(&c, "args", "write \"NAME=value\"");
    guard_engine *e = NULL;
    guard_compose *compose = NULL;
    guard_json *services = NULL;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = compose_plan(e, "services", COMPOSE_BUILT, &compose, &services);
    if (s != BELAY_OK)
        return s;
    guard_json *by_name = NULL, *references = NULL;
    if (compose)
        references_of(compose, services, &by_name, &references);
    guard_mem char *names = compose_list(services);
    guard_mem char *written = references ? compose_list(references) : text_dup("known later");
    engine_plan(e, "each image reference points again at the image that it had; what was built goes",
                "build the images of %s%s, %lld side by side; references: %s", names,
                call_int(&c, "no_cache") ? " without cache" : "", (long long)call_int(&c, "parallel"), written);
    return BELAY_OK;
}

/* ---- execute ---- */

typedef struct watcher {
    const call *call;
    buildlog log;
} watcher;

static void on_line(void *user, const char *line)
{
    watcher *w = user;
    const char *step;
    if (!buildlog_line(&w->log, line, &step))
        return;
    uint64_t done, all;
    buildlog_progress(&w->log, &done, &all);
    w->call->host->progress(w->call->ctx, done, all, step);
    call_log(w->call, 1, "%s", step);
}

/* "--build-arg NAME ...": only names on the command line, where every user of the machine can read; Compose takes the
 * values from its environment. names keeps the strings. */
static void add_build_arguments(const call *c, compose_args *args, compose_args *env, json_t *names)
{
    for (const char *const *arg = c->host->opt_list(c->ctx, "args"); *arg; arg++) {
        json_array_append_new(names, json_stringn(*arg, strcspn(*arg, "=")));
        compose_args_add(args, "--build-arg");
        compose_args_add(args, json_string_value(json_array_get(names, json_array_size(names) - 1)));
        compose_args_add(env, *arg);
    }
}

static belay_status run_build(engine *e, compose *compose, json_t *services)
{
    const call *c = engine_call(e);
    char parallel[24];
    snprintf(parallel, sizeof parallel, "%lld", (long long)call_int(c, "parallel"));
    guard_args args = {0}, env = {0};
    const char *const fixed[] = {"--parallel", parallel, "--progress", "plain", "build"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        compose_args_add(&args, fixed[i]);
    if (call_int(c, "no_cache"))
        compose_args_add(&args, "--no-cache");
    if (call_int(c, "pull"))
        compose_args_add(&args, "--pull");
    guard_json *names = json_array();
    add_build_arguments(c, &args, &env, names);
    compose_args_add(&args, "--"); /* Compose lets a service be named "--pull" */
    const char *service;
    json_t *unused;
    json_object_foreach(services, service, unused)
        compose_args_add(&args, service);
    watcher w = {.call = c};
    buildlog_init(&w.log);
    belay_run io = {.keep_as = BUILD_LOG, .on_line = on_line, .user = &w, .env = env.items};
    belay_status s = compose_run(compose, &io, args.items);
    if (s == BELAY_OK && io.exit_code != 0)
        s = build_explain(e, compose, services, &w.log, &io);
    buildlog_done(&w.log);
    return s;
}

/* Compose 2.37 and newer builds by bake, all images at once whatever --parallel says: it gets so many at a time. Where
 * images start from those of other services, it has to know them all. */
static belay_status run_builds(engine *e, compose *compose, json_t *services)
{
    const size_t most = (size_t)call_int(engine_call(e), "parallel");
    bool bake = false;
    belay_status s = compose_is_at_least(compose, 2, 37, &bake);
    if (s != BELAY_OK)
        return s;
    if (!bake || json_object_size(services) <= most || compose_builds_on_services(compose, services))
        return run_build(e, compose, services);
    guard_json *batch = json_object();
    const char *service;
    json_t *value;
    json_object_foreach(services, service, value) {
        json_object_set(batch, service, value);
        if (json_object_size(batch) < most)
            continue;
        s = run_build(e, compose, batch);
        json_object_clear(batch);
        if (s != BELAY_OK)
            return s;
    }
    return json_object_size(batch) ? run_build(e, compose, batch) : BELAY_OK;
}

/* An output: service, or further reference -> the id that the reference has in the map. */
static belay_status output_ids(const call *c, const char *name, json_t *by_name, const json_t *map)
{
    guard_json *ids = json_object();
    const char *service;
    json_t *reference;
    json_object_foreach(by_name, service, reference)
        json_object_set(ids, service, json_object_get(map, json_string_value(reference)));
    guard_mem char *written = json_dumps(ids, JSON_COMPACT | JSON_SORT_KEYS);
    return c->host->output(c->ctx, name, written);
}

static belay_status check_built(engine *e, json_t *map)
{
    const char *reference;
    json_t *id;
    json_object_foreach(map, reference, id)
        if (!json_is_string(id))
            return call_fail(engine_call(e), BELAY_E_FAIL, NULL, "there is no image %s after the build", reference);
    return BELAY_OK;
}

belay_status build_execute(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_compose *compose = NULL;
    guard_json *services = NULL, *by_name = NULL, *references = NULL, *before = NULL, *built = NULL;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = compose_open(e, &compose);
    if (s == BELAY_OK)
        s = compose_select(compose, "services", COMPOSE_BUILT, &services);
    if (s != BELAY_OK)
        return s;
    if (json_object_size(services) == 0)
        return call_fail(&c, BELAY_E_CONFIG, NULL, "no service of %s has a build section", compose_files(compose));
    references_of(compose, services, &by_name, &references);
    s = engine_remember(e);
    if (s == BELAY_OK)
        s = build_remember_nameless(e);
    if (s == BELAY_OK)
        s = tags_remember(e, references, &before);
    if (s == BELAY_OK)
        s = build_remember_tries(e, references, before);
    if (s == BELAY_OK)
        s = output_ids(&c, "previous_ids", by_name, before);
    if (s == BELAY_OK)
        s = run_builds(e, compose, services);
    if (s == BELAY_OK)
        s = image_keep_equal(e, before);
    if (s == BELAY_OK)
        s = tags_read(e, references, &built);
    if (s == BELAY_OK)
        s = check_built(e, built);
    if (s == BELAY_OK)
        s = build_remember(&c, "built", built);
    if (s == BELAY_OK)
        s = build_remove_tries(e);
    return s == BELAY_OK ? output_ids(&c, "ids", by_name, built) : s;
}

/* ---- the other phases ---- */

belay_status build_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_json *built = build_recall(&c), *now = NULL;
    if (!built)
        return call_fail(&c, BELAY_NO_DATA, NULL, "this step has built nothing yet");
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = tags_read(e, built, &now);
    if (s != BELAY_OK)
        return s;
    const char *reference;
    json_t *id;
    json_object_foreach(built, reference, id) {
        const char *is = text_member(now, reference);
        bool same = strcmp(is, json_string_value(id)) == 0;
        if (!same && *is)
            s = image_equals(e, is, json_string_value(id), &same);
        if (s != BELAY_OK)
            return s;
        if (!same)
            return call_fail(&c, BELAY_E_FAIL, NULL, "%s is %s now; this step built %s", reference,
                             *is ? is : "missing", json_string_value(id));
    }
    return check_built(e, now);
}

belay_status build_rollback(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_json *before = tags_recall(&c), *built = build_recall_ended(&c), *now = NULL;
    if (!before)
        return BELAY_NOTHING;
    belay_status s = engine_open_patiently(&c, &e);
    if (s == BELAY_OK)
        s = tags_read(e, before, &now);
    if (s == BELAY_OK)
        s = tags_rollback(e, before, built);
    const char *reference;
    json_t *id;
    json_object_foreach(now, reference, id) {
        const char *had = text_member(before, reference);
        if (s == BELAY_OK && json_is_string(id) && strcmp(json_string_value(id), had) != 0)
            s = build_remove(e, json_string_value(id));
    }
    return s == BELAY_OK ? build_remove_tries(e) : s;
}

belay_status build_discard(belay_ctx *ctx, const belay_host *host)
{
    return tag_discard(ctx, host);
}
