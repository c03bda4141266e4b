/**
 * @file driver.h
 * Inside of core/engine: one run being driven. The machine decides, the driver performs: it writes the record, starts
 * workers, waits, and tells the event stream.
 */
#ifndef ENGINE_DRIVER_H
#define ENGINE_DRIVER_H

#include <uv.h>

#include "base/trend.h"
#include "engine/engine.h"
#include "engine/machine.h"
#include "engine/outline.h"
#include "engine/record.h"
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
    json_t *sampled;                           /**< metric -> true: measured in this call */
    error *refused;                            /**< what was resolved is not what the pipeline requires */
    text found;                                /**< of a collector: a finding whose line is not whole yet */

    /* how it ended */
    belay_status status;
    worker_end end;
    machine_verdict verdict;
    int64_t duration_ms, ended_ms;
    int64_t ended_steady_ms;
    char *summary, *hint, *option;
} call;

#define NOTES_LINES 50

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
    char *summary, *hint;
    int64_t started_ms;       /**< ms since 1970: first phase that is no prepare */
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
    record record;
    redactor *secrets; /**< all that the run has used so far */
    outline *outline;
    store_lock *lock;
    notes *notes;             /**< of each step */
    int64_t *stage_ms;        /**< ms since 1970: when each stage began */
    int64_t *stage_steady_ms; /**< the same, steady, in this process */
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

/* ---- driver.c ---------------------------------------------------------------------------------------------------- */

/** Prepares to drive a pipeline, with or without a store; nothing is written yet. */
int driver_init(driver *d, const engine *e, const pipeline *p, driver_mode mode, store *s, error **err) CHECKED;
void driver_done(driver *d);
/** Makes the machine, restored from the journal unless that is NULL. */
void driver_plan(driver *d, const machine_journal *journal);
/** Drives the machine to its end, tells run.end, and gives the exit status: EXIT_PERSON also when the record could not
 *  be written, for the run is then as after a crash. */
int driver_run(driver *d);
/** Runs the loop until d->ended. */
void driver_loop(driver *d);
void driver_push(driver *d, machine_event event);
/** Stops everything: the record could not be written. Takes the error. */
void driver_break(driver *d, error *why);
const pipeline_step *driver_step(const driver *d, size_t step);
/** Writes down, once more, what the run is being rolled back for. */
int driver_keep_reason(driver *d, const char *reason, error **err) CHECKED;

/* ---- lock.c ------------------------------------------------------------------------------------------------------ */

/** Takes the environment's lock, and its lease. Waits e->wait_ms for a live owner, and at least some seconds for what a
 * dead one has left running; says so to the sinks. ERROR_REFUSED: a signal ended the wait. */
int lock_environment(const engine *e, const char *environment, const char *run, store_lock **ret, error **err) CHECKED;

/* ---- call.c ------------------------------------------------------------------------------------------------------ */

/** Makes the call and writes its intent. */
int call_intend(driver *d, size_t step, worker_phase phase, int attempt, error **err) CHECKED;
/** Starts its worker; d->on_phase follows, also when that fails. */
void call_start(driver *d, size_t step);
/** Writes its result, tells it, and forgets the call. */
int call_conclude(driver *d, size_t step, error **err) CHECKED;
void call_free(call *c);

/* ---- waiting.c --------------------------------------------------------------------------------------------------- */

/** Adds what only a step that waits is told: who started the run, the evidence so far, people's decisions. */
int waiting_facts(driver *d, const char *step, json_t *facts, error **err) CHECKED;

/* ---- series.c ---------------------------------------------------------------------------------------------------- */

/** The threshold of a metric, or of its slope: that for this very instance ("memory/agents") before that for all. */
const pipeline_threshold *series_threshold(const pipeline_step *s, const char *name, bool slope, bool fail);
/** A new soak: what was measured before does not count. */
void series_begin(notes *n);
/** Keeps a sample that a slope needs; at: steady. */
void series_add(const pipeline_step *s, notes *n, const char *name, int64_t at, double value);
/** Reads them again from the events of a run that goes on. */
int series_load(driver *d, error **err) CHECKED;
void series_done(notes *n);

/* ---- judge.c ----------------------------------------------------------------------------------------------------- */

/** Takes a sample: compares, records, tells. 0, or -1 when the metric is not declared or cannot be written. */
int judge_sample(call *c, const char *name, double value);
/** Gives the verdict of a call that has ended; may replace its summary. */
void judge_call(call *c);
/** "passed", "failed", "error", "inconclusive", "not yet". */
const char *judge_word(machine_verdict verdict);
/** The verdict of a recorded phase. */
machine_verdict judge_recorded(const store_phase *p);

/* ---- tell.c ------------------------------------------------------------------------------------------------------ */

/** Hands an event to the sinks and to the record; takes it. */
void tell(driver *d, json_t *event);
/** A new event of the run; with a step's id, kind and stage. */
json_t *tell_new(const driver *d, const char *type);
json_t *tell_new_step(const driver *d, const char *type, size_t step);
/** Sets a text, masked. */
void tell_set(const driver *d, json_t *event, const char *name, const char *value);
void tell_start(driver *d);
void tell_end(driver *d, int exit_status);
/** run.end of a discard. */
void tell_discarded(driver *d, bool good);
void tell_state(driver *d);
void tell_step_end(driver *d, const machine_action *a);
/** Of steps that will change something and did not say what: that they will. */
void tell_unplanned(driver *d);
void tell_note(driver *d, const char *fmt, ...) PRINTF(2, 3);
void tell_warning(driver *d, const char *hint, const char *fmt, ...) PRINTF(3, 4);

/* ---- reason.c ---------------------------------------------------------------------------------------------------- */

/** Why the run enters a state, in one line; the caller frees. */
char *reason_text(const driver *d, const machine_action *a);
/** An array of the commands to go on with. */
json_t *reason_next(const driver *d);
/** "belay VERB RUN", with --state when that is not the default; the caller frees. */
char *reason_command(const store *s, const char *verb, const char *run, const char *more);

/* ---- findings.c -------------------------------------------------------------------------------------------------- */

/** The artifact of a collector whose lines are its findings: {"weight": 90, "text": "port 80 is held by ..."}. */
#define FINDINGS_ARTIFACT "findings.jsonl"
/** The diagnosis of a step begins: the collectors' facts are about it. */
void findings_begin(driver *d, size_t failed);
/** Adds what only a collector is told: failure.step, .kind, .stage, .summary, .started_at, .artifacts. */
void findings_facts(const driver *d, json_t *facts);
/** Takes the lines of a piece of FINDINGS_ARTIFACT. */
void findings_take(call *c, const char *bytes, size_t n);
/** A collector has ended: what one says that did not pass is a finding too. */
void findings_ended(call *c);
/** The diagnosis is over: the best findings end the message of the failure, from here on and in the record. */
int findings_weigh(driver *d, error **err) CHECKED;

/* ---- evidence.c -------------------------------------------------------------------------------------------------- */

/** Writes failure.txt into the artifacts of the step. */
int evidence_save(driver *d, size_t step, error **err) CHECKED;

#endif
