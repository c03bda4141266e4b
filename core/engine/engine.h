/**
 * @file engine.h
 * The transaction, as the commands see it. Each function runs a loop of its own until the run has ended or waits, and
 * gives the exit status.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "catalog/catalog.h"
#include "pipeline/pipeline.h"
#include "report/event.h"
#include "store/store.h"

/** Exit statuses of `belay`: a promise. */
enum engine_exit {
    EXIT_COMMITTED = 0,    /**< done; of commands that run nothing: good */
    EXIT_USAGE = 1,        /**< usage or pipeline error */
    EXIT_REFUSED = 2,      /**< refused in preflight, nothing touched */
    EXIT_WAITING = 3,      /**< waits for a person or a time, with --no-wait */
    EXIT_LOCKED = 4,       /**< a live run, or something that a dead one started, holds the environment */
    EXIT_ROLLED_BACK = 10, /**< rolled back, and the previous version proved */
    EXIT_PERSON = 20,      /**< a person is needed; the next commands were printed */
};

typedef struct engine {
    store *store;
    const report_sink *sinks;
    size_t sink_count;
    int64_t wait_ms; /**< how long to wait for a live run of the environment to end; 0: not at all */
    bool no_wait;    /**< pause, with EXIT_WAITING, where a step waits for a person or a time */
    /** Asked, under the lock, before a committed run is rolled back; false: it is left as it is. NULL: not asked. */
    bool (*confirm)(const store_run *run);
} engine;

/** Prepares every step, reports each one's plan, touches nothing. */
int engine_plan(const engine *e, const catalog *c, const pipeline *p, int *ret_exit, error **err) CHECKED;
/** Plans, then executes exactly that. sets: the overrides, recorded with the run. */
int engine_run(const engine *e, const catalog *c, const pipeline *p, const char *const *sets, int *ret_exit,
               error **err) CHECKED;

/** For resume: what to assume of an irreversible step that was cut short. */
typedef enum engine_assume { ASSUME_NOTHING, ASSUME_DONE, ASSUME_NOT_DONE } engine_assume;
/** Goes on with a run that has not ended, by its recorded text and pinned plugins. run: an id, or NULL for the
 *  unfinished one. */
int engine_resume(const engine *e, const char *run, engine_assume assume, int *ret_exit, error **err) CHECKED;
/** The run of the environment that waits for people or a time and may go on now: its time has come, or somebody has
 * decided since it paused. *ret_run is NULL when there is none; the caller frees. */
int engine_due(const engine *e, const char *environment, char **ret_run, error **err) CHECKED;
/** Takes a run back: an unfinished one, one that needs a person, or a committed one (until discarded). run: an id, or
 * NULL for the newest one, when it is such a one. */
int engine_rollback(const engine *e, const char *run, int *ret_exit, error **err) CHECKED;
/** Lets go of what committed runs kept for rollback, but for the newest `keep`. */
int engine_discard(const engine *e, const char *environment, int keep, int *ret_exit, error **err) CHECKED;

/** Adds every secret value that the recorded pipeline of a run uses, as far as it can be fetched now; *ret_why as of
 * pipeline_secrets(). */
int engine_secrets(const engine *e, const store_run *run, redactor *into, char **ret_why, error **err) CHECKED;

typedef struct engine_trial {
    bool undo;        /**< roll the step back afterwards */
    int64_t since_ms; /**< how long ago the step is told that its run and its stage began */
} engine_trial;
/** Runs the one step of p alone, outside any run. */
int engine_try(const engine *e, const catalog *c, const pipeline *p, const engine_trial *trial, int *ret_exit,
               error **err) CHECKED;

#endif
