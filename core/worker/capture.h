/** @file capture.h  The output of a program, of any length, in bounded memory: its beginning, its end, and its lines.
 */
#ifndef WORKER_CAPTURE_H
#define WORKER_CAPTURE_H

#include <stdint.h>

#include "base/text.h"

#define CAPTURE_HEAD ((size_t)64 * 1024)
#define CAPTURE_TAIL ((size_t)192 * 1024)

/** Zero it to begin. */
typedef struct capture {
    text head;
    char *tail;      /**< a ring of CAPTURE_TAIL bytes; made when the head is full */
    uint64_t length; /**< of the whole output */
} capture;
void capture_add(capture *c, const char *bytes, size_t n);
/** Beginning, a line that says how much is left out, end; the caller frees. Empties c. */
char *capture_take(capture *c);

/** Cuts a stream into lines. Lines longer than 16 KiB come in pieces. Zero `partial` to begin. */
typedef struct capture_lines {
    void (*line)(void *user, const char *line, size_t n);
    void *user;
    text partial;
} capture_lines;
void capture_lines_add(capture_lines *l, const char *bytes, size_t n);
/** The last line, when it has no line end. */
void capture_lines_end(capture_lines *l);

#endif
