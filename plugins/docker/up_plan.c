#include "up_plan.h"

#include <string.h>

#include "image.h"

void up_plan_done(up_plan *p)
{
    json_decref(p->services);
    json_decref(p->concerned);
    json_decref(p->oneshot);
    json_decref(p->hashes);
    compose_free(p->compose);
    engine_free(p->e);
}

json_t *up_oneshots(const call *c, const compose *compose)
{
    json_t *set = call_set(c, "oneshot");
    const char *service, *needed;
    json_t *config, *needs;
    json_object_foreach(compose_services(compose), service, config)
        json_object_foreach(json_object_get(config, "depends_on"), needed, needs)
            if (strcmp(text_member(needs, "condition"), "service_completed_successfully") == 0)
                json_object_set_new(set, needed, json_true());
    return set;
}

belay_status up_plan_open(const call *c, up_plan *p)
{
    belay_status s = engine_open(c, &p->e);
    if (s == BELAY_OK)
        s = compose_open(p->e, &p->compose);
    if (s == BELAY_OK)
        s = compose_select(p->compose, "services", COMPOSE_ALL, &p->services);
    if (s != BELAY_OK)
        return s;
    p->concerned = compose_with_dependencies(p->compose, p->services);
    p->oneshot = up_oneshots(c, p->compose);
    return BELAY_OK;
}

bool up_shares_with_a_service(const json_t *service)
{
    static const char *const members[] = {"network_mode", "ipc", "pid"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strncmp(text_member(service, members[i]), "service:", 8) == 0)
            return true;
    return json_array_size(json_object_get(service, "volumes_from")) > 0;
}

/* Does the service have more containers than it shall have? Compose then removes some, by an order of its own, and the
 * hash of its configuration does not tell. */
static bool is_scaled_down(const up_plan *p, const containers *all, const char *service)
{
    int64_t has = 0;
    for (size_t i = 0; i < all->count; i++)
        has += strcmp(all->items[i].service, service) == 0;
    return has > compose_scale(p->compose, service);
}

/* Compose replaces a container when its image has a new id; from 5.5 on only when it is another image, too. */
static belay_status goes_by_ids(up_plan *p, bool *ret)
{
    bool newer = false;
    belay_status s = compose_is_at_least(p->compose, 5, 5, &newer);
    *ret = !newer;
    return s;
}

static belay_status image_reason(up_plan *p, const container *c, const char **ret)
{
    guard_mem char *reference = compose_image(p->compose, c->service), *id = NULL;
    bool same = false, by_id = true;
    belay_status s = image_is_of(p->e, c, reference, &same, &id);
    if (s != BELAY_OK || (same && strcmp(id, c->image) == 0))
        return s;
    if (same)
        s = goes_by_ids(p, &by_id);
    if (by_id)
        *ret = same ? "image was built again (the same one, under a new id)" : "image changed";
    return s;
}

belay_status up_reason_to_replace(up_plan *p, const containers *all, const container *c, const char **ret)
{
    const json_t *service = json_object_get(compose_services(p->compose), c->service);
    *ret = NULL;
    if (is_scaled_down(p, all, c->service)) {
        *ret = "scale went down";
        return BELAY_OK;
    }
    if (!up_shares_with_a_service(service) && strcmp(c->hash, text_member(p->hashes, c->service)) != 0) {
        *ret = "configuration changed";
        return BELAY_OK;
    }
    belay_status s = image_reason(p, c, ret);
    if (!*ret && call_int(engine_call(p->e), "recreate") && json_object_get(p->services, c->service))
        *ret = "replacing was asked for";
    return s;
}

belay_status up_rules(up_plan *p, const json_t *before, judge_rules *ret)
{
    const call *c = engine_call(p->e);
    *ret = (judge_rules){.oneshot = p->oneshot,
                         .restarts = json_object_get(before, "restarts"),
                         .max_restarts = call_int(c, "max_restarts"),
                         .stable_ms = call_int(c, "stable"),
                         .unhealthy_waits = call_is(c, "on_unhealthy", "wait")};
    return engine_now(p->e, &ret->now_ns);
}
