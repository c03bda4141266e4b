/** @file debugger.h  gdb on the process of a phase, on the terminal of this program. */
#ifndef CONFORM_DEBUGGER_H
#define CONFORM_DEBUGGER_H

#include <signal.h>
#include <stdbool.h>
#include <uv.h>

#include "base/error.h"

typedef struct debugger {
    uv_process_t process;
    bool running;
    struct sigaction interrupt; /**< what Ctrl-C did before: now it is gdb's */
} debugger;

/** ERROR_NOT_FOUND when gdb is not installed. */
int debugger_find(error **err) CHECKED;
/** Starts gdb on a process, with this program's standard streams, says what it is ("rollback, number 2"), and lets the
 *  process run to the address entry ("0x..."). The loop then runs until gdb has ended, too. Zero it before. */
int debugger_start(debugger *d, uv_loop_t *loop, const char *what, int pid, const char *entry, error **err) CHECKED;

#endif
