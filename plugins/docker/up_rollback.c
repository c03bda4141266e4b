/* docker.up, rollback and discard: from the undo record and the twins alone; no compose file, no tag is needed. */
#include "up.h"

#include <string.h>

#include "kinds.h"
#include "logread.h"
#include "twin.h"

#define EVIDENCE_LINES 2000
#define KEEP_PIECE     65536

/* True when `now` is what stood under this name before: itself, or made again from its twin. */
static bool is_the_same(const container *old, const container *now)
{
    return strcmp(old->id, now->id) == 0 ||
           (strcmp(old->name, now->name) == 0 && strcmp(old->service, now->service) == 0 &&
            strcmp(old->hash, now->hash) == 0 && strcmp(old->image, now->image) == 0);
}

static const container *same_as(const container *one, const containers *old)
{
    for (size_t i = 0; i < old->count; i++)
        if (is_the_same(&old->items[i], one))
            return &old->items[i];
    return NULL;
}

static bool append(void *user, const char *line)
{
    text_add(user, "%s\n", line);
    return true;
}

/* What the containers wrote is evidence, and goes with them. */
static void keep_logs(engine *e, const containers *list)
{
    const call *c = engine_call(e);
    for (size_t i = 0; i < list->count; i++) {
        guard_text log = {0};
        guard_mem char *artifact = text_printf("%s.log", list->items[i].name);
        if (logread_container(e, list->items[i].id, 0, EVIDENCE_LINES, append, &log, NULL) != BELAY_OK)
            continue;
        for (size_t at = 0; at < log.length; at += KEEP_PIECE) {
            size_t n = log.length - at < KEEP_PIECE ? log.length - at : KEEP_PIECE;
            if (c->host->keep(c->ctx, artifact, log.s + at, n) != BELAY_OK)
                break;
        }
    }
}

/* Takes away the containers that were not there before. *gone: the set of volumes that they mounted. */
static belay_status remove_new(engine *e, const char *project, json_t *services, const containers *old, json_t *gone)
{
    const call *c = engine_call(e);
    guard_containers now = {0}, fresh = {0};
    belay_status s = containers_of(e, project, &now);
    if (s != BELAY_OK)
        return s;
    containers_select(&now, services, false);
    for (size_t i = 0; i < now.count; i++) {
        if (same_as(&now.items[i], old))
            continue;
        containers_add_copy(&fresh, &now.items[i]);
        size_t k;
        json_t *volume;
        json_array_foreach(now.items[i].volumes, k, volume)
            json_object_set_new(gone, json_string_value(volume), json_true());
    }
    if (fresh.count == 0)
        return BELAY_OK;
    guard_mem char *names = containers_names(&fresh);
    call_log(c, 1, "taking away %s", names);
    keep_logs(e, &fresh);
    s = containers_stop(e, &fresh, call_int(c, "grace"));
    return s == BELAY_OK ? containers_remove(e, &fresh) : s;
}

/* The container that stands under an earlier one's name, or NULL. */
static const container *standing(const container *old, const containers *now)
{
    for (size_t i = 0; i < now->count; i++)
        if (is_the_same(old, &now->items[i]))
            return &now->items[i];
    return NULL;
}

/* Makes sure that this earlier container is there, and can be started. */
static belay_status bring_one_back(engine *e, const container *old, const containers *now, const char *mark)
{
    const container *stands = standing(old, now);
    bool stranded = false;
    belay_status s = stands ? twin_is_stranded(e, stands, &stranded) : BELAY_OK;
    if (s != BELAY_OK || (stands && !stranded))
        return s;
    guard_mem char *id = NULL;
    s = twin_restore(e, old, mark, stands ? stands->id : NULL, &id);
    if (s == BELAY_OK)
        call_log(engine_call(e), 1, "%s is back", old->name);
    return s;
}

/* All of them, in the order of their dependencies: one that shares another's network comes after it. Goes on after a
 * failure, and tells the first. */
static belay_status bring_back(engine *e, const char *project, const char *mark, const containers *old)
{
    guard_containers now = {0};
    belay_status first = containers_of(e, project, &now);
    for (size_t i = 0; i < old->count && first != BELAY_E_CANCELLED; i++) {
        belay_status s = bring_one_back(e, &old->items[i], &now, mark);
        if (first == BELAY_OK)
            first = s;
    }
    return first;
}

/* Runs what ran, stops what did not. One that does not stop keeps no other down. */
static belay_status set_running(engine *e, const char *project, const containers *old, int64_t grace_ms)
{
    guard_containers now = {0}, start = {0}, stop = {0};
    belay_status s = containers_of(e, project, &now);
    for (size_t i = 0; i < now.count && s == BELAY_OK; i++) {
        const container *was = same_as(&now.items[i], old);
        if (was && was->running) {
            containers_add_copy(&start, &now.items[i]);
            start.items[start.count - 1].restarting = was->restarting;
        } else if (was && now.items[i].running)
            containers_add_copy(&stop, &now.items[i]);
    }
    if (s != BELAY_OK)
        return s;
    guard_json *oneshot = call_set(engine_call(e), "oneshot");
    belay_status stopped = containers_stop(e, &stop, grace_ms);
    s = stopped == BELAY_E_CANCELLED ? stopped : containers_start(e, &start, oneshot);
    return s != BELAY_OK ? s : stopped;
}

/* Removes the networks or volumes that are new since `started`; what others use stays. */
static belay_status remove_made(engine *e, const char *thing, long in_use, json_t *now, const json_t *before,
                                int64_t started)
{
    belay_status s = BELAY_OK;
    const char *name;
    json_t *made;
    json_object_foreach(now, name, made) {
        if (json_object_get(before, name) || json_integer_value(made) < started || s < 0)
            continue;
        guard_mem char *escaped = engine_escape(name);
        s = engine_do(e, "DELETE", NULL, in_use, "/%ss/%s", thing, escaped);
        if (s >= 0)
            call_log(engine_call(e), 1, "%s %s %s", thing, name, s == BELAY_OK ? "removed" : "is in use and stays");
    }
    return s < 0 ? s : BELAY_OK;
}

/* Adds the anonymous volumes of the containers taken away, which carry no project's label. */
static belay_status add_volumes(engine *e, json_t *names, json_t *volumes)
{
    const char *name;
    json_t *unused;
    json_object_foreach(names, name, unused) {
        guard_json *volume = NULL;
        guard_mem char *escaped = engine_escape(name);
        belay_status s = engine_get(e, &volume, "/volumes/%s", escaped);
        if (s != BELAY_OK)
            return s;
        if (volume)
            json_object_set_new(volumes, name,
                                json_integer(engine_time(text_member(volume, "CreatedAt")) / 1000000000));
    }
    return BELAY_OK;
}

static belay_status remove_networks_and_volumes(engine *e, const char *project, const json_t *before, json_t *gone)
{
    guard_json *networks = NULL, *volumes = NULL;
    int64_t started = json_integer_value(json_object_get(before, "started"));
    belay_status s = up_networks(e, project, &networks);
    if (s == BELAY_OK)
        s = remove_made(e, "network", 403, networks, json_object_get(before, "networks"), started);
    if (s != BELAY_OK || call_int(engine_call(e), "keep_volumes"))
        return s;
    s = up_volumes(e, project, &volumes);
    if (s == BELAY_OK)
        s = add_volumes(e, gone, volumes);
    return s == BELAY_OK ? remove_made(e, "volume", 409, volumes, json_object_get(before, "volumes"), started) : s;
}

belay_status up_rollback(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_containers old = {0};
    guard_json *before = call_recall(&c, UP_BEFORE), *gone = json_object();
    if (!before)
        return BELAY_NOTHING;
    const char *project = text_member(before, "project"), *mark = text_member(before, "mark");
    if (!*project || !containers_from_json(json_object_get(before, "containers"), &old))
        return call_fail(&c, BELAY_E_FAIL, NULL, "the undo record of this step cannot be read");
    belay_status s = engine_open_patiently(&c, &e);
    if (s == BELAY_OK)
        s = remove_new(e, project, json_object_get(before, "services"), &old, gone);
    if (s != BELAY_OK)
        return s;
    containers_sort(&old);
    belay_status back = bring_back(e, project, mark, &old);
    s = set_running(e, project, &old, call_int(&c, "grace"));
    if (back != BELAY_OK || s != BELAY_OK)
        return s != BELAY_OK ? s : back;
    s = remove_networks_and_volumes(e, project, before, gone);
    return s == BELAY_OK ? twin_remove_all(e, &old, mark) : s;
}

belay_status up_discard(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_containers old = {0};
    guard_json *before = call_recall(&c, UP_BEFORE);
    if (!before || !containers_from_json(json_object_get(before, "containers"), &old))
        return BELAY_NOTHING;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = engine_check_same(e);
    return s == BELAY_OK ? twin_remove_all(e, &old, text_member(before, "mark")) : s;
}
