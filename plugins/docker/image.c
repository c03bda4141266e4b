#include "image.h"

#include <string.h>

#include "tags.h"

static belay_status inspect(engine *e, const char *image, json_t **ret)
{
    guard_mem char *escaped = engine_escape(image);
    const bool manifests = engine_api_compare(engine_api(e), "1.48") >= 0;
    return engine_get(e, ret, "/images/%s/json%s", escaped, manifests ? "?manifests=1" : "");
}

/* The image's configuration, as far as an inspection shows it. Its digest would be the identity, but no engine tells
 * it with the containerd store. */
static bool same_configuration(const json_t *one, const json_t *other)
{
    static const char *const members[] = {"RootFS", "Config", "Created", "Architecture", "Os", "Variant", "Author"};
    if (json_array_size(json_object_get(json_object_get(one, "RootFS"), "Layers")) == 0)
        return false;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *a = json_object_get(one, members[i]), *b = json_object_get(other, members[i]);
        if (a != b && !json_equal(a, b))
            return false;
    }
    return true;
}

belay_status image_equals(engine *e, const char *one, const char *other, bool *ret)
{
    guard_json *a = NULL, *b = NULL;
    *ret = false;
    belay_status s = inspect(e, one, &a);
    if (s == BELAY_OK && a)
        s = inspect(e, other, &b);
    if (s == BELAY_OK && a && b)
        *ret = strcmp(text_member(a, "Id"), text_member(b, "Id")) == 0 || same_configuration(a, b);
    return s;
}

/* Is this one of the image's manifests for a platform? */
static bool has_manifest(const json_t *image, const char *digest)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(image, "Manifests"), i, one)
        if (strcmp(text_member(one, "Kind"), "image") == 0 && strcmp(text_member(one, "ID"), digest) == 0)
            return true;
    return false;
}

belay_status image_is_of(engine *e, const container *c, const char *reference, bool *ret, char **ret_id)
{
    guard_json *image = NULL, *own = NULL;
    *ret = false;
    *ret_id = NULL;
    belay_status s = inspect(e, reference, &image);
    if (s != BELAY_OK || !image)
        return s;
    *ret_id = text_dup(text_member(image, "Id"));
    *ret = strcmp(*ret_id, c->image) == 0 || (*c->manifest && has_manifest(image, c->manifest));
    if (*ret || *c->manifest)
        return s;
    s = inspect(e, c->image, &own);
    *ret = s == BELAY_OK && own && same_configuration(image, own);
    return s;
}

belay_status image_keep_equal(engine *e, json_t *before)
{
    belay_status s = BELAY_OK;
    const char *reference;
    json_t *id;
    json_object_foreach(before, reference, id) {
        guard_mem char *now = NULL;
        bool same = false;
        if (!json_is_string(id) || s != BELAY_OK)
            continue;
        s = tags_id(e, reference, &now);
        if (s != BELAY_OK || !now || strcmp(now, json_string_value(id)) == 0)
            continue;
        s = image_equals(e, json_string_value(id), now, &same);
        if (s == BELAY_OK && same)
            s = tags_point(e, json_string_value(id), reference);
    }
    return s;
}
