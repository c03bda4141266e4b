/** @file worker_fixture.h  One phase of a test plugin, run to its end; and all that was said. */
#ifndef TESTS_UNIT_WORKER_FIXTURE_H
#define TESTS_UNIT_WORKER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "worker/worker.h"

typedef struct phase_run {
    /* in */
    const char *plugin, *step; /**< "hostile", "segfault" */
    worker_phase phase;
    json_t *options, *pending, *facts, *undo; /**< taken over */
    redactor *secrets;                        /**< taken over */
    int64_t timeout_ms, grace_ms;             /**< 0: 10 s, 300 ms */
    int cancel_after_ms, kill_after_ms;       /**< 0: never */
    bool cancel_at_log;                       /**< cancel as soon as it logs a line */
    int stall_ms;                             /**< how long the core is busy with something else before that */
    bool refuse;                              /**< remember and output fail */

    /* out */
    int dones; /**< how often done was called */
    belay_status status;
    worker_end end;
    int signal;
    char *summary, *hint, *option;
    uint64_t dropped;
    int64_t took_ms;
    int lines;
    text log;                       /**< "LEVEL line\n" */
    text plan;                      /**< "change | undo\n" */
    text told;                      /**< progress, outputs, measures: one line each */
    json_t *remembered;             /**< key -> value */
    text artifact, second_artifact; /**< bytes of the first and of another artifact */
    char *artifact_name;

    worker *worker;
    uv_timer_t timer;
} phase_run;

/** Runs it. */
void phase_run_do(phase_run *p);
void phase_run_done(phase_run *p);
#define guard_phase __attribute__((cleanup(phase_run_done))) phase_run

/** tests/plugins/NAME.so of the build, and its digest; freed by the caller. */
char *phase_plugin(const char *name, char hex[65]);
/** Starts what p describes on a loop of the caller's. */
void phase_run_start(phase_run *p, uv_loop_t *loop);

/** A file name in a folder that is removed at the end of the program. */
const char *phase_path(const char *name);
/** Waits until every process whose id stands in the file is gone; fails the test after 5 s. */
void assert_all_gone(const char *pids, int expected);

#endif
