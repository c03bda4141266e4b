#include "shell.h"

static const char *const reports[] = {"none", "junit", "tap", "counts", NULL};

/* What both kinds have. */
/* clang-format off */
#define COMMAND_OPTIONS \
    {.name = "argv", \
     .type = BELAY_T_LIST, \
     .flags = BELAY_F_REQUIRED, \
     .doc = "The program and its arguments; no shell reads them.", \
     .example = "scripts/migrate.sh, --all"}, \
    {.name = "cwd", \
     .type = BELAY_T_PATH, \
     .doc = "The folder to run in; without it a new one, removed afterwards.", \
     .example = "/opt/app"}, \
    {.name = "env", \
     .type = BELAY_T_LIST, \
     .flags = BELAY_F_SECRET, \
     .doc = "Variables as \"NAME=value\", or \"NAME\" to pass one on that steps may see, such as DOCKER_HOST."}, \
    {.name = "exit", \
     .type = BELAY_T_INT, \
     .def = "0", \
     .min = 0, \
     .max = 255, \
     .doc = "The exit status that means success."}, \
    {.name = "report", \
     .type = BELAY_T_ENUM, \
     .def = "none", \
     .choices = reports, \
     .doc = "How tests are reported: junit files, tap or counts (\"5 passed, 1 failed\") in the output, or none.", \
     .example = "tap"}, \
    {.name = "junit", \
     .type = BELAY_T_LIST, \
     .doc = "Files of JUnit XML that the command writes, as patterns relative to cwd (** stands for any folders); implies report = \"junit\".", \
     .example = "reports/*.xml"}, \
    {.name = "min_tests", \
     .type = BELAY_T_INT, \
     .def = "1", \
     .min = 1, \
     .max = INT32_MAX, \
     .doc = "The fewest tests that must have run, skipped ones not counted, when a report is read.", \
     .example = "20"}, \
    {.name = "not_yet", \
     .type = BELAY_T_INT, \
     .def = "75", \
     .min = -1, \
     .max = 255, \
     .doc = "The exit status that means \"ask again later\"; -1: none."}
/* clang-format on */

static const belay_option check_options[] = {COMMAND_OPTIONS};

static const belay_option run_options[] = {
    COMMAND_OPTIONS,
    {.name = "undo",
     .type = BELAY_T_LIST,
     .doc = "The program and arguments that take the change back; may find nothing to do, and may run twice.",
     .example = "scripts/migrate.sh, --back"},
    {.name = "check",
     .type = BELAY_T_LIST,
     .doc = "The program and arguments that tell by exit status 0 that the change is in effect; asked until it is.",
     .example = "scripts/is-migrated.sh"},
};

static const belay_option k6_options[] = {
    {.name = "script",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The k6 script.",
     .example = "load-tests/auth-api.js"},
    {.name = "args",
     .type = BELAY_T_LIST,
     .doc = "Further arguments for `k6 run`.",
     .example = "--vus, 50, --duration, 5m"},
    {.name = "cwd",
     .type = BELAY_T_PATH,
     .doc = "The folder to run in; without it a new one, removed afterwards.",
     .example = "/opt/app"},
    {.name = "env",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_SECRET,
     .doc = "Variables for the script's __ENV as \"NAME=value\", or \"NAME\" to pass one on that steps may see."},
    {.name = "program", .type = BELAY_T_STRING, .def = "k6", .doc = "The k6 program, looked up in PATH."},
    {.name = "min_thresholds",
     .type = BELAY_T_INT,
     .def = "1",
     .min = 0,
     .max = 1000,
     .doc = "The fewest thresholds that the script must have; with fewer, the result is inconclusive."},
};

static const belay_metric k6_metrics[] = {
    {.name = "p50", .unit = "ms", .doc = "Median of http_req_duration."},
    {.name = "p95", .unit = "ms", .doc = "p(95) of http_req_duration."},
    {.name = "p99", .unit = "ms", .doc = "p(99) of http_req_duration."},
    {.name = "max", .unit = "ms", .doc = "The longest http_req_duration."},
    {.name = "throughput", .unit = "1/s", .doc = "Requests a second (http_reqs)."},
    {.name = "samples", .unit = "", .doc = "Requests (http_reqs)."},
    {.name = "error_rate", .unit = "%", .doc = "Requests that failed (http_req_failed)."},
    {.name = "checks", .unit = "%", .doc = "Checks of the script that held."},
    {.name = "iterations", .unit = "", .doc = "How often the script went through."},
    {.name = "crossed", .unit = "", .doc = "Each threshold of the script: 1 when it was crossed.", .fail = "> 0"},
};

static const belay_metric metrics[] = {
    {.name = "tests", .unit = "", .doc = "Tests reported; not measured without a report."},
    {.name = "passed", .unit = "", .doc = "Tests that passed."},
    {.name = "failed", .unit = "", .doc = "Tests that failed."},
    {.name = "skipped", .unit = "", .doc = "Tests that were skipped."},
    {.name = "empty", .unit = "", .doc = "Report files and suites without a test case."},
};

static const belay_step steps[] = {
    {.name = "run",
     .doc = "Runs a program that changes something; rollback runs its undo command.",
     .default_timeout_ms = 10 * 60 * 1000,
     BELAY_TABLE(option, run_options),
     BELAY_TABLE(metric, metrics),
     .prepare = run_prepare,
     .execute = run_execute,
     .verify = run_verify,
     .rollback = run_rollback},
    {.name = "check",
     .doc = "Runs a program that changes nothing, such as tests, and judges by exit status and test report.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 10 * 60 * 1000,
     BELAY_TABLE(option, check_options),
     BELAY_TABLE(metric, metrics),
     .prepare = check_prepare,
     .verify = check_verify},
    {.name = "k6",
     .doc = "Runs a load test with k6, and judges by the thresholds of its script.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 30 * 60 * 1000,
     BELAY_TABLE(option, k6_options),
     BELAY_TABLE(metric, k6_metrics),
     .prepare = k6_prepare,
     .verify = k6_verify},
    {.name = "diagnose",
     .doc = "Looks for the cause of a failure in what the failed step's own program wrote.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 10 * 1000,
     .verify = diagnose_verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps),
    .undo_format = 1,        .undo_format_oldest = 1,
    .name = "shell",         .version = "0.1.0",
    .license = "Apache-2.0", .doc = "Programs of your own: changes with their undo, and checks with test reports.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
