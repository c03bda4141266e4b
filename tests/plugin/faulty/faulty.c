/* One kind for each promise that a plugin can break, and one that keeps them all. Each writes "new" into a file;
 * rollback puts back what was there. */
#include <belay/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 4096

/* ---- how it is done right ---------------------------------------------------------------------------------------- */

static int read_file(const char *path, char text[FILE_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, FILE_MAX - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n < 0 ? -1 : 0;
}

/* Whole or not at all: beside, then renamed. */
static belay_status write_file(const char *path, const char *text)
{
    char beside[FILE_MAX];
    snprintf(beside, sizeof beside, "%s.new", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
    struct stat st;
    if (n >= 0 && stat(path, &st) == 0)
        fchmod(fd, st.st_mode & 0777);
    if (fd >= 0)
        close(fd);
    return n < 0 || rename(beside, path) < 0 ? BELAY_E_FAIL : BELAY_OK;
}

static const char *file(belay_ctx *c, const belay_host *h)
{
    return h->opt_str(c, "file");
}

static belay_status remember(belay_ctx *c, const belay_host *h)
{
    char now[FILE_MAX];
    return read_file(file(c, h), now) < 0 ? BELAY_E_CONFIG : h->remember(c, "before", now, NULL);
}

static belay_status good(belay_ctx *c, const belay_host *h)
{
    belay_status status = remember(c, h);
    return status == BELAY_OK ? write_file(file(c, h), "new") : status;
}

static belay_status restore(belay_ctx *c, const belay_host *h)
{
    char now[FILE_MAX], beside[FILE_MAX];
    const char *before = h->recall(c, "before");
    if (!before)
        return BELAY_NOTHING;
    snprintf(beside, sizeof beside, "%s.new", file(c, h));
    unlink(beside);
    if (read_file(file(c, h), now) < 0 || (strcmp(now, before) != 0 && strcmp(now, "new") != 0)) {
        h->explain(c, "somebody else changed the file", NULL, "file");
        return BELAY_E_FAIL;
    }
    return write_file(file(c, h), before);
}

static belay_status verify(belay_ctx *c, const belay_host *h)
{
    char now[FILE_MAX];
    return read_file(file(c, h), now) < 0 ? BELAY_E_FAIL : BELAY_OK;
}

/* ---- and how not ------------------------------------------------------------------------------------------------- */

static belay_status acts_first(belay_ctx *c, const belay_host *h)
{
    char now[FILE_MAX];
    if (read_file(file(c, h), now) < 0 || write_file(file(c, h), "new") != BELAY_OK)
        return BELAY_E_FAIL;
    return h->remember(c, "before", now, NULL);
}

/* The journal would have kept the original; this saves it a second time, after it was overwritten. */
static belay_status ignores_kept(belay_ctx *c, const belay_host *h)
{
    char now[FILE_MAX], saved[FILE_MAX];
    snprintf(saved, sizeof saved, "%s.saved", file(c, h));
    belay_status status = h->remember(c, "saved", saved, NULL);
    if (status != BELAY_OK || read_file(file(c, h), now) < 0)
        return status != BELAY_OK ? status : BELAY_E_FAIL;
    status = write_file(saved, now);
    return status == BELAY_OK ? write_file(file(c, h), "new") : status;
}

static belay_status restore_saved(belay_ctx *c, const belay_host *h)
{
    char then[FILE_MAX], beside[FILE_MAX + 8];
    const char *saved = h->recall(c, "saved");
    if (!saved)
        return BELAY_NOTHING;
    snprintf(beside, sizeof beside, "%s.new", saved);
    unlink(beside);
    snprintf(beside, sizeof beside, "%s.new", file(c, h));
    unlink(beside);
    if (read_file(saved, then) == 0 && write_file(file(c, h), then) != BELAY_OK)
        return BELAY_E_RETRY;
    unlink(saved);
    return BELAY_OK;
}

/* Works once: then its mark is gone, and it fails. */
static belay_status restores_once(belay_ctx *c, const belay_host *h)
{
    char mark[FILE_MAX];
    snprintf(mark, sizeof mark, "%s.mark", file(c, h));
    belay_status status = restore(c, h);
    return status == BELAY_OK && unlink(mark) < 0 ? BELAY_E_FAIL : status;
}

static belay_status marks(belay_ctx *c, const belay_host *h)
{
    char mark[FILE_MAX];
    snprintf(mark, sizeof mark, "%s.mark", file(c, h));
    belay_status status = remember(c, h);
    if (status == BELAY_OK)
        status = write_file(mark, "");
    return status == BELAY_OK ? write_file(file(c, h), "new") : status;
}

static belay_status overwrites(belay_ctx *c, const belay_host *h)
{
    const char *before = h->recall(c, "before");
    return before ? write_file(file(c, h), before) : BELAY_NOTHING;
}

/* Of a change that was not made to its end: not whole or not at all, so that a second kill, there, is one too many. */
static belay_status restores_in_parts(belay_ctx *c, const belay_host *h)
{
    char now[FILE_MAX];
    const char *before = h->recall(c, "before");
    bool unchanged = before && read_file(file(c, h), now) == 0 && strcmp(now, before) == 0;
    if (before && (!unchanged || truncate(file(c, h), 0) < 0))
        return restore(c, h);
    return before ? write_file(file(c, h), before) : BELAY_NOTHING;
}

static belay_status runs_and_hopes(belay_ctx *c, const belay_host *h)
{
    const char *argv[] = {"sh", "-c", "printf new >\"$1\"", "sh", file(c, h), NULL};
    belay_run run = {.struct_size = sizeof run, .argv = argv};
    belay_status status = remember(c, h);
    if (status == BELAY_OK)
        (void)h->run(c, &run);
    return status;
}

static belay_status needs_home(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return strlen(getenv("HOME")) ? BELAY_OK : BELAY_E_FAIL;
}

static belay_status needs_previous(belay_ctx *c, const belay_host *h)
{
    return h->fact(c, "pipeline.previous") ? BELAY_OK : BELAY_E_CONFIG;
}

static belay_status asks_for_previous(belay_ctx *c, const belay_host *h)
{
    if (!h->fact(c, "pipeline.previous"))
        h->explain(c, "there is no previous version to compare with", NULL, NULL);
    return needs_previous(c, h);
}

static belay_status leaves_process(belay_ctx *c, const belay_host *h)
{
    if (fork() == 0) {
        setsid();
        sleep(60);
        _exit(0);
    }
    return good(c, h);
}

static belay_status ignores_cancel(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    sleep(60);
    return BELAY_OK;
}

/* Only when it is cancelled. */
static belay_status crashes_cancelled(belay_ctx *c, const belay_host *h)
{
    if (h->nap(c, 600) != BELAY_OK)
        abort();
    return BELAY_OK;
}

static belay_status leaves_process_cancelled(belay_ctx *c, const belay_host *h)
{
    belay_status status = h->nap(c, 300);
    if (status != BELAY_OK && fork() == 0) {
        setsid();
        sleep(60);
        _exit(0);
    }
    return status;
}

static belay_status goes_on(belay_ctx *c, const belay_host *h)
{
    (void)remember(c, h);
    return write_file(file(c, h), "new");
}

static belay_status writes_in_prepare(belay_ctx *c, const belay_host *h)
{
    return write_file(file(c, h), "looked at");
}

static belay_status prints_secret(belay_ctx *c, const belay_host *h)
{
    printf("the token is %s\n", h->opt_str(c, "token"));
    return BELAY_OK;
}

static belay_status passes_secret(belay_ctx *c, const belay_host *h)
{
    const char *argv[] = {"/bin/true", h->opt_str(c, "token"), NULL};
    belay_run run = {.struct_size = sizeof run, .argv = argv};
    return h->run(c, &run);
}

/* A file, and a link, of which the world tells the token. */
static belay_status names_file_by_secret(belay_ctx *c, const belay_host *h)
{
    char path[FILE_MAX];
    snprintf(path, sizeof path, "%s.%s", file(c, h), h->opt_str(c, "token"));
    return write_file(path, "");
}

static belay_status links_to_secret(belay_ctx *c, const belay_host *h)
{
    char path[FILE_MAX];
    snprintf(path, sizeof path, "%s.link", file(c, h));
    return symlink(h->opt_str(c, "token"), path) < 0 ? BELAY_E_FAIL : BELAY_OK;
}

static belay_status forgets(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return BELAY_NOTHING;
}

static belay_status needs_no_words(belay_ctx *c, const belay_host *h)
{
    return h->opt_list(c, "words")[0] ? BELAY_E_CONFIG : BELAY_OK;
}

/* A name that is no UTF-8. */
static belay_status writes_bytes_in_prepare(belay_ctx *c, const belay_host *h)
{
    char path[FILE_MAX];
    snprintf(path, sizeof path, "%s.caf\xe9", file(c, h));
    return write_file(path, "looked at");
}

static belay_status keeps_open(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 ? BELAY_E_FAIL : BELAY_OK;
}

static belay_status crashes_on_nothing(belay_ctx *c, const belay_host *h)
{
    const char *token = h->opt_str(c, "token");
    if (!token || !*token)
        abort();
    return BELAY_OK;
}

/* An option that another step gives later is NULL while a plan is made. */
static belay_status crashes_on_pending(belay_ctx *c, const belay_host *h)
{
    return strlen(h->opt_str(c, "file")) ? BELAY_OK : BELAY_E_CONFIG;
}

/* Counts its own checks, beside the file of another. */
static belay_status writes_elsewhere(belay_ctx *c, const belay_host *h)
{
    char elsewhere[FILE_MAX];
    const char *name = strrchr(file(c, h), '/');
    snprintf(elsewhere, sizeof elsewhere, "%.*s/../count", (int)(name - file(c, h)), file(c, h));
    int fd = open(elsewhere, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ssize_t n = fd < 0 ? -1 : write(fd, "x", 1);
    if (fd >= 0)
        close(fd);
    return n < 0 ? BELAY_E_RETRY : BELAY_OK;
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const belay_option options[] = {
    {.name = "file", .type = BELAY_T_PATH, .flags = BELAY_F_REQUIRED, .doc = "The file to change."},
    {.name = "token", .type = BELAY_T_STRING, .flags = BELAY_F_SECRET, .doc = "What must not get out."},
    {.name = "words", .type = BELAY_T_LIST, .def = "a,b", .doc = "Some words."},
};

#define CHANGE(kind, do_it, undo_it)                                                                                   \
    {                                                                                                                  \
        .name = #kind, .doc = "Changes a file.", BELAY_TABLE(option, options), .execute = (do_it), .verify = verify,   \
        .rollback = (undo_it)                                                                                          \
    }
#define CHANGE_UNSEEN(kind, do_it, undo_it)                                                                            \
    {                                                                                                                  \
        .name = #kind, .doc = "Changes a file.", BELAY_TABLE(option, options), .execute = (do_it),                     \
        .rollback = (undo_it)                                                                                          \
    }
#define CHECK(kind, phase, look)                                                                                       \
    {                                                                                                                  \
        .name = #kind, .doc = "Looks at a file.", .flags = BELAY_S_READ_ONLY, BELAY_TABLE(option, options),            \
        .phase = (look)                                                                                                \
    }

static const belay_step steps[] = {
    CHANGE(good, good, restore),
    CHANGE(acts_first, acts_first, restore),
    CHANGE(ignores_kept, ignores_kept, restore_saved),
    CHANGE(restores_once, marks, restores_once),
    CHANGE(overwrites, good, overwrites),
    CHANGE(leaves_process, leaves_process, restore),
    CHANGE(goes_on, goes_on, restore),
    CHANGE(restores_in_parts, good, restores_in_parts),
    CHANGE(runs_and_hopes, runs_and_hopes, restore),
    CHANGE_UNSEEN(unseen, good, restore),
    CHANGE_UNSEEN(links_to_secret, links_to_secret, forgets),
    CHANGE_UNSEEN(names_file_by_secret, names_file_by_secret, forgets),
    CHECK(needs_no_words, verify, needs_no_words),
    CHECK(needs_home, verify, needs_home),
    CHECK(needs_previous, verify, needs_previous),
    CHECK(asks_for_previous, verify, asks_for_previous),
    CHECK(ignores_cancel, verify, ignores_cancel),
    CHECK(crashes_cancelled, verify, crashes_cancelled),
    CHECK(leaves_process_cancelled, verify, leaves_process_cancelled),
    CHECK(writes_in_prepare, prepare, writes_in_prepare),
    CHECK(writes_bytes_in_prepare, prepare, writes_bytes_in_prepare),
    CHECK(prints_secret, verify, prints_secret),
    CHECK(passes_secret, verify, passes_secret),
    CHECK(keeps_open, verify, keeps_open),
    CHECK(crashes_on_nothing, verify, crashes_on_nothing),
    CHECK(crashes_on_pending, prepare, crashes_on_pending),
    CHECK(writes_elsewhere, verify, writes_elsewhere),
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps),      .undo_format = 1, .undo_format_oldest = 1, .name = "faulty",
    .version = "1",    .doc = "Breaks its promises.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
