#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "k6_summary.h"
#include "say/measure.h"
#include "shell.h"

#define SUMMARY   "summary.json"
#define ARGUMENTS 200
#define INSTALL                                                                                                        \
    "install k6 (https://grafana.com/docs/k6/latest/set-up/install-k6/) where PATH finds it, or name it by the "       \
    "option "                                                                                                          \
    "program; http.load needs no further program"

/* Exit statuses of k6, from its errext/exitcodes. 99 is no error: it measured, and thresholds were crossed. */
#define THRESHOLDS_CROSSED 99
static const struct {
    int status;
    const char *meaning;
} statuses[] = {
    {97, "the cloud test failed"},
    {98, "the progress of the cloud test is not known"},
    {100, "the script's setup() took too long"},
    {101, "the script's teardown() took too long"},
    {102, "something took too long"},
    {103, "it was stopped over its REST API"},
    {104, "its configuration is wrong"},
    {105, "it was ended by a signal"},
    {106, "its REST API could not be started"},
    {107, "the script threw an exception"},
    {108, "the script ended the test"},
    {109, "k6 itself crashed"},
    {110, "the script marked the test as failed"},
};

belay_status k6_prepare(belay_ctx *c, const belay_host *h)
{
    const char *program = h->opt_str(c, "program"), *script = h->opt_str(c, "script");
    bool known = !h->pending(c, "program");
    if (known && (strchr(program, '/') ? access(program, X_OK) != 0 : !command_is_in_path(program)))
        return say_option(c, h, BELAY_E_FAIL, "program", INSTALL, "there is no program '%s'", program);
    if (h->pending(c, "script") || access(script, R_OK) == 0)
        return BELAY_OK;
    /* Not an error: an earlier step may put it there. */
    say_log(c, h, 2, "the script '%s' is not there yet", script);
    return BELAY_OK;
}

/* ---- what it measured -------------------------------------------------------------------------------------------- */

typedef struct thresholds {
    belay_ctx *c;
    const belay_host *h;
    int64_t count, crossed;
    belay_status refused; /* why a measurement was not taken; BELAY_OK */
    char names[900];      /* of those that were crossed, as many as there is room for */
} thresholds;

static void take_threshold(void *user, const char *metric, const char *expression, bool crossed)
{
    thresholds *t = user;
    char *name = NULL;
    belay_status s = asprintf(&name, "%s: %s", metric, expression) < 0
                         ? say(t->c, t->h, BELAY_E_RETRY, NULL, "out of memory")
                         : measure_instance(t->c, t->h, "crossed", name, crossed);
    free(name);
    if (t->refused == BELAY_OK)
        t->refused = s;
    t->count++;
    size_t used = strlen(t->names);
    if (crossed && used + strlen(metric) + strlen(expression) + 10 < sizeof t->names)
        snprintf(t->names + used, sizeof t->names - used, "%s%s: %s", used ? ", " : "", metric, expression);
    t->crossed += crossed;
}

static void measure_figures(belay_ctx *c, const belay_host *h, const json_t *summary)
{
    static const struct {
        const char *metric, *of, *figure;
        double scale;
    } rows[] = {
        {"p50", "http_req_duration", "med", 1},
        {"p95", "http_req_duration", "p(95)", 1},
        {"p99", "http_req_duration", "p(99)", 1},
        {"max", "http_req_duration", "max", 1},
        {"throughput", "http_reqs", "rate", 1},
        {"samples", "http_reqs", "count", 1},
        {"error_rate", "http_req_failed", "value", 100},
        {"error_rate", "http_req_failed", "rate", 100},
        {"checks", "checks", "value", 100},
        {"checks", "checks", "rate", 100},
        {"iterations", "iterations", "count", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value = k6_summary_figure(summary, rows[i].of, rows[i].figure);
        if (!isnan(value))
            (void)h->measure(c, rows[i].metric, value * rows[i].scale);
    }
}

static void keep_summary(belay_ctx *c, const belay_host *h, const json_t *summary)
{
    char *text = json_dumps(summary, JSON_INDENT(1));
    if (text)
        (void)h->keep(c, SUMMARY, text, strlen(text));
    free(text);
}

/* ---- verdict ----------------------------------------------------------------------------------------------------- */

static belay_status judge(belay_ctx *c, const belay_host *h, const json_t *summary, int exit_code)
{
    thresholds t = {.c = c, .h = h};
    double iterations = k6_summary_figure(summary, "iterations", "count");
    int64_t needed = h->opt_int(c, "min_thresholds");
    keep_summary(c, h, summary);
    measure_figures(c, h, summary);
    k6_summary_thresholds(summary, take_threshold, &t);
    if (t.refused != BELAY_OK)
        return t.refused;
    if (t.crossed || k6_summary_failed(summary) || exit_code == THRESHOLDS_CROSSED)
        return say(c, h, BELAY_E_FAIL, SUMMARY " and k6.log are kept with the step",
                   "%" PRId64 " of %" PRId64 " thresholds were crossed: %s", t.crossed, t.count,
                   t.names[0] ? t.names : "k6 says so by its exit status or in its summary, which does not name them");
    if (isnan(iterations) || iterations < 1)
        return say(c, h, BELAY_NO_DATA, NULL, "the script did not go through once");
    if (t.count < needed)
        return say_option(c, h, BELAY_NO_DATA, "min_thresholds",
                          "give the script `thresholds`, or set min_thresholds = 0 and judge by fail_if",
                          "the script has %" PRId64 " thresholds: there is nothing to judge by", t.count);
    return BELAY_OK;
}

static const char *meaning_of(int status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].status == status)
            return statuses[i].meaning;
    return "it could not run the script";
}

/* k6 ended by another status than 0 and 99: that is no verdict on the release. */
static belay_status explain_broken(belay_ctx *c, const belay_host *h, const belay_run *io)
{
    const char *tail = command_tail(io);
    if (io->term_signal)
        return say(c, h, BELAY_E_RETRY, NULL, "k6 was ended by signal %d:\n%s", io->term_signal, tail);
    return say(c, h, BELAY_E_RETRY, "k6.log is kept with the step", "k6 exited with %d: %s\n%s", io->exit_code,
               meaning_of(io->exit_code), tail);
}

/* The options that the step gives come last, so that they count. */
static belay_status run(belay_ctx *c, const belay_host *h, const char *summary, belay_run *io)
{
    char export[4200];
    snprintf(export, sizeof export, "--summary-export=%s", summary);
    const char *argv[ARGUMENTS + 12] = {h->opt_str(c, "program"),
                                        "run",
                                        "--no-usage-report",
                                        "--no-color",
                                        export,
                                        "--summary-trend-stats=avg,min,med,max,p(90),p(95),p(99)"};
    size_t n = 6;
    for (const char *const *one = h->opt_list(c, "args"); *one; one++) {
        if (n == ARGUMENTS)
            return say_option(c, h, BELAY_E_CONFIG, "args", NULL, "there are more than %d arguments", ARGUMENTS - 6);
        argv[n++] = *one;
    }
    argv[n] = h->opt_str(c, "script");
    return command_run_argv(c, h, argv, io);
}

belay_status k6_verify(belay_ctx *c, const belay_host *h)
{
    char path[4096], why[200] = "";
    belay_run io = {.keep_as = "k6.log"};
    snprintf(path, sizeof path, "%s/" SUMMARY, h->fact(c, "work.dir"));
    (void)unlink(path);
    (void)setenv("K6_NEW_MACHINE_READABLE_SUMMARY", "false", 0); /* its first form lacks the thresholds */
    belay_status s = run(c, h, path, &io);
    if (s != BELAY_OK)
        return s;
    if (io.exit_code != 0 && io.exit_code != THRESHOLDS_CROSSED)
        return explain_broken(c, h, &io);
    json_t *summary = k6_summary_read(path, why);
    if (summary)
        s = judge(c, h, summary, io.exit_code);
    else
        s = say(c, h, io.exit_code == THRESHOLDS_CROSSED ? BELAY_E_FAIL : BELAY_E_RETRY, NULL,
                "k6 exited with %d, but its summary cannot be read: %s\n%s", io.exit_code, why, command_tail(&io));
    json_decref(summary);
    return s;
}
