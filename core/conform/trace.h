/** @file trace.h  What belay-tracer reported of one worker. */
#ifndef CONFORM_TRACE_H
#define CONFORM_TRACE_H

#include <stdbool.h>

#include "base/mem.h"

typedef struct trace_call {
    long number;  /**< from 1, of the calls since the plugin was loaded; 0: while it was being loaded */
    char class;   /**< 'c' changes files, 'n' network, 'p' new process, 'x' new program, 't' talks to the core, '-' */
    char *name;   /**< "rename"; of 't': the message's type */
    char *detail; /**< 'c': the files; 'x': the program and its arguments */
} trace_call;

typedef struct trace {
    trace_call *items;
    size_t count, room;
    long calls;                                       /**< how many since it was loaded */
    bool returned;                                    /**< it came to its result */
    int descriptors_before, descriptors_after, tasks; /**< when it returned; tasks: threads */
    bool killed;                                      /**< at the call it was to be killed at */
    bool refused;                                     /**< nothing was run: this machine does not let it be traced */
} trace;

int trace_read(const char *path, trace *ret, error **err) CHECKED;
void trace_done(trace *t);
/** "rename (/w/current.new /w/current)", for people; the caller frees. */
char *trace_show(const trace_call *call);
/** The first file outside the folder `world` that the calls changed and that is there now: what they removed, and what
 * they made for a while, cannot be told apart and does not count. The caller frees; NULL: there is none. *ret_call (may
 * be NULL): the call that changed it. */
char *trace_changed_outside(const trace *t, const char *world, const trace_call **ret_call);
/** The call of this number, or NULL. */
const trace_call *trace_find(const trace *t, long number);

#endif
