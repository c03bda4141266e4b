#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report_files.h"
#include "shell.h"
#include "tally.h"

#define REPORT_MAX ((off_t)64 * 1024 * 1024)

/* One run of the command, and what its report says. */
typedef struct sample {
    belay_ctx *c;
    const belay_host *h;
    tally tally;
    tap tap;
    counts counts;
    bool not_kept;           /* a copy of a report did not fit */
    struct timespec started; /* by the clock that gives files their times */
} sample;

typedef struct report_format {
    const char *name;
    void (*on_line)(void *user, const char *line); /* user: the sample */
    void (*end)(sample *s, const belay_run *io);
} report_format;

/* ---- none: the command itself is the one test ------------------------------------------------------------------ */

/* ---- tap, counts ------------------------------------------------------------------------------------------------- */

static void on_tap_line(void *user, const char *line)
{
    sample *s = user;
    if (tap_line(&s->tap, line))
        s->h->progress(s->c, s->tap.seen, s->tap.planned > 0 ? (uint64_t)s->tap.planned : 0, line);
}

static void end_tap(sample *s, const belay_run *io)
{
    (void)io;
    tap_end(&s->tap);
}

static void on_counts_line(void *user, const char *line)
{
    sample *s = user;
    counts_line(&s->counts, line);
}

static void end_counts(sample *s, const belay_run *io)
{
    (void)s;
    (void)io;
}

/* ---- junit ------------------------------------------------------------------------------------------------------- */

static bool is_older(const struct stat *st, const struct timespec *t)
{
    return st->st_mtim.tv_sec < t->tv_sec || (st->st_mtim.tv_sec == t->tv_sec && st->st_mtim.tv_nsec < t->tv_nsec);
}

static void read_report(sample *s, const char *path, int fd, size_t number)
{
    char buffer[64 * 1024], artifact[32];
    (void)snprintf(artifact, sizeof artifact, "junit-%zu.xml", number);
    junit *j = junit_new(&s->tally, path);
    ssize_t n = 1;
    while (j && (n = read(fd, buffer, sizeof buffer)) > 0) {
        junit_add(j, buffer, (size_t)n, false);
        if (s->h->keep(s->c, artifact, buffer, (uint64_t)n) != BELAY_OK) /* the verdict does not depend on the copy */
            s->not_kept = true;
    }
    if (j && n == 0)
        junit_add(j, "", 0, true);
    if (!j || n < 0)
        tally_broken(&s->tally, "read '%.150s': %s", path, strerror(errno));
    junit_free(j);
}

static void take_report(sample *s, const char *path, size_t number)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        tally_broken(&s->tally, "open '%.150s': %s", path, strerror(errno));
    else if (is_older(&st, &s->started))
        tally_broken(&s->tally, "'%.150s' is older than this run: nothing wrote it anew", path);
    else if (st.st_size > REPORT_MAX)
        tally_broken(&s->tally, "'%.150s' is larger than 64 MiB", path);
    else
        read_report(s, path, fd, number);
    if (fd >= 0)
        close(fd);
}

static void end_junit(sample *s, const belay_run *io)
{
    (void)io;
    const char *cwd = s->h->opt_str(s->c, "cwd");
    if (cwd && chdir(cwd) != 0) /* patterns are relative to where the command ran */
        tally_broken(&s->tally, "enter '%.200s': %s", cwd, strerror(errno));
    report_files files = {0};
    for (const char *const *pattern = s->h->opt_list(s->c, "junit"); *pattern; pattern++) {
        const int named = report_files_add(&files, *pattern);
        if (named <= 0)
            tally_broken(&s->tally, named < 0 ? "out of memory for '%.200s'" : "there is no report '%.200s'", *pattern);
    }
    for (size_t i = 0; i < files.count; i++)
        take_report(s, files.items[i], i + 1);
    report_files_done(&files);
    if (s->not_kept)
        say_log(s->c, s->h, 2,
                "not all of the reports are kept with the step: there are too many, or they are too large");
}

/* ---- the verdict ------------------------------------------------------------------------------------------------- */

static const report_format formats[] = {
    {"none", NULL, NULL},
    {"junit", NULL, end_junit},
    {"tap", on_tap_line, end_tap},
    {"counts", on_counts_line, end_counts},
};

static const report_format *format_of(belay_ctx *c, const belay_host *h)
{
    const char *name = *h->opt_list(c, "junit") ? "junit" : h->opt_str(c, "report");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return &formats[0];
}

belay_status sample_check(belay_ctx *c, const belay_host *h)
{
    const char *report = h->opt_str(c, "report");
    bool files = *h->opt_list(c, "junit") || h->pending(c, "junit");
    if (!report) /* another step gives it later */
        return BELAY_OK;
    if (!strcmp(report, "junit") && !files)
        return say_option(c, h, BELAY_E_CONFIG, "junit", "name the files that the tests write",
                          "report = \"junit\" needs the option junit");
    if (files && strcmp(report, "junit") != 0 && strcmp(report, "none") != 0)
        return say_option(c, h, BELAY_E_CONFIG, "report", NULL, "junit files are named, and the report is '%s'",
                          report);
    return BELAY_OK;
}

static belay_status measure(const sample *s, const report_format *format)
{
    if (!format->end)
        return BELAY_OK;
    const struct {
        const char *metric;
        uint64_t count;
    } all[] = {
        {"tests", s->tally.passed + s->tally.failed + s->tally.skipped},
        {"passed", s->tally.passed},
        {"failed", s->tally.failed},
        {"skipped", s->tally.skipped},
        {"empty", s->tally.empty},
    };
    belay_status status = BELAY_OK;
    for (size_t i = 0; status == BELAY_OK && i < sizeof all / sizeof *all; i++)
        status = s->h->measure(s->c, all[i].metric, (double)all[i].count);
    return status;
}

static belay_status explain_failed(const sample *s)
{
    const tally *t = &s->tally;
    return say(s->c, s->h, BELAY_E_FAIL, "the output and the reports are kept with the step",
               "%" PRIu64 " of %" PRIu64 " tests failed%s%s%s", t->failed, t->passed + t->failed, t->named ? ": " : "",
               t->names, t->named && t->named < t->failed ? ", ..." : "");
}

static belay_status explain_no_data(const sample *s, int64_t needed)
{
    const tally *t = &s->tally;
    return say_option(s->c, s->h, BELAY_NO_DATA, "min_tests", NULL,
                      "only %" PRIu64 " tests ran (%" PRIu64 " were skipped), at least %" PRId64 " must",
                      t->passed + t->failed, t->skipped, needed);
}

static belay_status judge(const sample *s, const report_format *format, const belay_run *io)
{
    int64_t wanted = s->h->opt_int(s->c, "exit"), needed = s->h->opt_int(s->c, "min_tests");
    bool reports = format->end != NULL;
    if (reports && s->tally.failed)
        return explain_failed(s);
    if (io->exit_code != wanted)
        return command_explain(s->c, s->h, BELAY_E_FAIL, "argv", io, wanted);
    if (s->tally.broken[0])
        return say_option(s->c, s->h, BELAY_E_RETRY, "report", NULL, "the tests' report: %s", s->tally.broken);
    if (reports && (int64_t)(s->tally.passed + s->tally.failed) < needed)
        return explain_no_data(s, needed);
    return BELAY_OK;
}

belay_status sample_take(belay_ctx *c, const belay_host *h)
{
    sample s = {.c = c, .h = h, .tap = {.planned = -1}};
    const report_format *format = format_of(c, h);
    belay_run io = {.keep_as = "output.log", .on_line = format->on_line, .user = &s};
    s.tap.tally = s.counts.tally = &s.tally;
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &s.started);
    belay_status status = command_run(c, h, "argv", &io);
    if (status != BELAY_OK)
        return status;
    int64_t not_yet = h->opt_int(c, "not_yet");
    if (not_yet >= 0 && io.exit_code == not_yet && not_yet != h->opt_int(c, "exit"))
        return command_explain(c, h, BELAY_NOT_YET, "argv", &io, 0);
    if (format->end)
        format->end(&s, &io);
    if (s.tally.empty)
        say_log(c, h, 2, "%" PRIu64 " report files or suites have no test case: %s", s.tally.empty,
                s.tally.empty_names);
    if (!s.tally.broken[0])
        status = measure(&s, format);
    return status == BELAY_OK ? judge(&s, format, &io) : status;
}
