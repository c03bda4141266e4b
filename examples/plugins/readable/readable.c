/* readable: a long task. It reads every file below a folder to its end, tells how far it is, and stops when asked to.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <belay/plugin.h>

#define BLOCK (256 * 1024)

static const belay_option options[] = {
    {.name = "folder",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The folder whose files are read.",
     .example = "/srv/backup"},
};

static const belay_metric metrics[] = {
    {.name = "files", .unit = "", .doc = "Files that were read.", .fail = "== 0"},
    {.name = "size", .unit = "B", .doc = "Bytes that were read."},
};

typedef struct reading {
    belay_ctx *c;
    const belay_host *h;
    uint64_t files, bytes;
    time_t told;
} reading;

/* Once a second is enough for people, and for a host that keeps each report. */
static void tell(reading *r, const char *path)
{
    if (time(NULL) == r->told)
        return;
    r->told = time(NULL);
    r->h->progress(r->c, r->bytes, 0, path);
}

static belay_status unreadable(const reading *r, const char *path, int reason)
{
    char why[PATH_MAX + 128];
    snprintf(why, sizeof why, "'%s' cannot be read to its end: %s", path, strerror(reason));
    r->h->explain(r->c, why, NULL, "folder");
    return BELAY_E_FAIL;
}

/* A large file takes long: cancellation is looked for at each block, not at each file. */
static belay_status read_file(reading *r, const char *path)
{
    static char block[BLOCK];
    ssize_t n = 1;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    while (fd >= 0 && !r->h->cancelled(r->c) && (n = read(fd, block, sizeof block)) > 0) {
        r->bytes += (uint64_t)n;
        tell(r, path);
    }
    int reason = fd < 0 || n < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    r->files++;
    if (reason)
        return unreadable(r, path, reason);
    return r->h->cancelled(r->c) ? BELAY_E_CANCELLED : BELAY_OK;
}

static belay_status read_all(reading *r, FTS *tree)
{
    belay_status status = BELAY_OK;
    for (FTSENT *e; status == BELAY_OK && (e = fts_read(tree));) {
        if (e->fts_info == FTS_F)
            status = read_file(r, e->fts_path);
        else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
            status = unreadable(r, e->fts_path, e->fts_errno);
    }
    return status;
}

static belay_status verify(belay_ctx *c, const belay_host *h)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", h->opt_str(c, "folder"));
    char *const roots[] = {folder, NULL};
    reading r = {.c = c, .h = h, .told = time(NULL)};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!tree)
        return unreadable(&r, folder, errno);
    belay_status status = read_all(&r, tree);
    fts_close(tree);
    if (status == BELAY_OK)
        status = h->measure(c, "files", (double)r.files);
    return status == BELAY_OK ? h->measure(c, "size", (double)r.bytes) : status;
}

static const belay_step steps[] = {
    {.name = "files",
     .doc = "Reads every file below a folder: a backup that cannot be read is none.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 30 * 60 * 1000,
     BELAY_TABLE(option, options),
     BELAY_TABLE(metric, metrics),
     .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,  BELAY_TABLE(step, steps),         .name = "readable",
    .version = "0.1.0", .doc = "Files that can be read.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
