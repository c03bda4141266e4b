/* docker.build: the images that the tries of a step made. */
#include <string.h>

#include "build.h"
#include "tags.h"

/* Before the step: the images without a name. Whether an image is new cannot be told by its time: with cached layers or
 * SOURCE_DATE_EPOCH that lies in the past. */
#define NAMELESS     "nameless"
#define NAMELESS_MAX 800 /* an undo value holds 64 KiB */

belay_status build_remember_nameless(engine *e)
{
    guard_json *listed = NULL, *ids = json_object();
    guard_mem char *filter = engine_filter("dangling", "true");
    belay_status s = engine_get(e, &listed, "/images/json?%s", filter);
    size_t i;
    json_t *image;
    json_array_foreach(listed, i, image)
        json_object_set_new(ids, text_member(image, "Id"), json_true());
    if (s != BELAY_OK ||
        json_object_size(ids) > NAMELESS_MAX) /* then nothing is removed that nobody can tell from them */
        return s;
    return call_remember(engine_call(e), NAMELESS, ids, NULL);
}

belay_status build_remove(engine *e, const char *id)
{
    guard_json *image = NULL, *nameless = call_recall(engine_call(e), NAMELESS);
    if (!nameless || json_object_get(nameless, id))
        return BELAY_OK;
    belay_status s = engine_get(e, &image, "/images/%s/json", id);
    if (s != BELAY_OK || !image || json_array_size(json_object_get(image, "RepoTags")) > 0)
        return s;
    s = engine_do(e, "DELETE", NULL, 409, "/images/%s", id);
    return s < 0 ? s : BELAY_OK;
}

#define TRIES_MAX 16

/* "built", "built1", ... */
static char *try_key(const char *what, int n)
{
    return n ? text_printf("%s%d", what, n) : text_dup(what);
}

belay_status build_remember(const call *c, const char *what, const json_t *value)
{
    for (int n = 0; n < TRIES_MAX; n++) {
        guard_mem char *key = try_key(what, n);
        if (!c->host->recall(c->ctx, key))
            return call_remember(c, key, value, NULL);
    }
    return call_fail(c, BELAY_E_FAIL, "roll the run back", "this step has built %d times already", TRIES_MAX);
}

/* The last of the values of this name, NULL when there is none, and how many there are. */
static json_t *recall_last(const call *c, const char *what, int *ret_count)
{
    json_t *last = NULL;
    for (*ret_count = 0; *ret_count < TRIES_MAX; ++*ret_count) {
        guard_mem char *key = try_key(what, *ret_count);
        json_t *more = call_recall(c, key);
        if (!more)
            break;
        json_decref(last);
        last = more;
    }
    return last;
}

json_t *build_recall(const call *c)
{
    int count = 0;
    return recall_last(c, "built", &count);
}

json_t *build_recall_ended(const call *c)
{
    int built_count = 0, replaced_count = 0;
    guard_json *built = recall_last(c, "built", &built_count), *replaced = recall_last(c, "replaced", &replaced_count);
    /* Each try after the first records what it replaces before it builds. */
    return replaced && replaced_count >= built_count ? NULL : json_incref(built);
}

belay_status build_remember_tries(engine *e, json_t *references, const json_t *before)
{
    const call *c = engine_call(e);
    guard_json *now = NULL, *made = json_object();
    belay_status s = tags_read(e, references, &now);
    const char *reference;
    json_t *id;
    json_object_foreach(now, reference, id)
        if (json_is_string(id) && !json_equal(id, json_object_get(before, reference)))
            json_object_set_new(made, json_string_value(id), json_true());
    return s == BELAY_OK && json_object_size(made) > 0 ? build_remember(c, "replaced", made) : s;
}

belay_status build_remove_tries(engine *e)
{
    const call *c = engine_call(e);
    belay_status s = BELAY_OK;
    for (int n = 0; n < TRIES_MAX && s == BELAY_OK; n++) {
        guard_mem char *key = try_key("replaced", n);
        guard_json *made = call_recall(c, key);
        const char *id;
        json_t *unused;
        json_object_foreach(made, id, unused)
            if (s == BELAY_OK)
                s = build_remove(e, id);
    }
    return s;
}
