/** @file run.h  Runs the built `belay` as a user does. */
#ifndef TESTS_E2E_RUN_H
#define TESTS_E2E_RUN_H

#include <stdbool.h>

/** What a run came to; texts live until the test program ends. */
typedef struct outcome {
    int status; /**< exit status; 128 + N after signal N */
    const char *out, *err;
} outcome;

/** Runs belay with these arguments (NULL-terminated) and a state folder of this test program's own. */
outcome belay(const char *argument, ...) __attribute__((sentinel));
/** The state folder. */
const char *belay_state(void);
/** Fails the test unless text holds part; prints both. */
void assert_holds(const char *text, const char *part);
void assert_holds_not(const char *text, const char *part);

#endif
