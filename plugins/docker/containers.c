#include "containers.h"

#include <string.h>

static void container_done(container *c)
{
    free(c->id);
    free(c->name);
    free(c->service);
    free(c->image);
    free(c->manifest);
    free(c->hash);
    free(c->depends_on);
    json_decref(c->volumes);
}

void containers_done(containers *list)
{
    for (size_t i = 0; i < list->count; i++)
        container_done(&list->items[i]);
    free(list->items);
    *list = (containers){0};
}

static container *add(containers *list)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 8;
        list->items = text_grow(list->items, list->room, sizeof *list->items);
    }
    return memset(&list->items[list->count++], 0, sizeof *list->items);
}

static json_t *volumes_of(const json_t *mounts)
{
    json_t *names = json_array();
    size_t i;
    json_t *mount;
    json_array_foreach(mounts, i, mount)
        if (strcmp(text_member(mount, "Type"), "volume") == 0)
            json_array_append(names, json_object_get(mount, "Name"));
    return names;
}

/* An element of GET /containers/json. */
static void read_listed(const json_t *listed, container *c)
{
    const json_t *labels = json_object_get(listed, "Labels");
    const char *name = json_string_value(json_array_get(json_object_get(listed, "Names"), 0));
    const char *state = text_member(listed, "State");
    c->id = text_dup(text_member(listed, "Id"));
    c->name = text_dup(name ? name + (*name == '/') : "");
    c->service = text_dup(text_member(labels, LABEL_SERVICE));
    c->image = text_dup(text_member(listed, "ImageID"));
    c->manifest = text_dup(text_member(json_object_get(listed, "ImageManifestDescriptor"), "digest"));
    c->hash = text_dup(text_member(labels, LABEL_HASH));
    c->depends_on = text_dup(text_member(labels, LABEL_DEPENDS_ON));
    c->running = strcmp(state, "running") == 0 || strcmp(state, "paused") == 0 || strcmp(state, "restarting") == 0;
    c->restarting = strcmp(state, "restarting") == 0;
    c->oneoff = strcmp(text_member(labels, LABEL_ONEOFF), "True") == 0;
    c->volumes = volumes_of(json_object_get(listed, "Mounts"));
}

belay_status containers_labelled(engine *e, const char *label, containers *ret)
{
    guard_mem char *filter = label ? engine_filter("label", label) : text_dup("");
    guard_json *listed = NULL;
    belay_status s = engine_get(e, &listed, "/containers/json?all=1&%s", filter);
    if (s != BELAY_OK)
        return s;
    size_t i;
    json_t *one;
    json_array_foreach(listed, i, one)
        read_listed(one, add(ret));
    return BELAY_OK;
}

belay_status containers_of(engine *e, const char *project, containers *ret)
{
    guard_mem char *label = text_printf(LABEL_PROJECT "=%s", project);
    return containers_labelled(e, label, ret);
}

void containers_select(containers *list, const json_t *services, bool with_others)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        container *c = &list->items[i];
        bool of_service = !c->oneoff && *c->hash; /* a container without hash has the labels of its image only */
        if ((with_others || of_service) && json_object_get(services, c->service))
            list->items[kept++] = *c;
        else
            container_done(c);
    }
    list->count = kept;
}

void containers_cut(containers *list, size_t n)
{
    while (list->count > n)
        container_done(&list->items[--list->count]);
}

void containers_add_copy(containers *list, const container *c)
{
    *add(list) = (container){.id = text_dup(c->id),
                             .name = text_dup(c->name),
                             .service = text_dup(c->service),
                             .image = text_dup(c->image),
                             .manifest = text_dup(c->manifest),
                             .hash = text_dup(c->hash),
                             .depends_on = text_dup(c->depends_on),
                             .running = c->running,
                             .restarting = c->restarting,
                             .oneoff = c->oneoff,
                             .volumes = json_incref(c->volumes)};
}

bool containers_same_image(const container *a, const container *b)
{
    return strcmp(a->image, b->image) == 0 || (*a->manifest && strcmp(a->manifest, b->manifest) == 0);
}

const container *containers_by_id(const containers *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].id, id) == 0)
            return &list->items[i];
    return NULL;
}

const container *containers_by_name(const containers *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

char *containers_names(const containers *list)
{
    text names = {0};
    for (size_t i = 0; i < list->count; i++)
        text_add(&names, "%s%s", i ? ", " : "", list->items[i].name);
    return names.s ? names.s : text_dup("");
}

json_t *containers_to_json(const containers *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const container *c = &list->items[i];
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:O}", "id", c->id,
                                               "name", c->name, "service", c->service, "image", c->image, "manifest",
                                               c->manifest, "hash", c->hash, "depends_on", c->depends_on, "running",
                                               c->running, "restarting", c->restarting, "volumes", c->volumes));
    }
    return array;
}

bool containers_from_json(const json_t *array, containers *ret)
{
    size_t i;
    json_t *one;
    json_array_foreach(array, i, one) {
        const char *id, *name, *service, *image, *hash, *depends_on, *manifest = ""; /* the last is new */
        int running, restarting = 0;                                                 /* records of old do not have it */
        json_t *volumes;
        if (json_unpack(one, "{s:s, s:s, s:s, s:s, s:s, s:s, s?s, s:b, s?b, s:o}", "id", &id, "name", &name, "service",
                        &service, "image", &image, "hash", &hash, "depends_on", &depends_on, "manifest", &manifest,
                        "running", &running, "restarting", &restarting, "volumes", &volumes) != 0)
            return false;
        *add(ret) = (container){.id = text_dup(id),
                                .name = text_dup(name),
                                .service = text_dup(service),
                                .image = text_dup(image),
                                .manifest = text_dup(manifest),
                                .hash = text_dup(hash),
                                .depends_on = text_dup(depends_on),
                                .running = running,
                                .restarting = restarting,
                                .volumes = json_incref(volumes)};
    }
    return json_is_array(array);
}

/* Sends one request for each container, made of a method and a path around its id. */
static belay_status each(engine *e, const containers *list, const char *method, const char *tail, int timeout_ms)
{
    engine_request *requests = text_grow(NULL, list->count, sizeof *requests);
    for (size_t i = 0; i < list->count; i++)
        requests[i] = (engine_request){.method = method,
                                       .path = text_printf("/containers/%s%s", list->items[i].id, tail),
                                       .timeout_ms = timeout_ms};
    belay_status s = engine_send(e, requests, list->count);
    for (size_t i = 0; i < list->count; i++) {
        long status = requests[i].status;
        if (s == BELAY_OK && status != 304 && status != 404 && (status < 200 || status > 299))
            s = engine_refused(e, &requests[i]);
        engine_request_done(&requests[i]);
    }
    free(requests);
    return s;
}

belay_status containers_stop(engine *e, const containers *list, int64_t grace_ms)
{
    int grace_s = (int)((grace_ms + 999) / 1000);
    guard_mem char *tail = text_printf("/stop?t=%d", grace_s);
    return each(e, list, "POST", tail, (grace_s + 30) * 1000);
}

belay_status containers_remove(engine *e, const containers *list)
{
    return each(e, list, "DELETE", "?force=1", 0);
}
