#include "volume.h"

#include <string.h>

#define LABEL_HELPER "belay.helper"

/* ---- who and what ------------------------------------------------------------------------------------------------ */

belay_status volume_exists(const volume *v, bool *ret)
{
    guard_json *found = NULL;
    guard_mem char *name = engine_escape(v->name);
    belay_status s = engine_get(v->e, &found, "/volumes/%s", name);
    *ret = found != NULL;
    return s;
}

static belay_status list_users(const volume *v, json_t **ret)
{
    guard_mem char *filter = engine_filter("volume", v->name);
    return engine_get(v->e, ret, "/containers/json?all=1&%s", filter);
}

belay_status volume_users(const volume *v, char **ret)
{
    guard_json *listed = NULL;
    text names = {0};
    size_t i;
    json_t *one;
    belay_status s = list_users(v, &listed);
    json_array_foreach(listed, i, one) {
        const char *name = json_string_value(json_array_get(json_object_get(one, "Names"), 0));
        const char *state = text_member(one, "State");
        if (strcmp(state, "running") == 0 || strcmp(state, "paused") == 0 || strcmp(state, "restarting") == 0)
            text_add(&names, "%s%s", names.length ? ", " : "", name ? name + (*name == '/') : "?");
    }
    *ret = names.s ? names.s : text_dup("");
    return s;
}

belay_status volume_some_image(const volume *v, char **ret)
{
    guard_json *listed = NULL, *images = NULL;
    *ret = NULL;
    belay_status s = list_users(v, &listed);
    if (s == BELAY_OK && json_array_size(listed) == 0)
        s = engine_get(v->e, &images, "/images/json");
    if (s != BELAY_OK)
        return s;
    const char *used = text_member(json_array_get(listed, 0), "ImageID");
    const char *any = text_member(json_array_get(images, 0), "Id");
    if (*used || *any)
        *ret = text_dup(*used ? used : any);
    return BELAY_OK;
}

/* ---- the helper -------------------------------------------------------------------------------------------------- */

belay_status volume_remove_helper(const volume *v)
{
    belay_status s = engine_do(v->e, "DELETE", NULL, 404, "/containers/%s?force=1", v->helper);
    return s == BELAY_NOTHING ? BELAY_OK : s;
}

/* argv: what it would run; steals it. One that a crash left is replaced. */
static belay_status make_helper(const volume *v, json_t *argv)
{
    belay_status s = volume_remove_helper(v);
    json_t *body =
        json_pack("{s:s, s:o, s:[], s:s, s:b, s:{s:s}, s:{s:s, s:[{s:s, s:s, s:s}]}}", "Image", v->image, "Entrypoint",
                  argv, "Cmd", "User", "0:0", "NetworkDisabled", 1, "Labels", LABEL_HELPER, v->name, "HostConfig",
                  "NetworkMode", "none", "Mounts", "Type", "volume", "Source", v->name, "Target", "/" VOLUME_PLACE);
    if (s == BELAY_OK)
        return engine_do(v->e, "POST", body, 0, "/containers/create?name=%s", v->helper);
    json_decref(body);
    return s;
}

static belay_status make_idle_helper(const volume *v)
{
    return make_helper(v, json_pack("[s]", "/never-started"));
}

/* The helper runs find on the volume, with these further words. */
static belay_status run_find(const volume *v, const char *const *words)
{
    const call *c = engine_call(v->e);
    guard_json *ended = NULL;
    json_t *argv = json_pack("[s, s]", "find", "/" VOLUME_PLACE);
    for (; *words; words++)
        json_array_append_new(argv, json_string(*words));
    belay_status s = make_helper(v, argv);
    if (s != BELAY_OK)
        return s;
    s = engine_do(v->e, "POST", NULL, 0, "/containers/%s/start", v->helper);
    if (s == BELAY_E_FAIL)
        return call_fail(c, s, "let the option image name one that has the program find",
                         "the volume %s could not be emptied for a restore: the image %.19s has no program find",
                         v->name, v->image);
    guard_request wait = {.method = "POST",
                          .path = text_printf("/containers/%s/wait", v->helper),
                          .timeout_ms = (int)c->host->time_left_ms(c->ctx)};
    if (s == BELAY_OK)
        s = engine_send(v->e, &wait, 1);
    if (s == BELAY_OK && wait.status != 200)
        s = engine_refused(v->e, &wait);
    if (s != BELAY_OK)
        return s;
    ended = json_loads(text_of(&wait.answer), 0, NULL);
    long long code = json_integer_value(json_object_get(ended, "StatusCode"));
    return code == 0 && ended ? BELAY_OK
                              : call_fail(c, BELAY_E_RETRY, "let the option image name one that has the program find",
                                          "find on the volume %s ended with exit code %lld", v->name, code);
}

belay_status volume_check_image(const volume *v)
{
    static const char *const nothing[] = {"-maxdepth", "0", NULL};
    belay_status s = run_find(v, nothing), removed = volume_remove_helper(v);
    return s == BELAY_OK ? removed : s;
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

typedef struct saving {
    tarball_writer *writer;
    char why[TARBALL_WHY];
    const call *call;
    uint64_t bytes;
} saving;

static bool on_tar(void *user, const char *bytes, size_t n)
{
    saving *s = user;
    s->bytes += n;
    s->call->host->progress(s->call->ctx, s->bytes, 0, "bytes saved");
    return tarball_write(s->writer, bytes, n, s->why);
}

static belay_status fetch(const volume *v, int fd, tarball_facts *ret)
{
    const call *c = engine_call(v->e);
    saving to = {.call = c};
    to.writer = tarball_write_begin(fd, to.why);
    if (!to.writer)
        return call_fail(c, BELAY_E_RETRY, NULL, "the archive cannot be begun: %s", to.why);
    guard_request r = {.method = "GET",
                       .path = text_printf("/containers/%s/archive?path=/" VOLUME_PLACE, v->helper),
                       .timeout_ms = (int)c->host->time_left_ms(c->ctx),
                       .sink = on_tar,
                       .user = &to};
    belay_status s = engine_send(v->e, &r, 1);
    bool broken = to.why[0] != '\0', ended = tarball_write_end(to.writer, ret, to.why);
    if (s == BELAY_OK && r.status != 200)
        return engine_refused(v->e, &r);
    if (s == BELAY_OK && (broken || !ended))
        s = call_fail(c, BELAY_E_RETRY, "is there room on the disk?", "the volume %s could not be saved: %s", v->name,
                      to.why);
    return s;
}

belay_status volume_save(const volume *v, int fd, tarball_facts *ret)
{
    char why[TARBALL_WHY] = "";
    tarball_facts written = {0};
    belay_status s = make_idle_helper(v);
    if (s == BELAY_OK)
        s = fetch(v, fd, &written);
    belay_status removed = volume_remove_helper(v);
    if (s != BELAY_OK || removed != BELAY_OK)
        return s != BELAY_OK ? s : removed;
    if (!tarball_prove(fd, ret, why))
        return call_fail(engine_call(v->e), BELAY_E_RETRY, NULL, "the archive of %s cannot be read back: %s", v->name,
                         why);
    if (ret->bytes != written.bytes || strcmp(ret->sha256, written.sha256) != 0)
        return call_fail(engine_call(v->e), BELAY_E_RETRY, "is the disk sound?",
                         "the archive of %s reads back differently than it was written", v->name);
    return BELAY_OK;
}

/* ---- restoring --------------------------------------------------------------------------------------------------- */

static long from_tar(void *user, char *bytes, size_t n)
{
    return tarball_read(user, bytes, n);
}

/* The archive's names begin with the place where the helper mounts the volume, so it is unpacked at the root. */
static belay_status put(const volume *v, int fd)
{
    const call *c = engine_call(v->e);
    char why[TARBALL_WHY] = "";
    tarball_reader *reader = tarball_read_begin(fd, why);
    if (!reader)
        return call_fail(c, BELAY_E_FAIL, NULL, "the archive cannot be read: %s", why);
    guard_request r = {.method = "PUT",
                       .path = text_printf("/containers/%s/archive?path=/", v->helper),
                       .timeout_ms = (int)c->host->time_left_ms(c->ctx),
                       .source = from_tar,
                       .user = reader};
    belay_status s = engine_send(v->e, &r, 1);
    tarball_read_end(reader);
    return s == BELAY_OK && r.status != 200 ? engine_refused(v->e, &r) : s;
}

belay_status volume_restore(const volume *v, int fd)
{
    static const char *const all[] = {"-mindepth", "1", "-delete", NULL};
    belay_status s = run_find(v, all);
    if (s == BELAY_OK)
        s = make_idle_helper(v);
    if (s == BELAY_OK)
        s = put(v, fd);
    belay_status removed = volume_remove_helper(v);
    return s == BELAY_OK ? removed : s;
}
