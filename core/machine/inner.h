/** @file inner.h  What the machine's own files share; see machine.h. */
#ifndef MACHINE_INNER_H
#define MACHINE_INNER_H

#include "machine/machine.h"

typedef enum step_at {
    AT_NEW,     /**< to be begun, or begun again */
    AT_ACTED,   /**< execute passed; verify is to be begun */
    AT_RUNNING, /**< `phase` runs */
    AT_WAITING, /**< until `due`, then `phase` is started */
    AT_SETTLED, /**< passed, warned or skipped */
    AT_BAD,
} step_at;

typedef enum undo_at { UNDO_OPEN, UNDO_DONE, UNDO_FAILED } undo_at;

typedef struct step_state {
    step_at at;
    undo_at undo;
    machine_phase phase;
    int attempt[MACHINE_PHASE_COUNT]; /**< number of the last try of each phase in the journal */
    int tries;                        /**< of the present phase that ended in an error */
    int good;                         /**< samples in a row that passed */
    int64_t due, ready_end;
    bool soaking;              /**< a first sample has held; until soak_end */
    int64_t soak_end, sampled; /**< sampled: the last one that held */
    int64_t samples, gaps;     /**< of the soak: that held, and that are missing */
    bool prepared;
    bool complete;           /**< prepared again, now that its options are known */
    bool started;            /**< its execute has begun at least once */
    bool keep;               /**< a step that needs it was not undone */
    const machine_row *last; /**< while restoring: its last row, but for rollback */
} step_state;

typedef enum machine_mode {
    MODE_PREPARING,
    MODE_RUNNING,
    MODE_DRAINING,   /**< a step asks for a pause: what runs may end, nothing is begun */
    MODE_STOPPING,   /**< waits for what runs to end; then `next` */
    MODE_DIAGNOSING, /**< the same, until the diagnosis must end */
    MODE_UNDOING,
    MODE_RECOVERING, /**< the rollback stage */
    MODE_ENDED,
} machine_mode;

typedef enum machine_diagnosis { DIAGNOSIS_NONE, DIAGNOSIS_BEGUN, DIAGNOSIS_OVER } machine_diagnosis;

/** What follows once nothing runs any more, or upon BEGIN. */
typedef enum machine_next {
    NEXT_GO_ON,
    NEXT_REFUSE,
    NEXT_UNDO,
    NEXT_PAUSE,
    NEXT_ASK,
    NEXT_PERSON,
    NEXT_HALT
} machine_next;

struct machine {
    const machine_plan *plan;
    machine_mode mode;
    machine_next next;
    /** The decision that stopped the run. */
    struct {
        machine_reason reason;
        size_t step;
        machine_verdict verdict;
        int64_t until;
    } why;
    int64_t now;
    size_t stage;  /**< the present one */
    size_t first;  /**< all steps of the stage before this one are settled */
    size_t cursor; /**< preparing: the next step; undoing: index in `order`, past the next */
    int cancels;
    bool leaving; /**< nobody waits here any more: as no_wait */
    bool was_paused;
    bool saved; /**< the evidence: undoing has begun */
    machine_diagnosis diagnosis;
    size_t diagnosed;     /**< the step whose failure is looked into */
    int64_t diagnose_end; /**< when it is cut short */
    bool undid;           /**< since BEGIN; what the rollback stage found before does not count any more */
    size_t undo_failures, undo_failed_step;
    bool again; /**< the rollback stage has passed, and what failed was tried once more */

    step_state *steps;
    size_t *order; /**< started main steps, in order of start */
    size_t order_count;
    size_t *active; /**< running or waiting */
    size_t active_count;
    machine_action *actions;
    size_t action_count, action_room;
};

/* Lowest first: each of these calls those above it. */

/* act.c: what the plan says, and what every decision is made of */

/** The number of main stages. */
size_t machine_main_stages(const machine *m);
/** The rollback stage, or stage_count. */
size_t machine_rollback_stage(const machine *m);
/** The step is one of a main stage. */
bool machine_is_main(const machine *m, size_t step);
/** A step that changes something which only rollback takes back. */
bool machine_can_undo(const machine_step *s);
machine_policy machine_policy_of(const machine_step *p, machine_verdict verdict);

machine_action *machine_emit(machine *m, machine_do what, size_t step);
/** Emits STATE with the decision's reason. */
void machine_emit_state(machine *m, machine_state state);
void machine_emit_end(machine *m, size_t step, machine_outcome outcome, machine_verdict verdict);
/** Starts a phase of a step: INTENT, START. */
void machine_start_phase(machine *m, size_t step, machine_phase phase);
/** Starts it after a pause. */
void machine_start_later(machine *m, size_t step, machine_phase phase, int64_t delay_ms);
/** Takes a step that runs or waits out of the active ones. */
void machine_drop(machine *m, size_t step);

void machine_decide(machine *m, machine_reason reason, size_t step, machine_verdict verdict);
/** Stops what runs (`how`: MACHINE_STOP or MACHINE_KILL), then goes to `next`. */
void machine_stop(machine *m, machine_next next, machine_do how);
/** Goes to take back what was done, if anything; the steps that run are stopped first. */
void machine_roll_back(machine *m, machine_do how);
/** Emits FINISH: nothing follows. */
void machine_end(machine *m, machine_finish finish);
/** Emits the state and FINISH. */
void machine_stop_here(machine *m, machine_state state, machine_finish finish);
/** Stops here for a person, because of what could not be undone, or else of what was decided. */
void machine_call_for_person(machine *m);

/* soak.c */

/** The step's samples must hold for a time. */
bool machine_soaks(const machine *m, size_t step);
/** Takes note of a sample that held; the first begins the soak. */
void machine_note_sample(machine *m, size_t step, int64_t at);
bool machine_soak_has_gaps(const machine *m, size_t step);
/** The last sample ended it. */
bool machine_soak_over(const machine *m, size_t step);
/** When the next sample is to be taken. */
int64_t machine_soak_due(const machine *m, size_t step);

/* step.c: one step's execute and verify, its retries and policy */

/** It holds, or needs not: STEP_END. */
void machine_settle(machine *m, size_t step, machine_outcome outcome, machine_verdict verdict);
/** Begins with execute, or where there is none with verify. */
void machine_begin_acting(machine *m, size_t step);
void machine_begin_verify(machine *m, size_t step);
/** A phase of a step of the present stage has ended. */
void machine_step_ended(machine *m, size_t step, machine_verdict verdict);
/** Leaves the steps that wait for people or for their next sample, so that the run pauses; false: there is none. */
bool machine_leave(machine *m);

/* stage.c: prepare, and the steps of a stage by their needs */

/** Prepares the next steps that are not prepared, or goes on to the stages. */
void machine_prepare_next(machine *m);
void machine_prepare_ended(machine *m, size_t step, machine_verdict verdict);
/** Enters a stage, and begins what can be begun; past the last one the run ends. */
void machine_enter_stage(machine *m, size_t stage);
/** Begins what can be begun. */
void machine_schedule(machine *m);

/* diagnose.c */

/** Begins the diagnosis of what made the run stop, where there is something to begin; false: it is over. */
bool machine_diagnose(machine *m);
void machine_diagnosis_ended(machine *m, size_t step, machine_verdict verdict);
/** Its time is over: what still looks is killed. */
void machine_diagnosis_late(machine *m);

/* undo.c: undo in reverse order, then the rollback stage */

void machine_undo(machine *m);
/** Once, when the rollback stage has passed although steps could not be undone: each of these is tried once more, then
 * the stage again. What failed may have failed only because the environment was down. */
void machine_undo_again(machine *m);
void machine_undo_ended(machine *m, size_t step, machine_verdict verdict);

#endif
