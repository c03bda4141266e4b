/* inodes: a check. A file system can be full of files long before it is full of bytes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include <belay/plugin.h>

static const belay_option options[] = {
    {.name = "path",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "A file or folder on the file system to look at.",
     .example = "/var/lib/docker"},
};

/* The host compares what is measured with the thresholds, which a pipeline may override by warn_if and fail_if. */
static const belay_metric metrics[] = {
    {.name = "free", .unit = "%", .doc = "Inodes that are free.", .warn = "< 20", .fail = "< 5"},
};

/* One sample; the host repeats it as the pipeline says. */
static belay_status verify(belay_ctx *c, const belay_host *h)
{
    const char *path = h->opt_str(c, "path");
    struct statvfs fs;
    if (statvfs(path, &fs) != 0) {
        char why[512];
        snprintf(why, sizeof why, "the file system of '%s' cannot be looked at: %s", path, strerror(errno));
        h->explain(c, why, "name a path that is there", "path");
        return BELAY_E_RETRY; /* it could not tell; that is not the same as "bad" */
    }
    if (fs.f_files == 0) {
        h->log(c, 1, "this file system makes inodes as it needs them");
        return h->measure(c, "free", 100);
    }
    return h->measure(c, "free", 100.0 * (double)fs.f_favail / (double)fs.f_files);
}

static const belay_step steps[] = {
    {.name = "free",
     .doc = "Checks that a file system has room for more files.",
     .flags = BELAY_S_READ_ONLY,
     BELAY_TABLE(option, options),
     BELAY_TABLE(metric, metrics),
     .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "inodes", .version = "0.1.0", .doc = "Inodes of file systems.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
