/* archive: a library of one's own. libarchive reads a release to its end before anybody unpacks it. */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>

#include <belay/plugin.h>

#define BLOCK      (64 * 1024)
#define SIZE_LIMIT "10GB"

static const belay_option options[] = {
    {.name = "file",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The archive: tar, zip or cpio, also compressed.",
     .example = "/srv/releases/shop-v2.tar.zst"},
};

static const belay_metric metrics[] = {
    {.name = "entries", .unit = "", .doc = "Files, folders and links in it.", .fail = "== 0"},
    {.name = "size", .unit = "B", .doc = "What its files take when unpacked.", .fail = "> " SIZE_LIMIT},
};

/* Unpacked, it would leave the folder it is unpacked in. */
static int escapes(const char *path)
{
    size_t n = strlen(path);
    return path[0] == '/' || strcmp(path, "..") == 0 || strncmp(path, "../", 3) == 0 || strstr(path, "/../") ||
           (n >= 3 && strcmp(path + n - 3, "/..") == 0);
}

static belay_status bad(belay_ctx *c, const belay_host *h, const char *what, const char *detail)
{
    char why[1024];
    snprintf(why, sizeof why, "%s: %s", what, detail ? detail : "no reason is told");
    h->explain(c, why, "make the archive again", "file");
    return BELAY_E_FAIL;
}

/* libarchive checks what it reads: lengths, and the checksums that the format has. */
static belay_status read_entry(belay_ctx *c, const belay_host *h, struct archive *a, struct archive_entry *e,
                               double *size)
{
    static char block[BLOCK];
    la_ssize_t n;
    const char *path = archive_entry_pathname(e);
    if (!path || escapes(path))
        return bad(c, h, "an entry leads out of the folder it is unpacked in", path ? path : "its name is not text");
    while ((n = archive_read_data(a, block, sizeof block)) > 0) {
        *size += (double)n;
        if (h->cancelled(c))
            return BELAY_E_CANCELLED;
    }
    return n < 0 ? bad(c, h, path, archive_error_string(a)) : BELAY_OK;
}

static belay_status read_archive(belay_ctx *c, const belay_host *h, struct archive *a)
{
    struct archive_entry *e;
    double entries = 0, size = 0;
    int r = archive_read_open_filename(a, h->opt_str(c, "file"), BLOCK);
    while (r == ARCHIVE_OK && (r = archive_read_next_header(a, &e)) == ARCHIVE_OK) {
        belay_status status = read_entry(c, h, a, e, &size);
        if (status != BELAY_OK)
            return status;
        entries++;
    }
    if (r != ARCHIVE_EOF)
        return bad(c, h, "the archive cannot be read", archive_error_string(a));
    belay_status status = h->measure(c, "entries", entries);
    return status == BELAY_OK ? h->measure(c, "size", size) : status;
}

static belay_status verify(belay_ctx *c, const belay_host *h)
{
    struct archive *a = archive_read_new();
    if (!a)
        return BELAY_E_RETRY;
    archive_read_support_filter_all(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_zip(a);
    archive_read_support_format_cpio(a);
    belay_status status = read_archive(c, h, a);
    archive_read_free(a); /* whatever happened: what a library opened is given back */
    return status;
}

static const belay_step steps[] = {
    {.name = "intact",
     .doc = "Reads an archive to its end, and sees that it unpacks into one folder.",
     .flags = BELAY_S_READ_ONLY,
     BELAY_TABLE(option, options),
     BELAY_TABLE(metric, metrics),
     .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "archive", .version = "0.1.0", .doc = "Archives of releases.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
