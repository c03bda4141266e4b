#include "tags.h"

#include <string.h>

#include "image.h"

void tags_split(const char *reference, char **ret_repository, char **ret_tag)
{
    const char *slash = strrchr(reference, '/');
    const char *colon = strchr(slash ? slash : reference, ':');
    *ret_repository = colon ? text_printf("%.*s", (int)(colon - reference), reference) : text_dup(reference);
    *ret_tag = text_dup(colon ? colon + 1 : "latest");
}

belay_status tags_id(engine *e, const char *reference, char **ret)
{
    guard_mem char *escaped = engine_escape(reference);
    guard_json *image = NULL;
    belay_status s = engine_get(e, &image, "/images/%s/json", escaped);
    if (s == BELAY_OK)
        *ret = image ? text_dup(text_member(image, "Id")) : NULL;
    return s;
}

belay_status tags_read(engine *e, json_t *references, json_t **ret)
{
    guard_json *map = json_object();
    const char *reference;
    json_t *unused;
    json_object_foreach(references, reference, unused) {
        guard_mem char *id = NULL;
        belay_status s = tags_id(e, reference, &id);
        if (s != BELAY_OK)
            return s;
        json_object_set_new(map, reference, id ? json_string(id) : json_null());
    }
    *ret = take(map);
    return BELAY_OK;
}

belay_status tags_point(engine *e, const char *id, const char *reference)
{
    guard_mem char *repository = NULL, *tag = NULL;
    tags_split(reference, &repository, &tag);
    guard_mem char *repo = engine_escape(repository);
    guard_mem char *escaped = engine_escape(tag);
    return engine_do(e, "POST", NULL, 0, "/images/%s/tag?repo=%s&tag=%s", id, repo, escaped);
}

/* ---- the journal: "mark" names what is set aside, "before" is the map ---- */

static char *aside(const char *reference, const char *mark)
{
    guard_mem char *repository = NULL, *tag = NULL;
    tags_split(reference, &repository, &tag);
    return text_printf("%s:belay-%.64s.%.56s", repository, mark, tag);
}

belay_status tags_remember(engine *e, json_t *references, json_t **ret)
{
    const call *c = engine_call(e);
    guard_json *now = NULL, *before = NULL;
    guard_mem char *mark = call_tag(c);
    belay_status s = tags_read(e, references, &now);
    if (s == BELAY_OK)
        s = c->host->remember(c->ctx, "mark", mark, NULL);
    if (s == BELAY_OK)
        s = call_remember(c, "before", now, &before);
    const char *reference;
    json_t *id;
    json_object_foreach(before, reference, id) {
        if (!json_is_string(id) || s != BELAY_OK)
            continue;
        guard_mem char *kept = aside(reference, mark);
        s = tags_point(e, json_string_value(id), kept);
    }
    if (s == BELAY_OK)
        *ret = take(before);
    return s;
}

json_t *tags_recall(const call *c)
{
    return call_recall(c, "before");
}

/* Removes a reference; the image goes with its last one, unless a container uses it (409: then both stay). */
static belay_status untag(engine *e, const char *reference)
{
    guard_mem char *escaped = engine_escape(reference);
    guard_request r = {.method = "DELETE", .path = text_printf("/images/%s", escaped)};
    belay_status s = engine_send(e, &r, 1);
    if (s != BELAY_OK || r.status == 404 || (r.status >= 200 && r.status <= 299))
        return s;
    return engine_refused(e, &r);
}

static belay_status restore(engine *e, const char *reference, const char *before)
{
    guard_mem char *now = NULL;
    belay_status s = tags_id(e, reference, &now);
    if (s != BELAY_OK)
        return s;
    if (!before)
        return now ? untag(e, reference) : BELAY_OK;
    return now && strcmp(now, before) == 0 ? BELAY_OK : tags_point(e, before, reference);
}

belay_status tags_release(engine *e, json_t *before)
{
    const call *c = engine_call(e);
    const char *mark = c->host->recall(c->ctx, "mark");
    belay_status s = BELAY_OK;
    const char *reference;
    json_t *id;
    json_object_foreach(before, reference, id) {
        if (!json_is_string(id) || !mark || s != BELAY_OK)
            continue;
        guard_mem char *kept = aside(reference, mark);
        s = untag(e, kept);
        if (s == BELAY_E_FAIL) { /* a container still uses the image, which has no other name */
            call_log(c, 2, "%s stays: a container uses it", kept);
            s = BELAY_OK;
        }
    }
    return s;
}

/* One that is gone is given back: nobody's image is lost by that. */
static belay_status refuse_foreign(engine *e, json_t *before, json_t *made)
{
    guard_json *now = NULL;
    belay_status s = tags_read(e, made, &now);
    const char *reference;
    json_t *unused;
    json_object_foreach(now, reference, unused) {
        const char *is = text_member(now, reference), *was_made = text_member(made, reference);
        bool same = !*is || !*was_made || strcmp(is, was_made) == 0 || strcmp(is, text_member(before, reference)) == 0;
        if (!same)
            s = image_equals(e, is, was_made, &same);
        if (s == BELAY_OK && !same)
            return call_fail(
                engine_call(e), BELAY_E_FAIL,
                "see whose it is; give it another name by docker tag, remove this one, and roll back again",
                "somebody else gave %s another image meanwhile: %s", reference, is);
    }
    return s;
}

belay_status tags_rollback(engine *e, json_t *before, json_t *made)
{
    belay_status first = refuse_foreign(e, before, made);
    if (first != BELAY_OK)
        return first;
    const char *reference;
    json_t *id;
    json_object_foreach(before, reference, id) {
        belay_status s = restore(e, reference, json_string_value(id));
        if (s != BELAY_OK && first == BELAY_OK)
            first = s;
        if (s == BELAY_E_CANCELLED)
            break;
    }
    return first == BELAY_OK ? tags_release(e, before) : first;
}
