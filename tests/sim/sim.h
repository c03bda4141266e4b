/**
 * @file sim.h
 * A world for the machine: a journal that survives crashes, steps whose effects are there or not, a clock of its own.
 * It performs the machine's actions, and after each one checks the invariants of docs/TRANSACTION.md (rules.c). A
 * breach fails the test, or goes to who asked for it.
 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "machine/machine.h"

#define SIM_STEPS  30
#define SIM_STAGES 8
#define SIM_ROWS   8192
#define SIM_TRACE  8192
#define SIM_TURNS  100000

/** The machine to be tried: the real one, or one with a planted fault. */
typedef struct sim_machine {
    size_t (*size)(const machine_plan *plan);
    machine *(*init)(void *memory, const machine_plan *plan);
    void (*restore)(machine *m, const machine_journal *journal);
    size_t (*handle)(machine *m, const machine_event *event, const machine_action **ret);
} sim_machine;
/** The one that this program is linked with. */
const sim_machine *sim_machine_get(void);

typedef struct sim_step {
    const char *script[MACHINE_PHASE_COUNT]; /**< verdicts of successive tries: "efp"; past its end: passed */
    size_t at[MACHINE_PHASE_COUNT];
    bool running, stopped;
    bool deaf; /**< it ends as it would have, also when it is asked to stop */
    machine_phase phase;
    int attempt;
    int64_t ends;
    machine_verdict verdict;
    bool applied;  /**< its effect is in the world */
    bool undo;     /**< an undo record is durable */
    bool executed; /**< its execute was ever started */
    bool settled;
    bool acted; /**< its last execute passed, or a person said so */
    int good;   /**< samples in a row that passed, by the journal */
    bool undone, undo_failed;
    bool asked_again; /**< its undo was tried, or skipped, after the rollback stage had passed in this session */
    bool judged;      /**< `last` is the verdict of its last execute, which no pause has excused */
    machine_verdict last;
    bool fell;      /**< its verify found what is bad, which no pause has excused */
    bool answered;  /**< a person said what became of it, and it has not executed since */
    int undo_tries; /**< of its rollback, in this session */
} sim_step;

typedef struct sim {
    machine_plan plan;
    machine_step steps[SIM_STEPS];
    machine_stage stages[SIM_STAGES];
    size_t needs[SIM_STEPS][SIM_STEPS];
    sim_step world[SIM_STEPS];

    const sim_machine *kind;
    machine *m; /**< NULL: the process is dead */
    int64_t now, timer;
    bool finished;
    machine_finish finish;
    int sessions, turns;
    int cancels; /**< in this session */
    bool left;   /**< nobody waits any more; in this session */

    size_t row_count;
    machine_state state; /**< durable */
    machine_reason reason;
    size_t reason_step;
    int64_t due; /**< why the run was left: when a soak goes on; else 0 */

    bool evidence, intent_open, undid;
    machine_action intent;
    size_t order[SIM_STEPS], order_count; /**< first starts of execute, of main steps */
    size_t last_undo;                     /**< place in `order` of the last rollback of this session */
    bool again;                           /**< the undo has begun anew in this session */
    bool diagnosed;                       /**< a diagnosis began in this session */
    int64_t diagnose_end;                 /**< when it must end */
    size_t decided; /**< the step whose failure this session takes the run back for; else MACHINE_NO_STEP */

    uint64_t name;      /**< the seed it was made from, for messages */
    jmp_buf *escape;    /**< where a breach goes; NULL: it fails the test */
    const char *broken; /**< the rule that was broken */
    FILE *story;        /**< what happens, line by line; NULL: untold */
    uint64_t random;    /**< 0: no chance; else the seed */
    unsigned crash;     /**< a crash before one action of so many; 0: never */
    unsigned trouble;   /**< one phase of so many does not pass; 0: as scripted */

    machine_row rows[SIM_ROWS]; /**< durable; not zeroed, and so are the texts but for their first byte */
    char trace[SIM_TRACE];      /**< started phases: "pa pb ea va"; states in between: "[rolling back]" */
    char notes[SIM_TRACE];      /**< what became of steps: "a:passed b:bad" */
} sim;

/** Plan of `count` steps in one stage, each with all four phases, one try, one sample. */
void sim_init(sim *s, size_t count);
void sim_done(sim *s);
/** Gives the last `count` steps a stage of their own. */
void sim_split(sim *s, size_t count, bool rollback);
void sim_need(sim *s, size_t step, size_t need);

/** Starts the process; on a journal that is not empty: restores from it. */
void sim_boot(sim *s, bool rollback, machine_assume assume);
/** Lets time pass until one event was handled; false when the process is dead or has finished. */
bool sim_turn(sim *s);
void sim_cancel(sim *s);
/** Nobody waits any more: the terminal is gone. */
void sim_leave(sim *s);
/** Ends the process with nothing more written; what ran has done all, something or nothing. */
void sim_kill(sim *s);
/** Boots and turns until it finishes. */
void sim_run(sim *s);
void sim_resume(sim *s);

/** A breach of the rule unless truth: fails the test with the trace, or escapes. */
void sim_hold(sim *s, bool truth, const char *rule);
/** A number below n; the state is any number but 0. */
unsigned sim_draw(uint64_t *state, unsigned n);
/** The same, from the chance of this world. */
unsigned sim_chance(sim *s, unsigned n);
/** a, b ... z, A ... */
char sim_letter(size_t step);

/* ---- rules.c: the invariants ------------------------------------------------------------------------------------- */

/** Before a phase starts. */
void rules_start(sim *s, const machine_action *a);
/** Before a state is written. */
void rules_state(sim *s, const machine_action *a);
/** Before a step's end is told. */
void rules_step_end(sim *s, const machine_action *a);
/** After all actions of an event. */
void rules_event(sim *s);
/** The run is taken back because a step failed. */
bool rules_is_failure(const machine_action *state);
/** A step of the diagnosis. */
bool rules_diagnoses(const sim *s, size_t step);
/** A step of the main stages. */
bool rules_is_main(const sim *s, size_t step);
bool rules_was_prepared(const sim *s, size_t step);
size_t rules_running(const sim *s);

typedef enum soak { SOAK_NONE, SOAK_OPEN, SOAK_OVER, SOAK_GAPS } soak;
/** How far a step's soak is, by the journal. */
soak rules_soak(const sim *s, size_t step);

#endif
