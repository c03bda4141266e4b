/* An exhibit of plugin interface 1.0: a change that uses every service of that host, and a check that waits. What was
 * built of this once lies beside it and is never built again; every later Belay loads and runs it. */
#include <stdio.h>
#include <string.h>

#include <belay/plugin.h>

static const char *const colours[] = {"red", "green", NULL};

static const belay_option options[] = {
    {.name = "file", .type = BELAY_T_PATH, .flags = BELAY_F_REQUIRED, .doc = "A file to make.", .example = "/tmp/x"},
    {.name = "text", .type = BELAY_T_STRING, .def = "hello", .doc = "What to write."},
    {.name = "number", .type = BELAY_T_INT, .def = "7", .min = 1, .max = 9, .doc = "A number."},
    {.name = "flag", .type = BELAY_T_BOOL, .def = "true", .doc = "A flag."},
    {.name = "time", .type = BELAY_T_DURATION, .def = "2s", .doc = "A time."},
    {.name = "size", .type = BELAY_T_SIZE, .def = "4KiB", .doc = "A size."},
    {.name = "colour", .type = BELAY_T_ENUM, .def = "green", .choices = colours, .doc = "A colour."},
    {.name = "list", .type = BELAY_T_LIST, .def = "one, two", .doc = "A list."},
    {.name = "secret", .type = BELAY_T_STRING, .flags = BELAY_F_SECRET, .doc = "A secret."},
    {.name = "old", .type = BELAY_T_STRING, .flags = BELAY_F_DEPRECATED, .doc = "Not used any more."},
};
static const belay_output outputs[] = {
    {.name = "made", .doc = "The file.", .type = BELAY_T_PATH},
    {.name = "of", .doc = "The source.", .type = BELAY_T_STRING, .flags = BELAY_F_COMMIT}};
static const belay_metric metrics[] = {
    {.name = "answer", .unit = "ms", .doc = "A time.", .warn = "> 50", .fail = "> 1s"}};

static void tell_values(belay_ctx *c, const belay_host *h)
{
    char line[512];
    const char *const *list = h->opt_list(c, "list");
    snprintf(line, sizeof line, "text=%s number=%d flag=%d time=%d size=%d colour=%s list=%s,%s secret=%s pending=%d",
             h->opt_str(c, "text"), (int)h->opt_int(c, "number"), (int)h->opt_int(c, "flag"),
             (int)h->opt_int(c, "time"), (int)h->opt_int(c, "size"), h->opt_str(c, "colour"), list[0], list[1],
             h->opt_str(c, "secret") ? h->opt_str(c, "secret") : "none", (int)h->pending(c, "text"));
    h->log(c, 1, line);
}

static belay_status prepare(belay_ctx *c, const belay_host *h)
{
    tell_values(c, h);
    h->plan(c, "makes a file", "removes it");
    return h->fact(c, "run.id") && h->fact(c, "work.dir") && !h->feature(c, "none") ? BELAY_OK : BELAY_E_FAIL;
}

/* By a program, whose output goes to a file. */
static belay_status make_file(belay_ctx *c, const belay_host *h, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return BELAY_E_FAIL;
    const char *const argv[] = {"cat", NULL};
    belay_run run = {.struct_size = sizeof run,
                     .argv = argv,
                     .stdin_text = h->opt_str(c, "text"),
                     .out_fd = fileno(file),
                     .keep_as = "cat.log"};
    belay_status status = h->run(c, &run);
    fclose(file);
    return status == BELAY_OK && run.exit_code == 0 ? BELAY_OK : BELAY_E_FAIL;
}

static belay_status execute(belay_ctx *c, const belay_host *h)
{
    const char *path = h->opt_str(c, "file"), *kept = NULL, *key = NULL;
    if (h->remember(c, "made", path, NULL) != BELAY_OK || h->remember(c, "made", "another", &kept) != BELAY_OK ||
        strcmp(kept, path) != 0 || strcmp(h->recall(c, "made"), path) != 0 || !h->recall_at(c, 0, &key) ||
        strcmp(key, "made") != 0 || h->recall_at(c, 1, &key))
        return BELAY_E_FAIL;
    if (h->cancelled(c) || h->cancel_fd(c) < 0 || h->time_left_ms(c) <= 0 || h->nap(c, 1) != BELAY_OK)
        return BELAY_E_FAIL;
    h->progress(c, 1, 2, "half");
    if (h->keep(c, "note.txt", "kept\n", 5) != BELAY_OK || h->output(c, "made", path) != BELAY_OK ||
        h->output(c, "of", "abc") != BELAY_OK)
        return BELAY_E_FAIL;
    return make_file(c, h, path);
}

static belay_status verify(belay_ctx *c, const belay_host *h)
{
    FILE *file = fopen(h->opt_str(c, "file"), "r");
    if (!file) {
        h->explain(c, "there is no file", "execute makes it", "file");
        return BELAY_E_FAIL;
    }
    fclose(file);
    return h->measure(c, "answer/one", 42.5);
}

static belay_status rollback(belay_ctx *c, const belay_host *h)
{
    const char *path = h->recall(c, "made");
    if (!path)
        return BELAY_NOTHING;
    remove(path);
    return BELAY_OK;
}

static belay_status discard(belay_ctx *c, const belay_host *h)
{
    return h->recall(c, "made") ? BELAY_OK : BELAY_NOTHING;
}

static belay_status wait(belay_ctx *c, const belay_host *h)
{
    return h->fact(c, "step.id") ? BELAY_NOT_YET : BELAY_NO_DATA;
}

static const belay_step steps[] = {
    {.name = "all",
     .doc = "Uses everything.",
     .default_timeout_ms = 20000,
     BELAY_TABLE(option, options),
     BELAY_TABLE(output, outputs),
     BELAY_TABLE(metric, metrics),
     .prepare = prepare,
     .execute = execute,
     .verify = verify,
     .rollback = rollback,
     .discard = discard},
    {.name = "wait", .doc = "Waits.", .flags = BELAY_S_READ_ONLY | BELAY_S_WAITS, .verify = wait},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps), .needs_minor = 0, .undo_format = 1,
    .undo_format_oldest = 1, .name = "exhibit-1-0",    .version = "1",   .doc = "An exhibit.",
    .license = "Apache-2.0", .contact = "nobody",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
