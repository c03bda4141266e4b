/* docker.tag: the services' images carry a further tag. */
#include "compose.h"
#include "kinds.h"
#include "tags.h"

#include <string.h>

/* References to make -> the references that they are made from. The caller decrefs. */
static json_t *targets_of(const call *c, compose *compose, json_t *services)
{
    json_t *targets = json_object();
    const char *service;
    json_t *unused;
    json_object_foreach(services, service, unused) {
        guard_mem char *source = compose_image(compose, service);
        guard_mem char *repository = NULL, *tag = NULL;
        tags_split(source, &repository, &tag);
        guard_mem char *target = text_printf("%s:%s", repository, call_str(c, "tag"));
        json_object_set_new(targets, target, json_string(source));
    }
    return targets;
}

static belay_status open_targets(const call *c, engine **e, json_t **ret)
{
    guard_compose *compose = NULL;
    guard_json *services = NULL;
    belay_status s = engine_open(c, e);
    if (s == BELAY_OK)
        s = compose_open(*e, &compose);
    if (s == BELAY_OK)
        s = compose_select(compose, "services", COMPOSE_BUILT_OR_NAMED, &services);
    if (s == BELAY_OK)
        *ret = targets_of(c, compose, services);
    return s;
}

belay_status tag_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_compose *compose = NULL;
    guard_json *services = NULL;
    const char *tag = call_str(&c, "tag");
    if (tag &&
        (!*tag || strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != strlen(tag) ||
         strchr(".-", *tag) || strlen(tag) > 128))
        return call_blame(&c, "tag", "'%s' cannot be a tag: letters, digits, _ . - only, at most 128, not . or - first",
                          tag);
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = compose_plan(e, "services", COMPOSE_BUILT_OR_NAMED, &compose, &services);
    if (s != BELAY_OK)
        return s;
    guard_mem char *names = compose_list(services);
    engine_plan(e, "each tag points again at the image that it had, or is removed when it had none",
                "tag the images of %s as %s", names, tag ? tag : "(known later)");
    return BELAY_OK;
}

belay_status tag_execute(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_json *targets = NULL, *before = NULL, *made = NULL;
    belay_status s = open_targets(&c, &e, &targets);
    guard_json *ids = json_object();
    const char *target;
    json_t *source;
    if (s == BELAY_OK)
        json_object_foreach(targets, target, source) {
            guard_mem char *id = NULL;
            s = tags_id(e, json_string_value(source), &id);
            if (s != BELAY_OK)
                return s;
            if (!id)
                return call_fail(&c, BELAY_E_FAIL, "build it in an earlier step", "there is no image %s",
                                 json_string_value(source));
            json_object_set_new(ids, target, json_string(id));
        }
    if (s == BELAY_OK)
        s = engine_remember(e);
    if (s == BELAY_OK)
        s = call_remember(&c, "made", ids, &made);
    if (s == BELAY_OK)
        s = tags_remember(e, targets, &before);
    json_t *id;
    json_object_foreach(made, target, id) {
        if (s == BELAY_OK)
            s = tags_point(e, json_string_value(id), target);
        if (s == BELAY_OK)
            call_log(&c, 1, "%s is %s", target, json_string_value(id));
    }
    guard_mem char *written = json_dumps(made, JSON_COMPACT | JSON_SORT_KEYS);
    return s == BELAY_OK ? host->output(ctx, "tags", written) : s;
}

belay_status tag_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_json *targets = NULL;
    belay_status s = open_targets(&c, &e, &targets);
    if (s != BELAY_OK)
        return s;
    const char *target;
    json_t *source;
    json_object_foreach(targets, target, source) {
        guard_mem char *is = NULL, *wanted = NULL;
        s = tags_id(e, target, &is);
        if (s == BELAY_OK)
            s = tags_id(e, json_string_value(source), &wanted);
        if (s != BELAY_OK)
            return s;
        if (!is || !wanted || strcmp(is, wanted) != 0)
            return call_fail(&c, BELAY_E_FAIL, NULL, "%s is %s, but %s is %s", target, is ? is : "missing",
                             json_string_value(source), wanted ? wanted : "missing");
    }
    return json_object_size(targets) ? BELAY_OK
                                     : call_fail(&c, BELAY_NO_DATA, NULL, "there is no service whose image to tag");
}

belay_status tag_rollback(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_json *before = tags_recall(&c), *made = call_recall(&c, "made");
    if (!before)
        return BELAY_NOTHING;
    belay_status s = engine_open_patiently(&c, &e);
    return s == BELAY_OK ? tags_rollback(e, before, made) : s;
}

belay_status tag_discard(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_json *before = tags_recall(&c);
    if (!before)
        return BELAY_NOTHING;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = engine_check_same(e);
    return s == BELAY_OK ? tags_release(e, before) : s;
}
