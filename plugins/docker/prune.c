/*
 * docker.prune: frees space, and never takes what the previous version needs.
 *
 * Goes: untagged images that were built for the project; its stopped containers that `compose run` made or whose
 * service the compose file no longer has. Stays: whatever has a tag, is used by any container (also a stopped one), is
 * in the option `keep`, or belongs to a service of the compose file; what Belay itself has set aside; and a container
 * that ended since the run began: docker.stop may have stopped it, and will start it again when the run is rolled back.
 */
#include "compose.h"
#include "containers.h"
#include "kinds.h"
#include "tags.h"
#include "twin.h"

#include <string.h>

typedef struct prune {
    engine *e;
    compose *compose; /* NULL: there is no compose file (scope engine only) */
    json_t *keep;     /* set: image ids */
    containers gone;
    json_t *images;  /* object: image id -> its size */
    json_t *volumes; /* set: names */
} prune;

static void prune_done(prune *p)
{
    containers_done(&p->gone);
    json_decref(p->keep);
    json_decref(p->images);
    json_decref(p->volumes);
    compose_free(p->compose);
    engine_free(p->e);
}
#define guard_prune __attribute__((cleanup(prune_done))) prune

static bool whole_engine(const call *c)
{
    return call_is(c, "scope", "engine");
}

/* ---- the keep-set ---- */

static belay_status keep_named(prune *p)
{
    const call *c = engine_call(p->e);
    bool may_miss = call_is(c, "keep_missing", "allow");
    for (const char *const *reference = c->host->opt_list(c->ctx, "keep"); *reference; reference++) {
        guard_mem char *id = NULL;
        const size_t length = strlen(*reference);
        /* A first deploy has no previous version: "NAME:${pipeline.previous}" is no reference then. */
        const bool untold = length == 0 || (*reference)[length - 1] == ':';
        belay_status s = untold ? BELAY_OK : tags_id(p->e, *reference, &id);
        if (s != BELAY_OK)
            return s;
        if (!id && !may_miss)
            return call_fail(c, BELAY_E_FAIL, "correct the name, or set keep_missing = \"allow\" (a first deploy)",
                             "there is no image %s, which is to be kept: nothing was deleted", *reference);
        if (id)
            json_object_set_new(p->keep, id, json_true());
    }
    return BELAY_OK;
}

static belay_status keep_services(prune *p)
{
    guard_json *references = json_object(), *ids = NULL;
    const char *name;
    json_t *value;
    if (p->compose)
        json_object_foreach(compose_services(p->compose), name, value)
            compose_add_references(p->compose, name, references);
    belay_status s = tags_read(p->e, references, &ids);
    json_object_foreach(ids, name, value)
        if (json_is_string(value))
            json_object_set_new(p->keep, json_string_value(value), json_true());
    return s;
}

/* ---- what goes ---- */

/* Stopped, and nothing that a service of the compose file would start again. */
static bool is_left_over(const prune *p, const container *c, bool of_project)
{
    if (c->running)
        return false;
    if (!p->compose) /* nobody can tell whose previous version it is */
        return c->oneoff || !*c->service;
    return !of_project || c->oneoff || !json_object_get(compose_services(p->compose), c->service);
}

/* began_ns: when the run began, on the engine's clock. */
static belay_status ended_since(engine *e, const container *c, int64_t began_ns, bool *ret)
{
    guard_json *inspected = NULL;
    belay_status s = engine_get(e, &inspected, "/containers/%s/json", c->id);
    *ret = engine_time(text_member(json_object_get(inspected, "State"), "FinishedAt")) >= began_ns;
    return s;
}

/* Leaves those out that ended since the run began. */
static belay_status spare_ended(prune *p, containers *left_over)
{
    const call *c = engine_call(p->e);
    const int64_t began = call_fact_ns(c, "run.started_at");
    int64_t began_ns = INT64_MAX;
    belay_status s = began ? engine_clock_of(p->e, began, &began_ns) : BELAY_OK;
    for (size_t i = 0; i < left_over->count && s == BELAY_OK; i++) {
        bool spared = false;
        s = ended_since(p->e, &left_over->items[i], began_ns, &spared);
        if (spared)
            call_log(c, 1, "%s ended since the run began, and stays", left_over->items[i].name);
        else if (s == BELAY_OK)
            containers_add_copy(&p->gone, &left_over->items[i]);
    }
    return s;
}

static belay_status find_containers(prune *p)
{
    const call *c = engine_call(p->e);
    guard_containers all = {0}, twins = {0}, ours = {0}, left_over = {0};
    belay_status s = containers_labelled(p->e, NULL, &all);
    if (s == BELAY_OK)
        s = containers_labelled(p->e, TWIN_LABEL, &twins);
    if (s == BELAY_OK && p->compose)
        s = containers_of(p->e, compose_project(p->compose), &ours);
    for (size_t i = 0; i < all.count && s == BELAY_OK; i++) {
        const container *one = &all.items[i];
        bool of_project = containers_by_id(&ours, one->id) != NULL;
        json_object_set_new(p->keep, one->image, json_true());
        if ((of_project || whole_engine(c)) && !containers_by_id(&twins, one->id) && is_left_over(p, one, of_project))
            containers_add_copy(&left_over, one);
    }
    return s == BELAY_OK ? spare_ended(p, &left_over) : s;
}

static belay_status find_images(prune *p)
{
    const call *c = engine_call(p->e);
    guard_json *filter = json_pack("{s:[s]}", "dangling", "true"), *listed = NULL;
    if (!whole_engine(c))
        json_object_set_new(filter, "label",
                            json_pack("[o]", json_sprintf(LABEL_PROJECT "=%s", compose_project(p->compose))));
    guard_mem char *plain = json_dumps(filter, JSON_COMPACT);
    guard_mem char *escaped = engine_escape(plain);
    belay_status s = engine_get(p->e, &listed, "/images/json?filters=%s", escaped);
    size_t i;
    json_t *image;
    json_array_foreach(listed, i, image) {
        const char *id = text_member(image, "Id");
        if (!json_object_get(p->keep, id))
            json_object_set(p->images, id, json_object_get(image, "Size"));
    }
    return s;
}

static belay_status find_volumes(prune *p)
{
    const call *c = engine_call(p->e);
    if (!call_int(c, "volumes"))
        return BELAY_OK;
    guard_json *filter = json_pack("{s:[s]}", "dangling", "true"), *listed = NULL;
    guard_json *declared = p->compose ? compose_volumes(p->compose) : json_object();
    if (!whole_engine(c))
        json_object_set_new(filter, "label",
                            json_pack("[o]", json_sprintf(LABEL_PROJECT "=%s", compose_project(p->compose))));
    guard_mem char *plain = json_dumps(filter, JSON_COMPACT);
    guard_mem char *escaped = engine_escape(plain);
    belay_status s = engine_get(p->e, &listed, "/volumes?filters=%s", escaped);
    size_t i;
    json_t *volume;
    json_array_foreach(json_object_get(listed, "Volumes"), i, volume) {
        const char *name = text_member(volume, "Name");
        if (!json_object_get(declared, name))
            json_object_set_new(p->volumes, name, json_true());
    }
    return s;
}

/* Looks at everything, changes nothing. BELAY_NOTHING: there is nothing to delete. */
static belay_status look(const call *c, prune *p)
{
    *p = (prune){.keep = json_object(), .images = json_object(), .volumes = json_object()};
    belay_status s = engine_open(c, &p->e);
    if (s != BELAY_OK)
        return s;
    s = compose_open_whole(p->e, &p->compose);
    if (s == BELAY_OK && !p->compose && !whole_engine(c))
        return BELAY_NOTHING; /* without the file nobody can tell what belongs to the project */
    if (s == BELAY_OK && p->compose)
        s = compose_check_files(p->compose, false);
    if (s == BELAY_OK)
        s = keep_named(p);
    if (s == BELAY_OK)
        s = keep_services(p);
    if (s == BELAY_OK)
        s = find_containers(p);
    if (s == BELAY_OK)
        s = find_images(p);
    if (s == BELAY_OK)
        s = find_volumes(p);
    if (s != BELAY_OK)
        return s;
    size_t found = p->gone.count + json_object_size(p->images) + json_object_size(p->volumes);
    if (found == 0 && !call_int(c, "build_cache"))
        return BELAY_NOTHING;
    if (json_object_size(p->keep) == 0)
        return call_fail(c, BELAY_E_FAIL, "name what must stay in the option keep",
                         "nothing is known that must be kept, so nothing was deleted (%zu things could go)", found);
    return BELAY_OK;
}

/* ---- phases ---- */

belay_status prune_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_prune p = {0};
    belay_status s = look(&c, &p);
    if (s < 0)
        return s;
    if (s == BELAY_NOTHING) {
        engine_plan(p.e, NULL, "nothing to delete now");
        return BELAY_OK;
    }
    int64_t most = 0;
    const char *name;
    json_t *value;
    json_object_foreach(p.images, name, value)
        most += json_integer_value(value);
    char size[TEXT_SIZE];
    guard_mem char *names = containers_names(&p.gone);
    const char *whose = whole_engine(&c) ? "the whole engine" : compose_project(p.compose);
    if (json_object_size(p.images))
        engine_plan(p.e, NULL, "delete %zu untagged images of %s, at most %s", json_object_size(p.images), whose,
                    text_size(most, size));
    if (p.gone.count)
        engine_plan(p.e, NULL, "delete %zu stopped containers of %s: %s", p.gone.count, whose, names);
    guard_mem char *volumes = compose_list(p.volumes);
    if (json_object_size(p.volumes))
        engine_plan(p.e, NULL, "delete %zu unused volumes of %s: %s", json_object_size(p.volumes), whose, volumes);
    if (call_int(&c, "build_cache"))
        engine_plan(p.e, NULL, "delete the engine's unused build cache");
    return BELAY_OK;
}

/* Bytes in use on the engine's disk: layers, what containers wrote, build cache, volumes when they count. */
static belay_status usage(engine *e, bool volumes, int64_t *ret)
{
    guard_json *df = NULL;
    belay_status s = engine_get(e, &df, "/system/df");
    if (s != BELAY_OK)
        return s;
    int64_t total = json_integer_value(json_object_get(df, "LayersSize"));
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(df, "Containers"), i, one)
        total += json_integer_value(json_object_get(one, "SizeRw"));
    json_array_foreach(json_object_get(df, "BuildCache"), i, one)
        total += json_is_true(json_object_get(one, "Shared")) ? 0 : json_integer_value(json_object_get(one, "Size"));
    json_array_foreach(json_object_get(df, "Volumes"), i, one)
        total += volumes ? json_integer_value(json_object_get(json_object_get(one, "UsageData"), "Size")) : 0;
    *ret = total;
    return BELAY_OK;
}

/* One by one and by id, never by filter: what came to be used meanwhile is refused by the engine (409) and stays. */
static belay_status delete_each(prune *p, const char *what, json_t *names, size_t *ret_count)
{
    belay_status s = BELAY_OK;
    const char *name;
    json_t *unused;
    json_object_foreach(names, name, unused) {
        guard_mem char *escaped = engine_escape(name);
        s = engine_do(p->e, "DELETE", NULL, 409, "/%s/%s", what, escaped);
        if (s < 0)
            return s;
        *ret_count += s == BELAY_OK;
    }
    return BELAY_OK;
}

static belay_status delete_all(prune *p, size_t *ret_containers, size_t *ret_images, size_t *ret_volumes)
{
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < p->gone.count; i++) {
        s = engine_do(p->e, "DELETE", NULL, 409, "/containers/%s", p->gone.items[i].id);
        if (s < 0)
            return s;
        *ret_containers += s == BELAY_OK;
    }
    s = delete_each(p, "images", p->images, ret_images);
    if (s == BELAY_OK)
        s = delete_each(p, "volumes", p->volumes, ret_volumes);
    if (s == BELAY_OK && call_int(engine_call(p->e), "build_cache"))
        s = engine_do(p->e, "POST", NULL, 0, "/build/prune");
    return s;
}

belay_status prune_execute(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_prune p = {0};
    size_t containers = 0, images = 0, volumes = 0;
    int64_t before = 0, after = 0;
    belay_status s = look(&c, &p), looked = s;
    if (s < 0)
        return s;
    if (s == BELAY_OK)
        s = usage(p.e, call_int(&c, "volumes"), &before);
    if (s == BELAY_OK)
        s = delete_all(&p, &containers, &images, &volumes);
    if (s == BELAY_OK)
        s = usage(p.e, call_int(&c, "volumes"), &after);
    if (s < 0)
        return s;
    double freed = before > after ? (double)(before - after) : 0;
    host->measure(ctx, "freed", freed);
    host->measure(ctx, "containers", (double)containers);
    host->measure(ctx, "images", (double)images);
    host->measure(ctx, "volumes", (double)volumes);
    char size[TEXT_SIZE];
    call_log(&c, 1, "freed %s: %zu containers, %zu images, %zu volumes", text_size((int64_t)freed, size), containers,
             images, volumes);
    return looked;
}
