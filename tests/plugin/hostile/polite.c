/* A plugin that uses each host function as it is meant to be used. Built for the tests of the worker. */
#include <belay/plugin.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static belay_status nothing(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return BELAY_OK;
}

static belay_status look(belay_ctx *c, const belay_host *h)
{
    char line[512];
    snprintf(line, sizeof line, "text=%s number=%lld flag=%lld/%s list=%s,%s unset=%s/%lld pending=%d/%d",
             h->opt_str(c, "text"), (long long)h->opt_int(c, "number"), (long long)h->opt_int(c, "flag"),
             h->opt_str(c, "flag"), h->opt_list(c, "list")[0], h->opt_list(c, "list")[1],
             h->opt_str(c, "unset") ? "?" : "none", (long long)h->opt_int(c, "unset"), h->pending(c, "later"),
             h->pending(c, "text"));
    h->log(c, 1, line);
    snprintf(line, sizeof line, "number as text=%s empty list=%s run=%s none=%s feature=%s", h->opt_str(c, "number"),
             h->opt_list(c, "unset")[0] ? "?" : "yes", h->fact(c, "run.id"), h->fact(c, "no.such") ? "?" : "yes",
             h->feature(c, "any/1") ? "?" : "none");
    h->log(c, 0, line);
    h->log(c, 3, "two\nlines");
    h->plan(c, "makes a thing", "unmakes it");
    h->plan(c, "looks at it", NULL);
    h->progress(c, 3, 7, "things");
    return BELAY_NOTHING;
}

static belay_status act(belay_ctx *c, const belay_host *h)
{
    const char *kept = NULL;
    belay_status status = h->remember(c, "first", "one", &kept);
    if (status != BELAY_OK)
        return status;
    h->log(c, 1, kept);
    status = h->remember(c, "second", "two", NULL);
    if (status != BELAY_OK)
        return status;
    h->log(c, 1, h->recall(c, "second"));
    status = h->remember(c, "first", "changed", &kept);
    h->log(c, 1, kept);
    if (h->output(c, "file", "/x/y") != BELAY_OK || h->output(c, "other", "z") != BELAY_E_CONFIG)
        return BELAY_E_FAIL;
    if (h->measure(c, "size", 1.5) != BELAY_OK || h->measure(c, "size/one", 2.5) != BELAY_OK ||
        h->measure(c, "sizes", 1) != BELAY_E_CONFIG || h->measure(c, "size", (double)NAN) != BELAY_E_CONFIG)
        return BELAY_E_FAIL;
    if (h->keep(c, "a.bin", "\0\1\2", 3) != BELAY_OK || h->keep(c, "a.bin", "text", 4) != BELAY_OK ||
        h->keep(c, "../b", "x", 1) != BELAY_E_CONFIG)
        return BELAY_E_FAIL;
    h->explain(c, "it went badly", "try again", "text");
    return BELAY_E_FAIL;
}

static belay_status undo(belay_ctx *c, const belay_host *h)
{
    const char *key, *value;
    for (uint32_t i = 0; (value = h->recall_at(c, i, &key)); i++) {
        char line[64];
        snprintf(line, sizeof line, "%s=%s", key, value);
        h->log(c, 1, line);
    }
    return h->remember(c, "third", "x", NULL) == BELAY_E_HOST && !h->recall(c, "third") ? BELAY_OK : BELAY_E_FAIL;
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */

static void on_line(void *user, const char *line)
{
    FILE *f = user;
    fprintf(f, "<%s>", line);
}

/* Runs the option `list` with stdin `text`; says all that came of it. */
static belay_status run(belay_ctx *c, const belay_host *h)
{
    char *seen = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&seen, &n);
    const char *env[] = {"KIT=set", "TMPDIR=/elsewhere", NULL};
    belay_run r = {.struct_size = sizeof r,
                   .argv = h->opt_list(c, "list"),
                   .env = env,
                   .cwd = h->opt_str(c, "cwd"),
                   .stdin_text = h->opt_str(c, "text"),
                   .timeout_ms = (uint32_t)h->opt_int(c, "number"),
                   .keep_as = "run.log",
                   .on_line = on_line,
                   .user = f};
    belay_status status = h->run(c, &r);
    fclose(f);
    char line[8192];
    snprintf(line, sizeof line, "exit=%d signal=%d out=%llu err=%llu lines=%.2000s", r.exit_code, r.term_signal,
             (unsigned long long)r.out_len, (unsigned long long)r.err_len, seen);
    free(seen);
    h->log(c, 1, line);
    h->keep(c, "out", r.out, strlen(r.out));
    h->keep(c, "err", r.err, strlen(r.err));
    return status;
}

/* One program's output is the other one's input. */
static belay_status pipe_through(belay_ctx *c, const belay_host *h)
{
    int ends[2];
    if (pipe(ends) < 0)
        return BELAY_E_FAIL;
    const char *first[] = {"echo", "through the pipe", NULL}, *second[] = {"tr", "a-z", "A-Z", NULL};
    belay_run a = {.struct_size = sizeof a, .argv = first, .out_fd = ends[1]};
    belay_status status = h->run(c, &a);
    close(ends[1]);
    belay_run b = {.struct_size = sizeof b, .argv = second, .in_fd = ends[0]};
    if (status == BELAY_OK)
        status = h->run(c, &b);
    close(ends[0]);
    h->log(c, 1, b.out);
    return status;
}

static belay_status environment(belay_ctx *c, const belay_host *h)
{
    for (char **e = environ; *e; e++)
        h->log(c, 1, *e);
    char folder[1024];
    if (getcwd(folder, sizeof folder) && strcmp(folder, h->fact(c, "work.dir")) == 0)
        h->log(c, 1, "cwd is work.dir");
    return BELAY_OK;
}

static belay_status time_left(belay_ctx *c, const belay_host *h)
{
    char line[64];
    snprintf(line, sizeof line, "left=%lld cancelled=%d", (long long)h->time_left_ms(c), h->cancelled(c));
    h->log(c, 1, line);
    return h->nap(c, 10);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const char *const choices[] = {"red", "green", NULL};
static const belay_option options[] = {
    {.name = "text", .type = BELAY_T_STRING, .flags = BELAY_F_REQUIRED, .doc = "A text.", .example = "hello"},
    {.name = "number", .type = BELAY_T_INT, .def = "7", .min = -1, .max = 100000, .doc = "A number."},
    {.name = "flag", .type = BELAY_T_BOOL, .doc = "A flag."},
    {.name = "list", .type = BELAY_T_LIST, .doc = "A list."},
    {.name = "cwd", .type = BELAY_T_PATH, .doc = "A folder."},
    {.name = "colour", .type = BELAY_T_ENUM, .choices = choices, .def = "red", .doc = "A colour."},
    {.name = "unset", .type = BELAY_T_STRING, .doc = "Never given."},
    {.name = "later", .type = BELAY_T_STRING, .doc = "Known later."},
};
static const belay_output outputs[] = {
    {.name = "file", .doc = "A file.", .type = BELAY_T_PATH, .flags = BELAY_F_COMMIT}};
static const belay_metric metrics[] = {
    {.name = "size", .unit = "B", .doc = "A size.", .warn = "> 1GB", .fail = "> 2GB"}};

#define TABLES BELAY_TABLE(option, options), BELAY_TABLE(output, outputs), BELAY_TABLE(metric, metrics)

static const belay_step steps[] = {
    {.name = "nothing", .doc = "Does nothing.", .verify = nothing, .flags = BELAY_S_READ_ONLY},
    {.name = "all",
     .doc = "Uses all.",
     .default_timeout_ms = 1500,
     TABLES,
     .prepare = look,
     .execute = act,
     .rollback = undo},
    {.name = "run", .doc = "Runs a program.", TABLES, .verify = run, .flags = BELAY_S_READ_ONLY},
    {.name = "pipe", .doc = "Runs two programs.", .verify = pipe_through, .flags = BELAY_S_READ_ONLY},
    {.name = "environment", .doc = "Shows its environment.", .verify = environment, .flags = BELAY_S_READ_ONLY},
    {.name = "time", .doc = "Shows its time.", .verify = time_left, .flags = BELAY_S_READ_ONLY},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "polite", .version = "1.2.3",      .license = "Apache-2.0",
    .contact = "kit",  .doc = "For tests.",      .undo_format = 1, .undo_format_oldest = 1,
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
