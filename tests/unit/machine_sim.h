/**
 * @file machine_sim.h
 * A world for the machine: a journal that survives crashes, steps whose effects are there or not, a clock. It performs
 * the machine's actions, and after each one checks the invariants of docs/TRANSACTION.md; a breach fails the test.
 */
#ifndef TESTS_MACHINE_SIM_H
#define TESTS_MACHINE_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/machine.h"

#define SIM_STEPS  12
#define SIM_STAGES 6
#define SIM_ROWS   4096
#define SIM_TRACE  8192

typedef struct sim_step {
    const char *script[MACHINE_PHASE_COUNT]; /**< verdicts of successive tries: "efp"; past its end: passed */
    size_t at[MACHINE_PHASE_COUNT];
    bool running, stopped;
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
} sim_step;

typedef struct sim {
    machine_plan plan;
    machine_step steps[SIM_STEPS];
    machine_stage stages[SIM_STAGES];
    size_t needs[SIM_STEPS][SIM_STEPS];
    sim_step world[SIM_STEPS];

    machine *m; /**< NULL: the process is dead */
    int64_t now, timer;
    bool finished;
    machine_finish finish;
    int sessions;

    machine_row rows[SIM_ROWS]; /**< durable */
    size_t row_count;
    machine_state state; /**< durable */
    machine_reason reason;
    size_t reason_step;

    bool evidence, intent_open, undid;
    machine_action intent;
    size_t order[SIM_STEPS], order_count; /**< first starts of execute, of main steps */
    size_t last_undo;                     /**< place in `order` of the last rollback of this session */

    uint64_t name;         /**< the seed it was made from, for messages */
    uint64_t random;       /**< 0: no chance; else the seed */
    unsigned crash;        /**< a crash before one action of so many; 0: never */
    unsigned trouble;      /**< one phase of so many does not pass; 0: as scripted */
    char trace[SIM_TRACE]; /**< started phases: "pa pb ea va"; states in between: "[rolling back]" */
    char notes[SIM_TRACE]; /**< what became of steps: "a:passed b:bad" */
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
/** Ends the process with nothing more written; what ran has done all, something or nothing. */
void sim_kill(sim *s);
/** Boots and turns until it finishes. */
void sim_run(sim *s);
void sim_resume(sim *s);

/** Fails the test, with the trace, unless truth. */
void sim_hold(const sim *s, bool truth, const char *rule);
/** A number below n. */
unsigned sim_chance(sim *s, unsigned n);

#endif
