/**
 * @file driver.h
 * Inside of core/engine: one run being driven, as all that takes part in it knows it. What drives it is drive.h.
 */
#ifndef ENGINE_DRIVER_H
#define ENGINE_DRIVER_H

#include <uv.h>

#include "base/trend.h"
#include "engine/engine.h"
#include "engine/outline.h"
#include "engine/record.h"
#include "machine/machine.h"
#include "store/store_lock.h"
#include "worker/worker.h"

typedef enum driver_mode { DRIVER_RUN, DRIVER_PLAN, DRIVER_TRY, DRIVER_ROLLBACK, DRIVER_DISCARD } driver_mode;

typedef struct driver driver;

/** A phase being run, from its intent until its result is written. */
typedef struct call {
    driver *driver;
    size_t step;
    worker_phase phase;
    int attempt;
    int64_t seq;                               /**< in the journal */
    worker *worker;                            /**< NULL: not started, or ended */
    char *kept;                                /**< what the last remember() answered with */
    char *threshold_failed, *threshold_warned; /**< "size 600 MB: > 500MB"; the first of this call */
    char *not_finite; /**< the first measurement that has a threshold and was NaN or infinite */
    json_t *sampled;  /**< metric -> true: measured in this call */
    error *refused;   /**< what was resolved is not what the pipeline requires */
    text found;       /**< of a collector: a finding whose line is not whole yet */
    char *unfit;      /**< an output that is not of its type, in words */
    bool left;        /**< of a rollback: what execute changed stays, and cannot be undone */

    /* how it ended */
    belay_status status;
    worker_end end;
    machine_verdict verdict;
    int64_t duration_ms, ended_ms;
    int64_t ended_steady_ms;
    char *summary, *hint, *option;
} call;

#define NOTES_LINES 50
/** The artifact by which a rollback says what it cannot undo, and why. */
#define LEFT_ARTIFACT "left.txt"

/** What a soaking step measured since its soak began, of one instance of a metric that has a threshold of its slope. */
typedef struct series {
    char *name; /**< "memory/agents" */
    trend_sample *items;
    size_t count, room;
} series;

/** What is known of a step, for messages and evidence. */
typedef struct notes {
    call *call;         /**< NULL: no phase runs */
    worker_phase phase; /**< the last one that ended */
    machine_verdict verdict;
    bool ended;   /**< some phase has */
    bool planned; /**< it said what it will change */
    bool left;    /**< its last rollback said that it cannot undo what was changed */
    char *summary, *hint;
    int64_t started_ms;       /**< ms since 1970: first phase that is no prepare */
    int64_t asked_ms;         /**< steady: when a step that waits was first asked in this process; 0: not yet */
    int64_t waited_ms;        /**< how long it had waited by then, in other processes, by the wall clock */
    int64_t acted_ms;         /**< steady: the same, of this process or undo */
    char *lines[NOTES_LINES]; /**< the last log lines, a ring */
    size_t line_count;
    text measured; /**< "size 600 MB  > 500MB  failed", a line each */
    struct {
        series *items;
        size_t count, room;
    } series;
} notes;

/** What a collector says about the cause of a failure. */
typedef struct finding {
    size_t step; /**< the collector */
    int weight;  /**< 0 to 100: how well it explains the failure */
    char *text;
} finding;

struct driver {
    const engine *engine;
    const pipeline *pipeline;
    driver_mode mode;
    bool resumed;
    record record;     /**< its run.id is "" when nothing is recorded: a plan, a trial */
    char *trial_id;    /**< what plugins see as the run's id in a trial; NULL: no trial */
    redactor *secrets; /**< all that the run has used so far */
    outline *outline;
    store_lock *lock;
    int64_t lock_kept_ms;     /**< steady: when its files were looked at last */
    notes *notes;             /**< of each step */
    int64_t *stage_ms;        /**< ms since 1970: when each stage began */
    int64_t *stage_steady_ms; /**< the same, steady, in this process */
    json_t *reads;            /**< step id -> {output: the first step that reads it}; NULL until it is asked for */
    int64_t begun_ms;         /**< of this process, steady */
    const char *cancelled_by; /**< "SIGINT" */
    char *rollback_reason;    /**< what the run was rolled back for */
    struct {
        size_t failed; /**< the step that is, or was, diagnosed; MACHINE_NO_STEP: none */
        int64_t begun_ms;
        char *best; /**< the best findings, for the end of a message; NULL: not weighed, or none */
        finding *items;
        size_t count, room;
    } findings;

    machine *machine; /**< NULL: discard */
    void *machine_memory;
    struct {
        machine_event *items;
        size_t count, room;
    } queue;
    bool performing;
    bool ended; /**< the loop may stop */
    machine_finish finish;
    error *broken; /**< something could not be written: nothing more is performed */
    /** Called when a phase has ended; the machine's is the default. */
    void (*on_phase)(driver *d, size_t step);
    /** Called on a signal; the machine's is the default. */
    void (*on_cancel)(driver *d);

    uv_loop_t loop;
    uv_timer_t wake, tick;
    uv_signal_t signals[3];
};

const pipeline_step *driver_step(const driver *d, size_t step);
/** Ends the loop that drives it. */
void driver_end(driver *d);
/** Stops everything: the record could not be written. Takes the error. */
void driver_break(driver *d, error *why);
/** What the run is being rolled back for: kept for its messages and as a mark in the record. */
int driver_set_reason(driver *d, const char *reason, error **err) CHECKED;
/** The same, once it is in the record already: that is amended. */
int driver_keep_reason(driver *d, const char *reason, error **err) CHECKED;

#endif
