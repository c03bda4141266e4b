#include "twin.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tags.h"

#define LABEL_ORIGINAL "belay.original"

static char *twin_name(const container *c, const char *mark)
{
    return text_printf("%s-belay-%s", c->name, mark);
}

/* ---- making ---- */

/* The name of a container; or what was given, when there is no such container. The caller frees. */
static belay_status name_of(engine *e, const char *id, char **ret)
{
    guard_json *peer = NULL;
    belay_status s = engine_get(e, &peer, "/containers/%s/json", id);
    const char *name = text_member(peer, "Name");
    if (s == BELAY_OK)
        *ret = text_dup(peer ? name + (*name == '/') : id);
    return s;
}

/* Members of a host configuration that may say "container:ID". */
static const char *const modes[] = {"NetworkMode", "IpcMode", "PidMode"};

/* What refers to other containers, by their names: after a rollback a name is still true, an id is not. (The engine
 * turns names into ids when it makes a container, so the twin itself cannot keep them.) The caller decrefs. */
static belay_status peers_of(engine *e, const json_t *host, json_t **ret)
{
    guard_json *peers = json_object(), *sources = json_array();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const char *mode = text_member(host, modes[i]);
        if (strncmp(mode, "container:", 10) != 0)
            continue;
        guard_mem char *name = NULL;
        belay_status s = name_of(e, mode + 10, &name);
        if (s != BELAY_OK)
            return s;
        json_object_set_new(peers, modes[i], json_sprintf("container:%s", name));
    }
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(host, "VolumesFrom"), i, one) {
        guard_mem char *source = text_dup(json_string_value(one) ? json_string_value(one) : "");
        guard_mem char *name = NULL;
        char *colon = strchr(source, ':');
        if (colon)
            *colon = '\0';
        belay_status s = name_of(e, source, &name);
        if (s != BELAY_OK)
            return s;
        json_array_append_new(sources, json_sprintf("%s%s%s", name, colon ? ":" : "", colon ? colon + 1 : ""));
    }
    if (json_array_size(sources) > 0)
        json_object_set(peers, "VolumesFrom", sources);
    *ret = take(peers);
    return BELAY_OK;
}

/* Engines before 28 derive a MAC address from the IPv4 address, "02:42:ac:11:00:02" for 172.17.0.2. Such a one must not
 * be kept: another container may have the IPv4 address next, and then both would have one MAC address. */
static bool is_derived(const char *mac, const char *ip)
{
    unsigned a, b, c, d;
    char derived[32] = "";
    if (sscanf(ip, "%3u.%3u.%3u.%3u", &a, &b, &c, &d) == 4)
        snprintf(derived, sizeof derived, "02:42:%02x:%02x:%02x:%02x", a & 255, b & 255, c & 255, d & 255);
    return strcasecmp(mac, derived) == 0;
}

/* An endpoint's settings, without what the engine gave it for its time of running. */
static json_t *endpoint(const json_t *network, const char *id)
{
    static const char *const kept[] = {"IPAMConfig", "Links", "DriverOpts", "GwPriority"};
    json_t *settings = json_object();
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        json_object_set(settings, kept[i], json_object_get(network, kept[i]));
    const char *mac = text_member(network, "MacAddress");
    if (*mac && !is_derived(mac, text_member(network, "IPAddress")))
        json_object_set_new(settings, "MacAddress", json_string(mac));
    json_t *aliases = json_array();
    size_t i;
    json_t *alias;
    json_array_foreach(json_object_get(network, "Aliases"), i, alias) {
        const char *name = json_string_value(alias);
        if (name && strncmp(name, id, 12) != 0)
            json_array_append(aliases, alias);
    }
    json_object_set_new(settings, "Aliases", aliases);
    return settings;
}

/* What the twin must not have, but the container made from it must. The caller decrefs. */
static belay_status original(engine *e, const json_t *inspected, json_t **ret)
{
    const char *id = text_member(inspected, "Id"), *name;
    const json_t *config = json_object_get(inspected, "Config"), *host = json_object_get(inspected, "HostConfig");
    guard_json *networks = json_object(), *peers = NULL;
    json_t *network;
    json_object_foreach(json_object_get(json_object_get(inspected, "NetworkSettings"), "Networks"), name, network)
        json_object_set_new(networks, name, endpoint(network, id));
    belay_status s = peers_of(e, host, &peers);
    if (s == BELAY_OK)
        *ret = json_pack("{s:O, s:O, s:O, s:O, s:O, s:O}", "labels", json_object_get(config, "Labels"), "restart",
                         json_object_get(host, "RestartPolicy"), "remove", json_object_get(host, "AutoRemove"),
                         "reference", json_object_get(config, "Image"), "networks", networks, "peers", peers);
    return s;
}

static bool is_bound(const json_t *host, const char *target)
{
    size_t i, n = strlen(target);
    json_t *one;
    json_array_foreach(json_object_get(host, "Binds"), i, one) {
        const char *bind = json_string_value(one), *colon = bind ? strchr(bind, ':') : NULL;
        if (colon && strncmp(colon + 1, target, n) == 0 && (colon[1 + n] == '\0' || colon[1 + n] == ':'))
            return true;
    }
    return false;
}

/* Anonymous volumes are named in what is mounted, not in what was asked for. Asked for by name, they outlive their
 * container, and come back with it. */
static void keep_volumes(json_t *host, const json_t *inspected)
{
    json_t *mounts = json_array(), *one;
    guard_json *named = json_object(); /* set: targets that need no name */
    size_t i;
    json_array_foreach(json_object_get(host, "Mounts"), i, one) {
        if (strcmp(text_member(one, "Type"), "volume") == 0 && !*text_member(one, "Source"))
            continue;
        json_object_set_new(named, text_member(one, "Target"), json_true());
        json_array_append(mounts, one);
    }
    json_array_foreach(json_object_get(inspected, "Mounts"), i, one) {
        const char *target = text_member(one, "Destination");
        if (strcmp(text_member(one, "Type"), "volume") == 0 && !is_bound(host, target) &&
            !json_object_get(named, target))
            json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:b}", "Type", "volume", "Source",
                                                    text_member(one, "Name"), "Target", target, "ReadOnly",
                                                    !json_is_true(json_object_get(one, "RW"))));
    }
    json_object_set_new(host, "Mounts", mounts);
}

/* The engine refuses these beside the network of another container or of the host. */
static void drop_conflicts(json_t *body, const json_t *host, const char *id)
{
    const char *mode = text_member(host, "NetworkMode");
    bool shares = strncmp(mode, "container:", 10) == 0;
    if (shares) {
        json_object_del(body, "ExposedPorts");
        json_object_del(body, "MacAddress");
    }
    if (shares || strcmp(mode, "host") == 0 || strncmp(text_member(body, "Hostname"), id, 12) == 0)
        json_object_del(body, "Hostname");
}

/* What POST /containers/create takes to make a container like the inspected one. The caller decrefs. */
static json_t *body_of(const json_t *inspected)
{
    json_t *body = json_copy(json_object_get(inspected, "Config"));
    json_t *host = json_copy(json_object_get(inspected, "HostConfig"));
    keep_volumes(host, inspected);
    drop_conflicts(body, host, text_member(inspected, "Id"));
    json_object_set(body, "Image", json_object_get(inspected, "Image"));
    json_object_set_new(body, "HostConfig", host);
    return body;
}

belay_status twin_check_image(engine *e, const container *c)
{
    guard_mem char *id = NULL;
    belay_status s = tags_id(e, c->image, &id);
    if (s != BELAY_OK || id)
        return s;
    return call_fail(
        engine_call(e), BELAY_E_FAIL,
        "build in the same run with docker.build, which keeps the earlier image, or give an image that runs "
        "a second tag before you build",
        "container %s could not be restored by a rollback: the Docker Engine no longer has its image %s. The "
        "containerd image store deletes an image when its last tag moves, even while a container runs it",
        c->name, c->image);
}

belay_status twin_make(engine *e, const container *c, const char *mark)
{
    guard_json *inspected = NULL;
    belay_status s = engine_get(e, &inspected, "/containers/%s/json", c->id);
    if (s != BELAY_OK)
        return s;
    if (!inspected) /* it went away by itself; a twin made earlier stays */
        return BELAY_OK;
    guard_json *kept = NULL, *body = body_of(inspected);
    s = twin_check_image(e, c);
    if (s == BELAY_OK)
        s = original(e, inspected, &kept);
    if (s != BELAY_OK)
        return s;
    guard_mem char *kept_text = json_dumps(kept, JSON_COMPACT);
    /* An image that Compose built has these labels too, and hands them on unless they are overruled. */
    json_object_set_new(body, "Labels",
                        json_pack("{s:s, s:s, s:s, s:s}", TWIN_LABEL, mark, LABEL_ORIGINAL, kept_text, LABEL_PROJECT,
                                  "", LABEL_SERVICE, ""));
    json_t *host = json_object_get(body, "HostConfig");
    json_object_set_new(host, "RestartPolicy", json_pack("{s:s}", "Name", "no"));
    json_object_set_new(host, "AutoRemove", json_false());
    guard_mem char *name = twin_name(c, mark);
    guard_mem char *escaped = engine_escape(name);
    s = engine_do(e, "POST", take(body), 409, "/containers/create?name=%s", escaped);
    return s == BELAY_NOTHING ? BELAY_OK : s;
}

/* ---- restoring ---- */

/* A user-defined network, which takes settings when the container is made. */
static bool takes_settings(const char *mode)
{
    static const char *const predefined[] = {"default", "bridge", "host", "none"};
    for (size_t i = 0; i < sizeof predefined / sizeof *predefined; i++)
        if (strcmp(mode, predefined[i]) == 0)
            return false;
    return strncmp(mode, "container:", 10) != 0;
}

static void give_back(json_t *body, const json_t *kept)
{

    json_t *host = json_object_get(body, "HostConfig");
    json_object_set(body, "Labels", json_object_get(kept, "labels"));
    json_object_set(host, "RestartPolicy", json_object_get(kept, "restart"));
    json_object_set(host, "AutoRemove", json_object_get(kept, "remove"));
    json_object_update(host, json_object_get(kept, "peers"));
    const char *mode = text_member(host, "NetworkMode");
    json_t *first = json_object_get(json_object_get(kept, "networks"), mode);
    if (first && takes_settings(mode))
        json_object_set_new(body, "NetworkingConfig", json_pack("{s:{s:O}}", "EndpointsConfig", mode, first));
}

static belay_status connect_others(engine *e, const char *id, const json_t *body, const json_t *kept)
{
    const char *mode = text_member(json_object_get(body, "HostConfig"), "NetworkMode"), *name;
    json_t *settings;
    json_object_foreach(json_object_get(kept, "networks"), name, settings) {
        if (strcmp(name, mode) == 0 || !takes_settings(name) || !takes_settings(mode))
            continue;
        guard_mem char *escaped = engine_escape(name);
        json_t *connect = json_pack("{s:s, s:O}", "Container", id, "EndpointConfig", settings);
        belay_status s = engine_do(e, "POST", connect, 0, "/networks/%s/connect", escaped);
        if (s != BELAY_OK)
            return s;
    }
    return BELAY_OK;
}

static belay_status create(engine *e, json_t *body, const char *name, char **ret_id)
{
    guard_mem char *escaped = engine_escape(name);
    belay_status s = engine_do(e, "DELETE", NULL, 404, "/containers/%s?force=1", escaped);
    if (s < 0)
        return s;
    guard_request r = {
        .method = "POST", .path = text_printf("/containers/create?name=%s", escaped), .body = json_incref(body)};
    s = engine_send(e, &r, 1);
    if (s != BELAY_OK)
        return s;
    if (r.status != 201)
        return engine_refused(e, &r);
    guard_json *made = json_loads(text_of(&r.answer), 0, NULL);
    *ret_id = text_dup(text_member(made, "Id"));
    return BELAY_OK;
}

/*
 * The container shall name its image as before ("app:latest", not an id), though the reference points at the new image
 * until later in the rollback. So the reference is lent to the old image for the moment of making; the new image is
 * kept under a tag of its own meanwhile, by which a rollback that was interrupted here finds it again.
 */
static belay_status create_by_reference(engine *e, json_t *body, const container *c, const char *reference,
                                        const char *name, char **ret_id)
{
    if (strchr(reference, '@') || strncmp(reference, "sha256:", 7) == 0)
        return create(e, body, name, ret_id);
    guard_mem char *repository = NULL, *tag = NULL, *now = NULL, *newer = NULL;
    tags_split(reference, &repository, &tag);
    guard_mem char *kept = text_printf("%s:belay-lent-%.32s", repository, c->id);
    belay_status s = tags_id(e, reference, &now);
    if (s == BELAY_OK)
        s = tags_id(e, kept, &newer);
    if (s != BELAY_OK)
        return s;
    if (!newer && now && strcmp(now, c->image) == 0) {
        json_object_set_new(body, "Image", json_string(reference));
        return create(e, body, name, ret_id);
    }
    if (!newer && !now)
        return create(e, body, name, ret_id);
    if (!newer) {
        newer = text_dup(now);
        s = tags_point(e, newer, kept);
    }
    if (s == BELAY_OK)
        s = tags_point(e, c->image, reference);
    if (s != BELAY_OK)
        return s;
    json_object_set_new(body, "Image", json_string(reference));
    belay_status made = create(e, body, name, ret_id);
    s = tags_point(e, newer, reference);
    guard_mem char *escaped = engine_escape(kept);
    if (s == BELAY_OK)
        s = engine_do(e, "DELETE", NULL, 404, "/images/%s", escaped);
    return made != BELAY_OK ? made : s < 0 ? s : BELAY_OK;
}

belay_status twin_restore(engine *e, const container *c, const char *mark, const char *replaces, char **ret_id)
{
    guard_mem char *name = twin_name(c, mark);
    guard_mem char *escaped = engine_escape(name);
    guard_json *twin = NULL;
    belay_status s = engine_get(e, &twin, "/containers/%s/json", escaped);
    if (s != BELAY_OK)
        return s;
    if (!twin)
        return call_fail(engine_call(e), BELAY_E_FAIL,
                         "bring it up again with compose, from the previous release's compose file",
                         "container %s is gone, and so is %s, from which it could be made again", c->name, name);
    const json_t *labels = json_object_get(json_object_get(twin, "Config"), "Labels");
    guard_json *kept = json_loads(text_member(labels, LABEL_ORIGINAL), 0, NULL);
    guard_json *body = body_of(twin);
    give_back(body, kept);
    /* Under a passing name until its networks are complete: a rollback that is interrupted here starts it anew. */
    guard_mem char *passing = text_printf("%s-restoring", name);
    guard_mem char *id = NULL;
    s = create_by_reference(e, body, c, text_member(kept, "reference"), passing, &id);
    if (s == BELAY_OK)
        s = connect_others(e, id, body, kept);
    if (s == BELAY_OK && replaces)
        s = engine_do(e, "DELETE", NULL, 404, "/containers/%s?force=1", replaces);
    if (s < 0)
        return s;
    guard_mem char *wanted = engine_escape(c->name);
    s = engine_do(e, "POST", NULL, 0, "/containers/%s/rename?name=%s", id, wanted);
    if (s == BELAY_OK)
        *ret_id = take(id);
    return s;
}

belay_status twin_is_stranded(engine *e, const container *c, bool *ret)
{
    guard_json *inspected = NULL;
    *ret = false;
    belay_status s = engine_get(e, &inspected, "/containers/%s/json", c->id);
    const json_t *host = json_object_get(inspected, "HostConfig");
    for (size_t i = 0; i < sizeof modes / sizeof *modes && s == BELAY_OK && !*ret; i++) {
        const char *mode = text_member(host, modes[i]);
        guard_json *peer = NULL;
        if (strncmp(mode, "container:", 10) != 0)
            continue;
        s = engine_get(e, &peer, "/containers/%s/json", mode + 10);
        *ret = !peer;
    }
    return s;
}

belay_status twin_remove_all(engine *e, const containers *old, const char *mark)
{
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < old->count && s >= 0; i++) {
        guard_mem char *name = twin_name(&old->items[i], mark);
        guard_mem char *escaped = engine_escape(name);
        s = engine_do(e, "DELETE", NULL, 404, "/containers/%s", escaped);
    }
    return s < 0 ? s : BELAY_OK;
}
