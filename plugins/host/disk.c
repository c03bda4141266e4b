#include "host.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "say/measure.h"

/* One filesystem; several of the paths may lie on it, and then it needs the space once. */
typedef struct filesystem {
    dev_t device;
    char paths[512]; /* "'/a', '/b'" */
    double free_bytes, free_inodes;
    bool counts_inodes; /* btrfs and others have no fixed number of them */
} filesystem;

static belay_status unusable(belay_ctx *c, const belay_host *h, const char *path)
{
    int reason = errno;
    return say_option(c, h, reason == ENOENT || reason == ENOTDIR ? BELAY_E_CONFIG : BELAY_E_RETRY, "paths",
                      reason == ENOENT ? "make the folder, or name the one it will be made in" : NULL,
                      "the free space at '%s' cannot be read: %s", path, strerror(reason));
}

static void name_path(filesystem *f, const char *path)
{
    size_t n = strlen(f->paths);
    (void)snprintf(f->paths + n, sizeof f->paths - n, "%s'%s'", n ? ", " : "", path);
}

/* Measures one path and files it under its filesystem. */
static belay_status look(belay_ctx *c, const belay_host *h, const char *path, filesystem *all, size_t *count)
{
    struct stat st;
    struct statvfs fs;
    if (path[0] != '/')
        return say_option(c, h, BELAY_E_CONFIG, "paths", "begin it with '/', or with ${pipeline.dir}",
                          "'%s' is no absolute path", path);
    if (stat(path, &st) != 0 || statvfs(path, &fs) != 0)
        return unusable(c, h, path);
    double bytes = (double)fs.f_bavail * (double)fs.f_frsize;
    belay_status s = measure_instance(c, h, "free", path, bytes);
    size_t i = 0;
    while (i < *count && all[i].device != st.st_dev)
        i++;
    if (i == *count)
        all[(*count)++] = (filesystem){.device = st.st_dev,
                                       .free_bytes = bytes,
                                       .free_inodes = (double)fs.f_favail,
                                       .counts_inodes = fs.f_files > 0};
    name_path(&all[i], path);
    return s;
}

static belay_status judge(belay_ctx *c, const belay_host *h, const filesystem *all, size_t count)
{
    double bytes = (double)h->opt_int(c, "min_free"), inodes = (double)h->opt_int(c, "min_free_inodes");
    char has[HOST_SIZE_TEXT], needed[HOST_SIZE_TEXT], *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return say(c, h, BELAY_E_RETRY, NULL, "out of memory");
    for (size_t i = 0; i < count; i++) {
        if (all[i].free_bytes < bytes)
            fprintf(out, "%s%s: %s free, %s needed", ftell(out) ? "; " : "", all[i].paths,
                    host_size(all[i].free_bytes, has), host_size(bytes, needed));
        if (all[i].counts_inodes && all[i].free_inodes < inodes)
            fprintf(out, "%s%s: room for %.0f more files, %.0f needed", ftell(out) ? "; " : "", all[i].paths,
                    all[i].free_inodes, inodes);
    }
    fclose(out);
    belay_status s = BELAY_OK;
    if (size)
        s = say_option(c, h, BELAY_E_FAIL, "min_free",
                       "free some space there, or lower min_free when the release needs less",
                       "too little disk space: %s", text);
    free(text);
    return s;
}

belay_status disk_verify(belay_ctx *c, const belay_host *h)
{
    const char *const *paths = h->opt_list(c, "paths");
    size_t count = 0, n = 0;
    while (paths[n])
        n++;
    if (n == 0)
        return say_option(c, h, BELAY_E_CONFIG, "paths", NULL, "no path is named");
    filesystem *all = calloc(n, sizeof *all);
    belay_status s = all ? BELAY_OK : BELAY_E_RETRY;
    for (size_t i = 0; s == BELAY_OK && i < n; i++)
        s = look(c, h, paths[i], all, &count);
    if (s == BELAY_OK)
        s = judge(c, h, all, count);
    free(all);
    return s;
}
