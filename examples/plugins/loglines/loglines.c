/* loglines: measurements and outputs. It counts the lines of a log by level, and hands on the first that is an error.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <belay/plugin.h>

#define OUTPUT_MAX 4096 /* the host takes 16 KiB; nobody reads that */

static const belay_option options[] = {
    {.name = "file",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The log.",
     .example = "/var/log/shop.log"},
    {.name = "levels",
     .type = BELAY_T_LIST,
     .def = "WARNING,ERROR,FATAL",
     .doc = "The words that are counted; a line counts for the first of them that it holds."},
};

/* "lines/ERROR": one figure for each instance. A pipeline may set a threshold for all ("lines > 100") or for one. */
static const belay_metric metrics[] = {
    {.name = "lines", .unit = "", .doc = "Lines of each level."},
    {.name = "share", .unit = "%", .doc = "Lines of any of the levels, of all lines.", .warn = "> 1", .fail = "> 10"},
};

/* Later steps read it as ${steps.ID.first}. */
static const belay_output outputs[] = {
    {.name = "first", .type = BELAY_T_STRING, .doc = "The first line that counts; empty when there is none."},
};

typedef struct tally {
    uint64_t all, counted;
    uint64_t *by_level;
    char first[OUTPUT_MAX];
} tally;

static void count_line(tally *t, const char *const *levels, const char *line)
{
    t->all++;
    for (size_t i = 0; levels[i]; i++) {
        if (!strstr(line, levels[i]))
            continue;
        if (t->counted++ == 0)
            snprintf(t->first, sizeof t->first, "%.*s", (int)strcspn(line, "\n"), line);
        t->by_level[i]++;
        return;
    }
}

static belay_status report(belay_ctx *c, const belay_host *h, const tally *t, const char *const *levels)
{
    char metric[300];
    belay_status status = h->output(c, "first", t->first);
    for (size_t i = 0; status == BELAY_OK && levels[i]; i++) {
        snprintf(metric, sizeof metric, "lines/%s", levels[i]);
        status = h->measure(c, metric, (double)t->by_level[i]);
    }
    if (status == BELAY_OK && t->all == 0) {
        h->explain(c, "the log is empty", "see that the program writes it", "file");
        return BELAY_NO_DATA; /* nothing to judge by: that never counts as passed */
    }
    return status == BELAY_OK ? h->measure(c, "share", 100.0 * (double)t->counted / (double)t->all) : status;
}

static belay_status verify(belay_ctx *c, const belay_host *h)
{
    const char *const *levels = h->opt_list(c, "levels");
    size_t count = 0, room = 0;
    while (levels[count])
        count++;
    FILE *log = fopen(h->opt_str(c, "file"), "re");
    tally t = {.by_level = calloc(count + 1, sizeof *t.by_level)};
    char *line = NULL;
    while (log && t.by_level && !h->cancelled(c) && getline(&line, &room, log) >= 0)
        count_line(&t, levels, line);
    int reason = errno;
    bool read = log && t.by_level && feof(log), cancelled = h->cancelled(c);
    if (log)
        fclose(log);
    belay_status status = BELAY_E_RETRY;
    if (read)
        status = report(c, h, &t, levels);
    else if (cancelled)
        status = BELAY_E_CANCELLED;
    else
        h->explain(c, strerror(reason), "see that the log is there and may be read", "file");
    free(t.by_level);
    free(line);
    return status;
}

static const belay_step steps[] = {
    {.name = "count",
     .doc = "Counts the lines of a log by level.",
     .flags = BELAY_S_READ_ONLY,
     BELAY_TABLE(option, options),
     BELAY_TABLE(output, outputs),
     BELAY_TABLE(metric, metrics),
     .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "loglines", .version = "0.1.0", .doc = "Lines of logs.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
