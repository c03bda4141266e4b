/* docker.stop: services stop, and rollback starts again exactly the containers that ran. */
#include "compose.h"
#include "containers.h"
#include "kinds.h"

#include <string.h>

/* Undo journal: "project", and "before", the containers that ran (containers_to_json). */

/* The services to stop: those named, or all that have a container but for those that keep running. The caller decrefs.
 */
static json_t *chosen(const call *c, const containers *all)
{
    json_t *services = call_set(c, "services");
    if (json_object_size(services) > 0)
        return services;
    guard_json *keep = call_set(c, "keep_running");
    for (size_t i = 0; i < all->count; i++)
        if (!json_object_get(keep, all->items[i].service))
            json_object_set_new(services, all->items[i].service, json_true());
    return services;
}

/* A misspelt name in keep_running would stop a database. */
static belay_status check_names(const call *c, compose *compose, const containers *all, const char *option)
{
    guard_json *named = call_set(c, option);
    const char *name;
    json_t *unused;
    json_object_foreach(named, name, unused) {
        bool known = json_object_get(compose_services(compose), name) != NULL;
        for (size_t i = 0; i < all->count && !known; i++)
            known = strcmp(all->items[i].service, name) == 0;
        if (!known)
            return call_blame(c, option, "neither %s nor a container of project %s has the service '%s'",
                              compose_files(compose), compose_project(compose), name);
    }
    return BELAY_OK;
}

static belay_status check_choice(const call *c)
{
    guard_json *services = call_set(c, "services"), *keep = call_set(c, "keep_running");
    if ((json_object_size(services) > 0) == (json_object_size(keep) > 0))
        return call_blame(c, "services", "name either the services to stop, or those that keep_running");
    return BELAY_OK;
}

static void only_running(containers *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        container swapped = list->items[i];
        if (swapped.running) {
            list->items[i] = list->items[kept];
            list->items[kept++] = swapped;
        }
    }
    containers_cut(list, kept);
}

/* The running containers of the chosen services, also what was run by hand: that holds sessions too. */
static belay_status find_running(const call *c, engine *e, char **ret_project, containers *ret)
{
    guard_compose *compose = NULL;
    belay_status s = compose_open(e, &compose);
    if (s != BELAY_OK)
        return s;
    *ret_project = text_dup(compose_project(compose));
    s = containers_of(e, *ret_project, ret);
    if (s == BELAY_OK)
        s = check_names(c, compose, ret, "services");
    if (s == BELAY_OK)
        s = check_names(c, compose, ret, "keep_running");
    if (s != BELAY_OK)
        return s;
    guard_json *wanted = chosen(c, ret);
    containers_select(ret, wanted, true);
    only_running(ret);
    return BELAY_OK;
}

belay_status stop_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_containers running = {0};
    guard_mem char *project = NULL;
    belay_status s = check_choice(&c);
    if (s == BELAY_OK)
        s = engine_open(&c, &e);
    if (s != BELAY_OK)
        return s;
    s = compose_check_files_now(e);
    if (s != BELAY_OK)
        return s;
    s = find_running(&c, e, &project, &running);
    if (s == BELAY_E_FAIL ||
        s == BELAY_E_CONFIG) { /* the file on disk may still be the previous release's, or missing */
        call_log(&c, 2, "which containers would stop is known once the release's compose file is there");
        engine_plan(e, "start exactly the stopped containers again, in the order of their dependencies",
                    "stop the containers of the chosen services");
        return BELAY_OK;
    }
    if (s != BELAY_OK)
        return s;
    guard_mem char *names = containers_names(&running);
    if (running.count == 0)
        engine_plan(e, NULL, "nothing to stop now: none of the services runs");
    else
        engine_plan(e, "start exactly these containers again, in the order of their dependencies",
                    "stop %zu containers: %s", running.count, names);
    return BELAY_OK;
}

belay_status stop_execute(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_containers running = {0};
    guard_mem char *project = NULL;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = find_running(&c, e, &project, &running);
    if (s != BELAY_OK)
        return s;
    guard_json *before = containers_to_json(&running);
    s = engine_remember(e);
    if (s == BELAY_OK)
        s = host->remember(ctx, "project", project, NULL);
    if (s == BELAY_OK)
        s = call_remember(&c, "before", before, NULL);
    if (s != BELAY_OK)
        return s;
    guard_mem char *names = containers_names(&running);
    s = host->output(ctx, "stopped", names);
    if (s != BELAY_OK)
        return s;
    if (running.count == 0)
        return BELAY_NOTHING;
    call_log(&c, 1, "stopping %s", names);
    return containers_stop(e, &running, call_int(&c, "grace"));
}

belay_status stop_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_containers running = {0};
    guard_mem char *project = NULL;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = find_running(&c, e, &project, &running);
    if (s != BELAY_OK)
        return s;
    if (running.count == 0)
        return BELAY_OK;
    guard_mem char *names = containers_names(&running);
    return call_fail(&c, BELAY_E_FAIL, "does something outside Belay start them?", "still running: %s", names);
}

/* The container to start for one that ran: itself; or what has been made again under its name, from the same image. */
static const container *standing_for(const container *old, const containers *now)
{
    const container *c = containers_by_id(now, old->id);
    if (c)
        return c;
    c = containers_by_name(now, old->name);
    return c && strcmp(c->service, old->service) == 0 && strcmp(c->image, old->image) == 0 ? c : NULL;
}

belay_status stop_rollback(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_containers old = {0}, now = {0}, start = {0};
    guard_json *before = call_recall(&c, "before");
    const char *project = host->recall(ctx, "project");
    if (!before || !project || json_array_size(before) == 0)
        return BELAY_NOTHING;
    if (!containers_from_json(before, &old))
        return call_fail(&c, BELAY_E_FAIL, NULL, "the undo record of this step cannot be read");
    belay_status s = engine_open_patiently(&c, &e);
    if (s == BELAY_OK)
        s = containers_of(e, project, &now);
    if (s != BELAY_OK)
        return s;
    guard_text missing = {0};
    for (size_t i = 0; i < old.count; i++) {
        const container *stands = standing_for(&old.items[i], &now);
        if (stands) {
            containers_add_copy(&start, stands);
            start.items[start.count - 1].restarting = old.items[i].restarting;
        } else {
            text_add(&missing, "%s%s", missing.length ? ", " : "", old.items[i].name);
        }
    }
    s = containers_start(e, &start, NULL);
    if (s != BELAY_OK && missing.length)
        call_log(&c, 3, "these containers ran before and are gone: %s", text_of(&missing));
    if (s == BELAY_OK && missing.length)
        s = call_fail(&c, BELAY_E_FAIL, "bring them up with compose from the previous release's file",
                      "these containers ran before and are gone: %s; the others run again", text_of(&missing));
    return s;
}
