#include "networks.h"

#include <string.h>

#include "containers.h"
#include "durable/digest.h"

/* Go writes these three as escapes; jansson as they are. */
static char *as_go_writes(const json_t *value)
{
    guard_mem char *plain = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    text out = {0};
    for (const char *s = plain ? plain : ""; *s; s++) {
        const bool special = *s == '<' || *s == '>' || *s == '&';
        if (special)
            text_add(&out, "\\u%04x", *s);
        else
            text_add_bytes(&out, s, 1);
    }
    return out.s ? out.s : text_dup("");
}

/* The hash that Compose writes on a network: of its configuration as JSON, members in the order of `compose config`.
 * Source: docker/compose, pkg/compose/hash.go (NetworkHash). */
static bool hash_of(const json_t *config, char hex[DIGEST_TEXT])
{
    guard_mem char *written = as_go_writes(config);
    digest *d = digest_new();
    digest_feed(d, written, strlen(written));
    return digest_end(d, hex);
}

/* The names of the containers on a network. The caller frees. */
static char *containers_on(const json_t *network)
{
    text names = {0};
    const char *id;
    json_t *one;
    json_object_foreach(json_object_get(network, "Containers"), id, one)
        text_add(&names, "%s%s", names.length ? ", " : "", text_member(one, "Name"));
    return names.s ? names.s : text_dup("none now");
}

static belay_status check_one(engine *e, const json_t *config)
{
    const char *name = text_member(config, "name");
    guard_mem char *escaped = engine_escape(name);
    guard_json *network = NULL;
    char hex[DIGEST_TEXT];
    if (json_is_true(json_object_get(config, "external")))
        return BELAY_OK;
    belay_status s = engine_get(e, &network, "/networks/%s", escaped);
    const char *made_with = text_member(json_object_get(network, "Labels"), LABEL_HASH);
    if (s != BELAY_OK || !*made_with || !hash_of(config, hex) || strcmp(hex, made_with) == 0)
        return s;
    guard_mem char *names = containers_on(network);
    return call_fail(
        engine_call(e), BELAY_E_FAIL,
        "give the network another name in the compose file, or replace it in a maintenance window: "
        "`docker compose down`, then `up`",
        "Compose would replace the network %s, whose configuration changed, and first stop every container "
        "on it: %s",
        name, names);
}

belay_status networks_check(engine *e, compose *c, json_t *services)
{
    guard_json *used = json_object();
    const char *service, *name;
    json_t *value;
    json_object_foreach(services, service, value)
        json_object_foreach(json_object_get(json_object_get(compose_services(c), service), "networks"), name, value)
            json_object_set_new(used, name, json_true());
    bool replaces = false;
    belay_status s = json_object_size(used) ? compose_is_at_least(c, 2, 32, &replaces) : BELAY_OK;
    if (!replaces)
        return s;
    json_object_foreach(used, name, value)
        if (s == BELAY_OK)
            s = check_one(e, compose_network(c, name));
    return s;
}
