/**
 * @file world_bed.h
 * A folder as the world, the plugin of tests/plugin/world, and the built `belay` run over it as a user would.
 *
 * Steps are named by one letter; each phase that ran left its mark: bed_trace() gives "pa pb ea va", that is prepare of
 * a, prepare of b, execute of a, verify of a; r is rollback, d discard.
 */
#ifndef TESTS_WORLD_BED_H
#define TESTS_WORLD_BED_H

#include <sys/types.h>

#include "kit.h"

typedef struct bed {
    const char *world; /**< the folder; holds the file "a" with "old" */
    const char *state;
    const char *file;   /**< the pipeline */
    const char *output; /**< file with what the last command printed */
    pid_t running;      /**< 0: none */
    /** Called in belay's process before it begins, after its output was set; NULL: nothing more to do. */
    void (*in_child)(void *user);
    void *user;
} bed;

bed bed_new(void);
/** True when BELAY_TORTURE=1 asks for the tests in full size; else they take a sample that fits into a minute. */
bool bed_torture(void);
/** Writes the pipeline file: version v2 over v1 unless previous is given; then stages and rollback stage as text. */
void bed_pipeline(const bed *b, const char *stages);
void bed_first_pipeline(const bed *b, const char *stages);
/** "{ id = "a"; use = "world.write"; file = "a"; content = "new"; MORE }" */
const char *bed_write(const bed *b, char id, const char *more);
const char *bed_check(const bed *b, char id, const char *more);
/** A collector: "{ id = "d"; use = "world.look"; MORE }" */
const char *bed_look(const bed *b, char id, const char *more);
const char *bed_shout(const bed *b, char id, const char *more);

/** Stages of a and b, and the rollback stage of c, that checks a. */
const char *bed_two_writes(const bed *b, const char *of_a, const char *of_b);

/** Milliseconds of a clock that does not step. */
int64_t bed_now_ms(void);
/** Runs belay with these words (NULL-terminated), with --json; gives its exit status, 128 + signal when it was ended.
 */
int bed_belay(bed *b, ...) __attribute__((sentinel));
/** belay run FILE. */
int bed_run(bed *b);
/** The same, not waiting for its end. */
void bed_start(bed *b, ...) __attribute__((sentinel));
/** Waits until the trace ends with these marks. */
void bed_wait(const bed *b, const char *marks);
/** Waits until the output holds a text. */
void bed_wait_output(const bed *b, const char *text);
void bed_signal(const bed *b, int number);
/** Waits for the end. */
int bed_end(bed *b);

/** The first child of a process; of belay: its worker's supervisor, of that: the plugin's process. */
pid_t bed_child(pid_t of);

/** The marks so far; bed_forget() empties them. */
const char *bed_trace(const bed *b);
void bed_forget(const bed *b);
/** A file of the world, NULL when it is not there. */
const char *bed_file(const bed *b, const char *name);
/** The events that the last command printed. */
const char *bed_events(const bed *b);
/** The world is as bed_new() made it, but for the trace. */
void bed_assert_untouched(const bed *b);
void assert_contains(const char *text, const char *part);

#endif
