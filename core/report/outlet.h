/**
 * @file outlet.h
 * Where a report is written, so that its reader cannot hold the run up: what a pipe or terminal does not take at once
 * waits in memory; what exceeds OUTLET_MAX is dropped; a reader that is gone is forgotten. SIGPIPE must be ignored.
 */
#ifndef REPORT_OUTLET_H
#define REPORT_OUTLET_H

#include <stdio.h>

#include "base/text.h"

#define OUTLET_MAX (16u << 20)

typedef struct outlet {
    FILE *out; /**< borrowed */
    int fd;    /**< -1: no descriptor, written through `out` */
    text waiting;
    bool gone;      /**< the reader closed, or the file cannot be written */
    size_t dropped; /**< pieces for which there was no room; the owner may reset it */
} outlet;

outlet outlet_to(FILE *out);
/** Hands over n bytes. Whole or not at all: false when they were dropped. */
bool outlet_add(outlet *o, const char *bytes, size_t n);
/** Writes what can be written now. */
void outlet_push(outlet *o);
/** True when nothing waits: a good time to draw. */
bool outlet_is_idle(outlet *o);
/** Writes the rest, waiting for a reader as long as it goes on reading (at most 10 s without taking anything). */
void outlet_done(outlet *o);

#endif
