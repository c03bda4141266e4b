/* @NAME@: a check. It looks at the world and changes nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <belay/plugin.h>

static const belay_option options[] = {
    {.name = "path",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The file to look at.",
     .example = "/etc/hostname"},
};

/* The host compares what is measured with the thresholds, which a pipeline may override by warn_if and fail_if. */
static const belay_metric metrics[] = {
    {.name = "size", .unit = "B", .doc = "How large the file is.", .warn = "> 10MB", .fail = "> 100MB"},
};

/* One sample. The host repeats it as the pipeline says. */
static belay_status verify(belay_ctx *c, const belay_host *h)
{
    const char *path = h->opt_str(c, "path");
    struct stat st;
    if (stat(path, &st) == 0)
        return h->measure(c, "size", (double)st.st_size);

    char why[512];
    int reason = errno;
    snprintf(why, sizeof why, "the file '%s' cannot be looked at: %s", path, strerror(reason));
    h->explain(c, why, "see that the release brings it", "path");
    /* A file that is not there is a bad release; everything else means that this check could not tell. */
    return reason == ENOENT ? BELAY_E_FAIL : BELAY_E_RETRY;
}

static const belay_step steps[] = {
    {.name = "file",
     .doc = "Checks that a file is there and how large it is.",
     .flags = BELAY_S_READ_ONLY,
     BELAY_TABLE(option, options),
     BELAY_TABLE(metric, metrics),
     .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "@NAME@", .version = "0.1.0", .doc = "Checks of our own.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
