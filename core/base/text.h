/** @file text.h  A growing text. Zero it to begin; text_done() or text_take() to end. It may hold a secret: what it
 * leaves behind is wiped. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct text {
    char *items; /**< NUL-terminated once anything was added; else NULL */
    size_t count, room;
    size_t max;     /**< 0: no limit; what would exceed it is dropped */
    bool truncated; /**< something was dropped */
} text;

void text_add(text *t, const char *bytes, size_t n);
void text_puts(text *t, const char *s);
void text_printf(text *t, const char *fmt, ...) PRINTF(2, 3);
/** What was added, or "": borrowed until the next change. */
const char *text_get(const text *t);
/** Hands the text over ("" when empty); the caller frees. */
char *text_take(text *t);
void text_done(text *t);
#define guard_text __attribute__((cleanup(text_done))) text

/** Appends the first line of s, and more (borrowed, such as "...") when s has others. */
void text_first_line(text *t, const char *s, const char *more);
/** True when s begins with prefix. */
bool text_starts(const char *s, const char *prefix);

#endif
