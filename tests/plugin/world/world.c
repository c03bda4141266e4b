/*
 * A plugin for tests of the engine. Its world is a folder: steps write files there, and every phase leaves a line in
 * the file `trace`. A step can be told to misbehave: trouble = ["execute=fail", "verify=not_yet:3",
 * "execute.end=crash:1"], that is PHASE[.POINT]=WHAT[:N]; POINT is begin (default), midway (its undo record is durable,
 * nothing else is done) or end; N: only in the first N tries.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <belay/plugin.h>

#define PATH_ROOM 4096

/* ---- trouble ----------------------------------------------------------------------------------------------------- */

static belay_status hang(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    while (pause() < 0)
        continue;
    return BELAY_OK;
}

static belay_status nap(belay_ctx *c, const belay_host *h)
{
    return h->nap(c, 60000);
}

/* Is done when it is asked to stop. */
static belay_status deaf(belay_ctx *c, const belay_host *h)
{
    (void)h->nap(c, 60000);
    return BELAY_OK;
}

/* What cannot be taken back. */
static belay_status stays(belay_ctx *c, const belay_host *h)
{
    return h->keep(c, "left.txt", "it stays", 8) == BELAY_OK ? BELAY_NOTHING : BELAY_E_FAIL;
}

/* A fact that is not known is none, and no empty text. */
static belay_status know(belay_ctx *c, const belay_host *h)
{
    static const char *const names[] = {"run.id", "pipeline.version", "pipeline.previous"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *fact = h->fact(c, names[i]);
        if (fact && !*fact)
            return BELAY_E_FAIL;
    }
    return BELAY_OK;
}

/* As plugins do that divide by a count of 0 and do not ask what the host says. */
static belay_status not_finite(belay_ctx *c, const belay_host *h)
{
    (void)h->measure(c, "length/a", 1);
    (void)h->measure(c, "length/b", (double)NAN);
    return BELAY_OK;
}

/* Leaves a process behind that has a session of its own, and naps. */
static belay_status orphan(belay_ctx *c, const belay_host *h)
{
    static const char *const argv[] = {
        "sh", "-c",
        "setsid sh -c 'echo $$ > .orphan.new; mv .orphan.new .orphan; exec sleep 60' > /dev/null 2>&1 & "
        "until test -e .orphan; do sleep 0.02; done",
        NULL};
    belay_run run = {.struct_size = sizeof run, .argv = argv, .cwd = h->opt_str(c, "folder")};
    belay_status s = h->run(c, &run);
    return s != BELAY_OK ? s : nap(c, h);
}

static belay_status crash(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    abort();
}

static belay_status leave(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    exit(0);
}

/* Takes all memory that there is, and then asks the host for some. */
static belay_status eat(belay_ctx *c, const belay_host *h)
{
    for (size_t n = (size_t)1 << 26; n > 0; n /= 2)
        while (malloc(n))
            continue;
    for (int i = 0; i < 1000; i++)
        h->log(c, 1, "there is no memory for this line");
    return BELAY_OK;
}

/* Uses 512 MiB; where there are fewer, the kernel chooses who has to end. */
static belay_status gorge(belay_ctx *c, const belay_host *h)
{
    const size_t piece = (size_t)1 << 24;
    (void)c;
    (void)h;
    for (int i = 0; i < 32; i++) {
        volatile char *p = malloc(piece);
        for (size_t at = 0; p && at < piece; at += 4096)
            p[at] = 1;
    }
    return BELAY_OK;
}

static const struct {
    const char *name;
    belay_status status;
    belay_status (*act)(belay_ctx *, const belay_host *);
} troubles[] = {
    {"fail", BELAY_E_FAIL, NULL},
    {"retry", BELAY_E_RETRY, NULL},
    {"config", BELAY_E_CONFIG, NULL},
    {"not_yet", BELAY_NOT_YET, NULL},
    {"no_data", BELAY_NO_DATA, NULL},
    {"hang", BELAY_E_FAIL, hang},
    {"nap", BELAY_E_CANCELLED, nap},
    {"crash", BELAY_E_FAIL, crash},
    {"exit", BELAY_E_FAIL, leave},
    {"limit", BELAY_E_LIMIT, NULL},
    {"orphan", BELAY_E_CANCELLED, orphan},
    {"eat", BELAY_E_FAIL, eat},
    {"gorge", BELAY_E_FAIL, gorge},
    {"deaf", BELAY_OK, deaf},
    {"stays", BELAY_NOTHING, stays},
    {"tolerate", BELAY_OK, NULL},
    {"know", BELAY_OK, know},
    {"not_finite", BELAY_OK, not_finite},
};

/* "execute.midway=crash:1": whether this is meant, and its WHAT in *ret_what. */
static int is_meant(belay_ctx *c, const belay_host *h, const char *text, const char *phase, const char *point,
                    const char **ret_what)
{
    char head[64];
    (void)snprintf(head, sizeof head, strcmp(point, "begin") == 0 ? "%s=" : "%s.%s=", phase, point);
    if (strncmp(text, head, strlen(head)) != 0)
        return 0;
    *ret_what = text + strlen(head);
    const char *times = strchr(*ret_what, ':');
    return !times || atoi(h->fact(c, "attempt")) <= atoi(times + 1);
}

/* BELAY_OK: go on. */
static belay_status trouble(belay_ctx *c, const belay_host *h, const char *phase, const char *point)
{
    const char *what;
    for (const char *const *t = h->opt_list(c, "trouble"); *t; t++) {
        if (!is_meant(c, h, *t, phase, point, &what))
            continue;
        for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++)
            if (strncmp(what, troubles[i].name, strlen(troubles[i].name)) == 0) {
                h->explain(c, "told to do so", "do not tell it", "trouble");
                return troubles[i].act ? troubles[i].act(c, h) : troubles[i].status;
            }
    }
    return BELAY_OK;
}

/* ---- the folder -------------------------------------------------------------------------------------------------- */

static const char *in_folder(belay_ctx *c, const belay_host *h, const char *name, char path[PATH_ROOM])
{
    (void)snprintf(path, PATH_ROOM, "%s/%s", h->opt_str(c, "folder"), name);
    return path;
}

static void trace(belay_ctx *c, const belay_host *h, const char *phase)
{
    char path[PATH_ROOM], line[256];
    int n = snprintf(line, sizeof line, "%s %s\n", phase, h->fact(c, "step.id"));
    int fd = open(in_folder(c, h, "trace", path), O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (fd >= 0 && write(fd, line, (size_t)n) != n)
        h->log(c, 2, "the trace was cut short");
    if (fd >= 0)
        close(fd);
}

static belay_status begin(belay_ctx *c, const belay_host *h, const char *phase)
{
    if (!h->fact(c, "dry_run"))
        trace(c, h, phase);
    return trouble(c, h, phase, "begin");
}

/* ---- world.write ------------------------------------------------------------------------------------------------- */

static belay_status write_prepare(belay_ctx *c, const belay_host *h)
{
    belay_status s = begin(c, h, "prepare");
    if (s != BELAY_OK)
        return s;
    char change[256];
    (void)snprintf(change, sizeof change, "write %s", h->opt_str(c, "file"));
    h->plan(c, change, "put the old file back");
    return BELAY_OK;
}

static belay_status write_file(const char *path, const char *content)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return BELAY_E_FAIL;
    int bad = fputs(content, f) < 0;
    return fclose(f) != 0 || bad ? BELAY_E_FAIL : BELAY_OK;
}

static belay_status write_execute(belay_ctx *c, const belay_host *h)
{
    char path[PATH_ROOM], aside[PATH_ROOM], name[256];
    const char *kept, *file = h->opt_str(c, "file");
    belay_status s = begin(c, h, "execute");
    if (s != BELAY_OK)
        return s;
    in_folder(c, h, file, path);
    (void)snprintf(name, sizeof name, ".%s.before", file);
    in_folder(c, h, name, aside);
    if ((s = h->remember(c, "existed", access(path, F_OK) == 0 ? "yes" : "no", &kept)) != BELAY_OK)
        return s;
    if ((s = trouble(c, h, "execute", "midway")) != BELAY_OK)
        return s;
    if (strcmp(kept, "yes") == 0 && access(aside, F_OK) != 0 && rename(path, aside) != 0)
        return BELAY_E_FAIL;
    if ((s = write_file(path, h->opt_str(c, "content"))) != BELAY_OK)
        return s;
    h->progress(c, 1, 1, "files");
    char line[256];
    (void)snprintf(line, sizeof line, "the token is %s", h->opt_str(c, "token") ? h->opt_str(c, "token") : "none");
    h->log(c, 1, line);
    (void)h->output(c, "path", path);
    (void)h->output(c, "commit", h->opt_str(c, "content"));
    const char *count;
    for (const char *const *t = h->opt_list(c, "trouble"); *t; t++)
        if (is_meant(c, h, *t, "execute", "count", &count))
            (void)h->output(c, "count", count);
    (void)h->keep(c, "kept.txt", "kept\n", 5);
    return trouble(c, h, "execute", "end");
}

static belay_status compare(belay_ctx *c, const belay_host *h)
{
    char path[PATH_ROOM], content[4096] = "";
    FILE *f = fopen(in_folder(c, h, h->opt_str(c, "file"), path), "r");
    size_t n = f ? fread(content, 1, sizeof content - 1, f) : 0;
    if (f)
        fclose(f);
    if (h->opt_int(c, "measure") && h->measure(c, "length", (double)n) != BELAY_OK)
        return BELAY_E_HOST;
    if (!f || strcmp(content, h->opt_str(c, "content")) != 0) {
        h->explain(c, f ? "the file holds something else" : "the file is not there", NULL, "file");
        return BELAY_E_FAIL;
    }
    return BELAY_OK;
}

static belay_status write_verify(belay_ctx *c, const belay_host *h)
{
    belay_status s = begin(c, h, "verify");
    return s != BELAY_OK ? s : compare(c, h);
}

static belay_status write_rollback(belay_ctx *c, const belay_host *h)
{
    char path[PATH_ROOM], aside[PATH_ROOM], name[256];
    const char *existed = h->recall(c, "existed"), *file = h->opt_str(c, "file");
    belay_status s = begin(c, h, "rollback");
    if (s != BELAY_OK || !existed)
        return s != BELAY_OK ? s : BELAY_NOTHING;
    in_folder(c, h, file, path);
    (void)snprintf(name, sizeof name, ".%s.before", file);
    in_folder(c, h, name, aside);
    int bad = strcmp(existed, "yes") != 0 ? unlink(path) : rename(aside, path);
    if (bad && errno != ENOENT)
        return BELAY_E_FAIL;
    return trouble(c, h, "rollback", "end");
}

static belay_status write_discard(belay_ctx *c, const belay_host *h)
{
    char aside[PATH_ROOM], name[256];
    belay_status s = begin(c, h, "discard");
    if (s != BELAY_OK)
        return s;
    (void)snprintf(name, sizeof name, ".%s.before", h->opt_str(c, "file"));
    return unlink(in_folder(c, h, name, aside)) != 0 && errno != ENOENT ? BELAY_E_FAIL : BELAY_OK;
}

/* ---- world.shout: cannot be taken back
 * ------------------------------------------------------------------------ */

static belay_status shout_execute(belay_ctx *c, const belay_host *h)
{
    char path[PATH_ROOM];
    belay_status s = begin(c, h, "execute");
    if (s != BELAY_OK)
        return s;
    FILE *f = fopen(in_folder(c, h, "shouts", path), "a");
    if (!f)
        return BELAY_E_FAIL;
    (void)fputs("hey\n", f);
    return fclose(f) == 0 ? trouble(c, h, "execute", "end") : BELAY_E_FAIL;
}

static belay_status shout_verify(belay_ctx *c, const belay_host *h)
{
    return begin(c, h, "verify");
}

/* ---- world.check ------------------------------------------------------------------------------------------------- */

static belay_status check_prepare(belay_ctx *c, const belay_host *h)
{
    return begin(c, h, "prepare");
}

static belay_status check_verify(belay_ctx *c, const belay_host *h)
{
    belay_status s = begin(c, h, "verify");
    return s != BELAY_OK ? s : compare(c, h);
}

/* ---- world.look: a collector ------------------------------------------------------------------------------------ */

static belay_status look_verify(belay_ctx *c, const belay_host *h)
{
    const char *const *finds = h->opt_list(c, "finds"), *failed = h->fact(c, "failure.summary");
    belay_status s = begin(c, h, "verify");
    h->log(c, 1, failed ? failed : "no failure");
    for (; s == BELAY_OK && *finds; finds++) {
        char line[512];
        const int weight = atoi(*finds);
        const char *text = strchr(*finds, ' ');
        (void)snprintf(line, sizeof line, "{\"weight\": %d, \"text\": \"%s\"}\n", weight, text ? text + 1 : *finds);
        s = h->keep(c, "findings.jsonl", line, strlen(line));
    }
    return s == BELAY_OK ? trouble(c, h, "verify", "end") : s;
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

#define FOLDER                                                                                                         \
    {.name = "folder", .type = BELAY_T_PATH, .flags = BELAY_F_REQUIRED, .doc = "The world."},                          \
    {                                                                                                                  \
        .name = "trouble", .type = BELAY_T_LIST, .doc = "How to misbehave.", .example = "execute=fail"                 \
    }
#define A_FILE                                                                                                         \
    {.name = "file", .type = BELAY_T_STRING, .flags = BELAY_F_REQUIRED, .doc = "The file's name."},                    \
        {.name = "content", .type = BELAY_T_STRING, .flags = BELAY_F_REQUIRED, .doc = "What it holds."},               \
    {                                                                                                                  \
        .name = "measure", .type = BELAY_T_BOOL, .def = "true", .doc = "Measure its length."                           \
    }

static const belay_option write_options[] = {
    FOLDER, A_FILE, {.name = "token", .type = BELAY_T_STRING, .flags = BELAY_F_SECRET, .doc = "A secret to tell."}};
static const belay_option check_options[] = {FOLDER, A_FILE};
static const belay_option look_options[] = {
    FOLDER, {.name = "finds", .type = BELAY_T_LIST, .doc = "Findings.", .example = "90 port 80 is held by nginx"}};
static const belay_option shout_options[] = {FOLDER};
static const belay_output write_outputs[] = {
    {.name = "path", .doc = "The file.", .type = BELAY_T_PATH},
    {.name = "count", .doc = "What \"execute.count=\" says.", .type = BELAY_T_INT},
    {.name = "commit", .doc = "The content again.", .type = BELAY_T_STRING, .flags = BELAY_F_COMMIT}};
static const belay_metric length_metrics[] = {{.name = "length", .unit = "", .doc = "Length of the file."}};

static const belay_step steps[] = {
    {.name = "write",
     .doc = "Writes a file.",
     .default_timeout_ms = 5000,
     BELAY_TABLE(option, write_options),
     BELAY_TABLE(output, write_outputs),
     BELAY_TABLE(metric, length_metrics),
     .prepare = write_prepare,
     .execute = write_execute,
     .verify = write_verify,
     .rollback = write_rollback,
     .discard = write_discard},
    {.name = "check",
     .doc = "Checks a file.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 5000,
     BELAY_TABLE(option, check_options),
     BELAY_TABLE(metric, length_metrics),
     .prepare = check_prepare,
     .verify = check_verify},
    {.name = "look",
     .doc = "Looks for a cause.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 5000,
     BELAY_TABLE(option, look_options),
     .verify = look_verify},
    {.name = "shout",
     .doc = "Shouts.",
     .flags = BELAY_S_IRREVERSIBLE,
     .default_timeout_ms = 5000,
     BELAY_TABLE(option, shout_options),
     .execute = shout_execute,
     .verify = shout_verify},
};
static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,  BELAY_TABLE(step, steps), .undo_format = 1, .undo_format_oldest = 1,        .name = "world",
    .version = "1.0.0", .license = "Apache-2.0",  .contact = "",    .doc = "A folder as the world."};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
