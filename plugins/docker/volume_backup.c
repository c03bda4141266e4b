/*
 * docker.volume_backup: a named volume becomes a .tar.zst that was proved before it got its name; rollback puts the
 * content back when asked to.
 *
 * Undo journal: "partial" and "file", the archive before and after its proof; "published", once it has that name;
 * "replaced", where rollback saves what it replaces; "image" and "helper", the helper container's image and name.
 */
#include "kinds.h"
#include "volume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "durable/durable.h"

#define SUFFIX "tar.zst"

/* ---- prepare ----------------------------------------------------------------------------------------------------- */

static belay_status find_volume(const call *c, const volume *v)
{
    bool exists = false;
    belay_status s = volume_exists(v, &exists);
    if (s == BELAY_OK && !exists)
        s = call_fail(c, BELAY_E_FAIL, "`docker volume ls` lists them; Compose puts the project's name before",
                      "there is no volume %s", v->name);
    return s;
}

belay_status volume_backup_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    if (host->pending(ctx, "volume") || host->pending(ctx, "to"))
        return BELAY_OK;
    const char *name = call_str(&c, "volume"), *to = call_str(&c, "to");
    if (strchr(name, '/'))
        return call_blame(&c, "volume", "'%s' is a path; volumes have names", name);
    if (access(to, W_OK | X_OK) != 0)
        return call_fail(&c, BELAY_E_FAIL, "make the folder, or mend `to`", "%s cannot be written: %s", to,
                         strerror(errno));
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = find_volume(&c, &(volume){.e = e, .name = name});
    if (s == BELAY_OK)
        engine_plan(e,
                    call_int(&c, "restore_on_rollback")
                        ? "the volume is emptied and gets its content back; what was in it is saved first"
                        : "nothing to undo: a proved archive stays, an unfinished one is removed",
                    "save the volume %s into %s", name, to);
    return s;
}

/* ---- execute ----------------------------------------------------------------------------------------------------- */

/* Files that somebody writes to while they are read make an archive of no moment. */
static belay_status check_users(const call *c, const volume *v)
{
    guard_mem char *users = NULL;
    belay_status s = volume_users(v, &users);
    if (s != BELAY_OK || !*users || call_is(c, "in_use", "allow"))
        return s;
    return call_fail(c, BELAY_E_FAIL, "stop them first, as docker.stop does; in_use = \"allow\" where they only read",
                     "the volume %s is in use by running containers: %s", v->name, users);
}

static belay_status choose_image(const call *c, const volume *v, char **ret)
{
    const char *named = call_str(c, "image");
    belay_status s = BELAY_OK;
    *ret = named ? text_dup(named) : NULL;
    if (!named)
        s = volume_some_image(v, ret);
    if (s == BELAY_OK && !*ret)
        s = call_fail(c, BELAY_E_FAIL, "set the option image",
                      "the engine has no image to make a helper container from");
    return s;
}

/* Writes down what rollback needs. What was written down by an earlier try counts. */
static belay_status remember_names(const call *c, const volume *v)
{
    const char *to = call_str(c, "to");
    char path[DURABLE_PATH], replaced[DURABLE_PATH];
    guard_mem char *replaced_prefix = text_printf("%s_replaced", v->name), *tag = call_tag(c);
    guard_mem char *helper = text_printf("belay-volume-%s", tag);
    durable_name(c->ctx, c->host, to, v->name, SUFFIX, path);
    durable_name(c->ctx, c->host, to, replaced_prefix, SUFFIX, replaced);
    guard_mem char *partial = text_printf("%s.partial", path);
    const struct {
        const char *key, *value;
    } records[] = {
        {"partial", partial}, {"replaced", replaced}, {"image", v->image}, {"helper", helper}, {"file", path}};
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < sizeof records / sizeof *records && s == BELAY_OK; i++)
        s = c->host->remember(c->ctx, records[i].key, records[i].value, NULL);
    return s;
}

/* Saves the content as `path`, by way of `partial`. */
static belay_status save(const call *c, const volume *v, const char *partial, const char *path, tarball_facts *facts,
                         char sum[DIGEST_TEXT])
{
    int fd = open(partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return call_fail(c, BELAY_E_FAIL, NULL, "%s cannot be made: %s", partial, strerror(errno));
    belay_status s = volume_save(v, fd, facts);
    if (s == BELAY_OK && !durable_publish(fd, partial, path, sum))
        s = call_fail(c, BELAY_E_RETRY, NULL, "%s cannot be made durable: %s", path, strerror(errno));
    close(fd);
    if (s != BELAY_OK)
        unlink(partial);
    return s;
}

static belay_status make(const call *c, volume *v)
{
    struct timespec begin, end;
    struct stat st;
    tarball_facts facts = {0};
    char sum[DIGEST_TEXT] = "";
    const char *path = c->host->recall(c->ctx, "file");
    v->image = c->host->recall(c->ctx, "image");
    v->helper = c->host->recall(c->ctx, "helper");
    clock_gettime(CLOCK_MONOTONIC, &begin);
    belay_status s = call_int(c, "restore_on_rollback") ? volume_check_image(v) : BELAY_OK;
    if (s == BELAY_OK)
        s = save(c, v, c->host->recall(c->ctx, "partial"), path, &facts, sum);
    if (s == BELAY_OK)
        s = c->host->remember(c->ctx, "published", "yes", NULL);
    if (s != BELAY_OK)
        return s;
    clock_gettime(CLOCK_MONOTONIC, &end);
    s = c->host->output(c->ctx, "file", path);
    if (s == BELAY_OK)
        s = c->host->output(c->ctx, "sha256", sum);
    if (s != BELAY_OK)
        return s;
    (void)c->host->measure(c->ctx, "size", stat(path, &st) == 0 ? (double)st.st_size : 0);
    (void)c->host->measure(c->ctx, "content", (double)facts.bytes);
    (void)c->host->measure(c->ctx, "entries", (double)facts.entries);
    (void)c->host->measure(c->ctx, "duration",
                           (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6);
    durable_retire(call_str(c, "to"), v->name, SUFFIX, call_int(c, "keep"));
    return BELAY_OK;
}

belay_status volume_backup_execute(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_mem char *image = NULL;
    belay_status s = engine_open(&c, &e);
    volume v = {.e = e, .name = call_str(&c, "volume")};
    if (s == BELAY_OK)
        s = find_volume(&c, &v);
    if (s == BELAY_OK)
        s = check_users(&c, &v);
    if (s == BELAY_OK)
        s = choose_image(&c, &v, &image);
    if (s != BELAY_OK)
        return s;
    v.image = image;
    s = engine_remember(e);
    if (s == BELAY_OK)
        s = remember_names(&c, &v);
    return s == BELAY_OK ? make(&c, &v) : s;
}

belay_status volume_backup_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    const char *path = host->recall(ctx, "file");
    if (path && durable_holds(path))
        return BELAY_OK;
    return call_fail(&c, BELAY_E_FAIL, NULL, "the archive %s is not there, or is not what was written",
                     path ? path : "");
}

/* ---- rollback ---------------------------------------------------------------------------------------------------- */

/* Saves what the restore is going to replace. A second try finds it saved; the volume then may be half empty. */
static belay_status save_replaced(const call *c, const volume *v)
{
    const char *path = c->host->recall(c->ctx, "replaced");
    guard_mem char *partial = text_printf("%s.partial", path);
    tarball_facts facts = {0};
    char sum[DIGEST_TEXT];
    if (durable_holds(path))
        return BELAY_OK;
    belay_status s = save(c, v, partial, path, &facts, sum);
    if (s == BELAY_OK)
        call_log(c, 1, "what the volume %s had is saved as %s", v->name, path);
    return s;
}

static belay_status restore(const call *c, const volume *v, const char *path)
{
    belay_status s = check_users(c, v);
    if (s == BELAY_OK)
        s = save_replaced(c, v);
    if (s != BELAY_OK)
        return s;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return call_fail(c, BELAY_E_FAIL, NULL, "%s cannot be read: %s", path, strerror(errno));
    s = volume_restore(v, fd);
    close(fd);
    return s;
}

/* Without the record it never got its name, and the step, which then failed, had nothing change the volume after it. */
static belay_status explain_missing(const call *c, const char *path)
{
    int why = errno;
    if (why == ENOENT && !c->host->recall(c->ctx, "published"))
        return BELAY_NOTHING;
    return call_fail(c, BELAY_E_FAIL,
                     "bring it back (mount its folder, or copy it there with its .sha256) and try the rollback again; "
                     "or restore the volume by hand",
                     "the volume %s is left as it is: its archive %s was made and cannot be found: %s",
                     call_str(c, "volume"), path, strerror(why));
}

static belay_status take_back(const call *c, const volume *v)
{
    const char *path = c->host->recall(c->ctx, "file");
    belay_status s = volume_remove_helper(v);
    if (s != BELAY_OK)
        return s;
    if (!path || !call_int(c, "restore_on_rollback"))
        return BELAY_NOTHING;
    if (access(path, F_OK) != 0)
        return explain_missing(c, path);
    if (!durable_holds(path))
        return call_fail(c, BELAY_E_FAIL, "the volume is left as it is; restore it by hand",
                         "the archive %s is not what was written", path);
    return restore(c, v, path);
}

belay_status volume_backup_rollback(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    const char *partial = host->recall(ctx, "partial");
    guard_engine *e = NULL;
    volume v = {
        .name = call_str(&c, "volume"), .image = host->recall(ctx, "image"), .helper = host->recall(ctx, "helper")};
    if (!partial)
        return BELAY_NOTHING;
    if (unlink(partial) < 0 && errno != ENOENT)
        return call_fail(&c, BELAY_E_RETRY, NULL, "%s cannot be removed: %s", partial, strerror(errno));
    if (!v.image || !v.helper)
        return BELAY_NOTHING;
    belay_status s = engine_open_patiently(&c, &e);
    v.e = e;
    return s == BELAY_OK ? take_back(&c, &v) : s;
}
