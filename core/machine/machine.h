/**
 * @file machine.h
 * The transaction as a pure machine: events go in, actions come out. No I/O, no clock, no memory of its own; so the
 * whole transaction can be run in a test with invented failures and crashes. docs/TRANSACTION.md draws it.
 *
 * The actions of one event are to be performed in order, and each to its end before the next. That order carries the
 * promise of durability: INTENT stands before START, RESULT before whatever depends on it, STATE before what it
 * announces. If an action that writes cannot be performed, stop at once and perform nothing more: that is a crash, and
 * machine_restore() knows how to go on from there.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum machine_phase {
    MACHINE_PREPARE,
    MACHINE_EXECUTE,
    MACHINE_VERIFY,
    MACHINE_ROLLBACK,
    MACHINE_PHASE_COUNT
} machine_phase;

/** What one phase came to. */
typedef enum machine_verdict {
    MACHINE_PASSED,
    MACHINE_NOT_YET,      /**< verify only: not ready */
    MACHINE_FAILED,       /**< the release is bad, or the change was refused */
    MACHINE_RETRY,        /**< error: returned, for a reason that may pass */
    MACHINE_ERROR,        /**< error: returned, and another try would end the same */
    MACHINE_UNKNOWN,      /**< error: it did not return (crash, timeout, kill): what it did is not known */
    MACHINE_INCONCLUSIVE, /**< nothing to judge by */
} machine_verdict;

typedef enum machine_policy { MACHINE_DO_ROLLBACK, MACHINE_DO_PAUSE, MACHINE_DO_WARN } machine_policy;

typedef struct machine_step {
    size_t stage;        /**< index in the plan's stages */
    const size_t *needs; /**< indices of steps, all smaller than this one's */
    size_t need_count;
    bool has_prepare, has_execute, has_verify;
    bool has_rollback;   /**< else an execute is irreversible */
    bool skipped;        /**< not part of this run */
    bool pending;        /**< options wait for outputs: prepared again just before it acts */
    int attempts;        /**< >= 1: tries of execute, and of verify, that end in an error */
    int64_t delay_ms;    /**< before the second try */
    double backoff;      /**< factor for each further one */
    int64_t ready_ms;    /**< how long verify may say NOT_YET */
    int64_t interval_ms; /**< between two samples of verify */
    bool waits;          /**< for a person or a time: verify may say NOT_YET for ever */
    int64_t soak_ms;     /**< once it holds, verify is repeated for so long, and must hold each time, whatever `hits`
                              says; 0: no */
    int64_t max_gaps;    /**< samples of that time that may be missing */
    int hits;            /**< samples in a row that must pass */
    machine_policy on_failure, on_error, on_inconclusive;
    const size_t *answers; /**< of the diagnosis: the steps whose failure it looks into */
    size_t answer_count;
} machine_step;

/** A range of steps. After the main stages comes the diagnosis, if there is one, and last the rollback stage. */
typedef struct machine_stage {
    size_t first, count;
    unsigned parallel; /**< >= 1 */
    bool diagnose;     /**< its steps only verify, once, side by side, when a step has failed that they answer */
    bool rollback;
} machine_stage;

typedef struct machine_plan {
    const machine_step *steps;
    size_t step_count;
    const machine_stage *stages;
    size_t stage_count;
    unsigned prepare_parallel; /**< steps prepared at once, of all stages; >= 1 */
    int undo_attempts;         /**< tries of each rollback */
    int64_t undo_delay_ms;     /**< before its second try; doubles */
    int64_t diagnose_ms;       /**< how long the whole diagnosis may take */
    bool prepare_only;         /**< finish once all are prepared */
    bool no_wait;              /**< pause where a step waits */
    bool undo_at_end;          /**< a trial: take back what passed */
} machine_plan;

typedef enum machine_event_kind {
    MACHINE_BEGIN,       /**< first of all, also after machine_restore() */
    MACHINE_PHASE_ENDED, /**< the running phase of `step` came to `verdict` */
    MACHINE_TIMER,       /**< the time of the last WAIT has come; too early is harmless */
    MACHINE_CANCEL,      /**< a person wants to stop; the second time: at once */
    MACHINE_LEAVE, /**< nobody waits here any more: pause if a step waits for people or for its next sample, else as
                      CANCEL */
} machine_event_kind;

typedef struct machine_event {
    machine_event_kind kind;
    int64_t now; /**< ms of a clock that never steps */
    size_t step;
    machine_verdict verdict;
} machine_event;

/** Where a run stands, as it is written down. */
typedef enum machine_state {
    MACHINE_RUNNING,
    MACHINE_PAUSED,
    MACHINE_ROLLING_BACK,
    MACHINE_COMMITTED,
    MACHINE_ROLLED_BACK,
    MACHINE_NEEDS_PERSON,
    MACHINE_REFUSED,
} machine_state;

/** Why a state was entered, or what a note is about. */
typedef enum machine_reason {
    MACHINE_BECAUSE_NOTHING,
    MACHINE_BECAUSE_PREPARE,      /**< a step cannot run */
    MACHINE_BECAUSE_VERDICT,      /**< a step's phase came to `verdict` */
    MACHINE_BECAUSE_NOT_READY,    /**< a step's verify said NOT_YET until its window ended */
    MACHINE_BECAUSE_WAITING,      /**< a step waits, and nobody waits here for it */
    MACHINE_BECAUSE_SOAKING,      /**< a step's next sample is not due yet, and nobody waits here for it */
    MACHINE_BECAUSE_GAPS,         /**< too many samples of a soak are missing */
    MACHINE_BECAUSE_CANCELLED,    /**< a person cancelled */
    MACHINE_BECAUSE_CUT_SHORT,    /**< a step's execute was cut short after it had begun to act */
    MACHINE_BECAUSE_ASK,          /**< the same, and it cannot be undone: a person must say whether it was done */
    MACHINE_BECAUSE_ASKED,        /**< a person asked for it */
    MACHINE_BECAUSE_RESUMED,      /**< it was under way when the process ended */
    MACHINE_BECAUSE_TRIAL,        /**< a trial that passed */
    MACHINE_BECAUSE_UNDO_FAILED,  /**< a step could not be rolled back */
    MACHINE_BECAUSE_STAGE_FAILED, /**< the rollback stage failed at a step */
    MACHINE_BECAUSE_HALTED,       /**< cancelled twice: stopped where it stands */
    MACHINE_BECAUSE_AGAIN,        /**< note: the rollback stage has passed; what could not be undone is tried again */
    MACHINE_BECAUSE_IGNORED,      /**< note: a cancel while rolling back; once more stops where it stands */
} machine_reason;

/** What became of a step. */
typedef enum machine_outcome {
    MACHINE_STEP_PASSED,
    MACHINE_STEP_WARNED,  /**< bad, and its policy says to go on */
    MACHINE_STEP_BAD,     /**< `verdict` says how */
    MACHINE_STEP_STOPPED, /**< cut short, because the run stops for another reason */
    MACHINE_STEP_SKIPPED,
    MACHINE_STEP_UNDONE,
    MACHINE_STEP_NOT_UNDONE,   /**< its rollback failed for good */
    MACHINE_STEP_UNDO_SKIPPED, /**< a step that needs it could not be undone */
    MACHINE_STEP_IRREVERSIBLE, /**< declared so: stays as it is */
} machine_outcome;

typedef enum machine_finish {
    MACHINE_FINISH_COMMITTED,
    MACHINE_FINISH_REFUSED,
    MACHINE_FINISH_WAITING,
    MACHINE_FINISH_ROLLED_BACK,
    MACHINE_FINISH_PERSON,
} machine_finish;

typedef enum machine_do {
    MACHINE_INTENT,      /**< write that `phase` of `step` is about to start, try `attempt`; durable */
    MACHINE_START,       /**< start it */
    MACHINE_RESULT,      /**< write how it ended; durable */
    MACHINE_STOP,        /**< ask the running phase of `step` to stop; its end still comes as an event */
    MACHINE_KILL,        /**< the same at once */
    MACHINE_WAIT,        /**< send TIMER at `until`; replaces an earlier WAIT */
    MACHINE_STATE,       /**< write `state`, with `reason`, `step` and `verdict`; durable */
    MACHINE_DIAGNOSE,    /**< the diagnosis of `step`, which failed, begins: its collectors are started next */
    MACHINE_DIAGNOSED,   /**< it is over: weigh what was found */
    MACHINE_EVIDENCE,    /**< save what is known about the failure of `step`, before anything is undone */
    MACHINE_STEP_END,    /**< tell what became of `step` */
    MACHINE_STAGE_START, /**< tell */
    MACHINE_STAGE_END,   /**< tell */
    MACHINE_NOTE,        /**< tell `reason` */
    MACHINE_FINISH,      /**< the last action of all */
} machine_do;

#define MACHINE_NO_STEP ((size_t)-1)

typedef struct machine_action {
    machine_do what;
    size_t step; /**< MACHINE_NO_STEP when it is about none; STAGE_*: the stage */
    machine_phase phase;
    int attempt;
    int64_t until; /**< WAIT; STATE because of SOAKING: when the next sample is due */
    machine_state state;
    machine_reason reason;
    machine_verdict verdict;
    machine_outcome outcome;
    machine_finish finish;
} machine_action;

typedef struct machine machine;

/** Bytes of memory that a machine for this plan needs. */
size_t machine_size(const machine_plan *plan);
/** Makes a machine in memory of that size, aligned as malloc does; the plan is borrowed for the machine's life. */
machine *machine_init(void *memory, const machine_plan *plan);

/** One line of the journal: a phase that was started, in order of start. */
typedef struct machine_row {
    size_t step;
    machine_phase phase;
    int attempt;
    bool finished;
    machine_verdict verdict; /**< when finished */
    int64_t at;              /**< when it finished, by the clock of the events; may lie before its zero */
    bool undo;               /**< execute: the step has undo records */
} machine_row;

typedef enum machine_assume { MACHINE_ASSUME_NOTHING, MACHINE_ASSUME_DONE, MACHINE_ASSUME_NOT_DONE } machine_assume;

typedef struct machine_journal {
    const machine_row *rows;
    size_t row_count;
    machine_state state;   /**< as last written */
    bool rollback;         /**< a person wants it taken back; else: go on */
    machine_assume assume; /**< of an irreversible step that was cut short */
} machine_journal;

/** Puts a fresh machine where the journal ends; BEGIN then goes on from there. */
void machine_restore(machine *m, const machine_journal *journal);

/** Takes one event; *ret points to the actions to perform, valid until the next event. Returns their number. */
size_t machine_handle(machine *m, const machine_event *event, const machine_action **ret);

/** The steps whose execute has started, in order of start; *ret is borrowed. */
size_t machine_started(const machine *m, const size_t **ret);
bool machine_finished(const machine *m);
/** The step soaks: a first sample has held, and the last one is still to come. */
bool machine_soaking(const machine *m, size_t step);
/** How many samples of the step's soak held, and how many are missing; 0 when it has not begun. */
int64_t machine_soak_samples(const machine *m, size_t step, int64_t *ret_gaps);
/** How much of the soak a sample that holds at `now` would leave, in ms; 0 when it would end it. */
int64_t machine_soak_left(const machine *m, size_t step, int64_t now);

#endif
