/**
 * @file bench.h
 * Where trials happen: one kind of the plugin with the options of a case, its world, and phases that run in real
 * workers.
 */
#ifndef CONFORM_BENCH_H
#define CONFORM_BENCH_H

#include <belay/plugin.h>

#include <jansson.h>

#include "base/redact.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "conform/case.h"
#include "conform/server.h"
#include "conform/trace.h"
#include "worker/worker.h"

/** The phase that people look at in gdb. */
typedef struct debugging {
    worker_phase phase;
    int count; /**< how often that was done */
} debugging;

typedef struct bench {
    const catalog *catalog;
    const catalog_kind *kind;
    conform_case trial_case;
    char *tracer;           /**< the path of belay-tracer */
    char *pinned;           /**< the plugin's copy */
    char *scratch;          /**< folder of this case: world, start, report */
    char *world, *pristine; /**< the world that trials change; what it is copied from */
    char *start;            /**< its digest */
    int port;               /**< ${port} */
    server server;          /**< the case's own */
    json_t *options;        /**< typed, as a worker is sent them */
    redactor *secrets, *nothing;
    debugging *debugging; /**< borrowed; NULL: no phase is debugged */
} bench;

/** Makes the case's world ready. scratch: an empty folder for it; state_folder: holds the plugin's copy. */
int bench_open(const catalog *c, const char *state_folder, const char *scratch, const char *case_folder, bench *ret,
               error **err) CHECKED;
void bench_close(bench *b);
/** belay-tracer beside belay-worker; the caller frees. */
int bench_find_tracer(char **ret, error **err) CHECKED;
/** Appends the digest of the world, but for what the case says to ignore, and what its observers print. */
int bench_digest(const bench *b, text *out, error **err) CHECKED;
/** Runs programs of the case in the world, 60 s each at most. */
int bench_run(const bench *b, char *const *const *programs, error **err) CHECKED;

#define CANCEL_AT_ONCE (-1)

/** How a phase is to be run. */
typedef struct wish {
    bool watched;        /**< under belay-tracer; fills trial.trace */
    long stop;           /**< watched: kill at this call; 0: never */
    int refuse_remember; /**< the n-th remember fails; 0: none */
    bool refuse_output;
    int cancel_ms;         /**< cancel after this time; 0: never; CANCEL_AT_ONCE: before it was loaded */
    int64_t timeout_ms;    /**< 0: 60 s */
    bool unmasked;         /**< the host does not know the secrets, so that a leak is seen */
    bool dry_run;          /**< a plan is made */
    bool bare;             /**< as in worker_request; and without the facts that not every run has */
    int fail_run;          /**< as in worker_request */
    const json_t *instead; /**< options instead of the case's */
    const json_t *pending; /**< names of options that are known later; they are not among the options */
} wish;

/** One trial: a world, a journal, and what the last phase came to. */
typedef struct trial {
    const bench *bench;
    json_t *undo;  /**< newest first */
    bool refusing; /**< within the phase */

    belay_status status;
    worker_end end;
    int signal;
    char *summary;
    char *stray; /**< a process that it left running when it returned: "sleep 60 (pid 4711)"; or NULL */
    text heard;  /**< all that came out of it */
    int remembers, outputs, runs;
    bool cancelled; /**< while it ran */
    trace trace;
} trial;

/** Begins with a fresh world and an empty journal; may be called again. Zero it before the first time. */
int trial_begin(trial *t, const bench *b, error **err) CHECKED;
/** Runs one phase to its end. A plugin that misbehaves is no error here. */
int trial_call(trial *t, worker_phase phase, const wish *how, error **err) CHECKED;
void trial_done(trial *t);
#define guard_trial __attribute__((cleanup(trial_done))) trial

/** It returned, and well. */
bool trial_is_good(const trial *t);
/** "returned -1: the link points elsewhere", "crashed: ..."; the caller frees. */
char *trial_show(const trial *t);
/** The world's digest; the caller frees. */
int trial_digest(const trial *t, char **ret, error **err) CHECKED;
/** What differs between two digests, for people: "current.new is left", or NULL when nothing does; the caller frees. */
char *trial_difference(const char *before, const char *after);

#endif
