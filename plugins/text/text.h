/**
 * @file text.h
 * Text that grows, and guards that free at the end of a scope. Memory is always there: when it is gone the process
 * ends, which for a worker is a failed phase like any other.
 */
#ifndef TEXT_TEXT_H
#define TEXT_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/** Growing text. `s` is NUL-terminated, or NULL while nothing was added; see text_of(). */
typedef struct text {
    char *s;
    size_t length, room;
} text;

void text_add(text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(text *t, const void *bytes, size_t n);
/** The text, never NULL; borrowed until the next change. */
const char *text_of(const text *t);
void text_clear(text *t);
/** Removes white space at the end. */
void text_trim(text *t);

/** Removes from n bytes, in place, what a terminal does not show: escape sequences that are complete (colours, links,
 * character sets), escape characters, NUL. Nothing that can be read goes. Returns how many bytes are left. */
size_t text_plain(char *s, size_t n);

/** A formatted string of its own, never NULL. */
char *text_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
char *text_dup(const char *s) __attribute__((returns_nonnull));
/** Grows memory to n things of size bytes; never NULL. What is new is not zeroed. */
void *text_grow(void *old, size_t n, size_t size) __attribute__((returns_nonnull));
/** "512 B", "12.3 MB" (powers of 1000); in a buffer of the caller's. */
#define TEXT_SIZE 24
char *text_size(int64_t bytes, char buf[TEXT_SIZE]);
/** "0123456789ab" of "sha256:0123456789abcdef...": 12 digits, as people know ids; in a buffer of the caller's. */
#define TEXT_ID 16
char *text_id(const char *id, char buf[TEXT_ID]);
/** Reads "512B" "64KiB" "1.5GB" at *s and moves *s past it; -1 when there is no such size. */
int64_t text_read_size(const char **s);

/** A JSON string. Of what is not UTF-8, its ASCII, with '?' for the rest: a build may print anything. */
json_t *text_json(const char *s) __attribute__((returns_nonnull));
/** A string member of a JSON object, or "" when it is missing or no string. Borrowed from the object. */
const char *text_member(const json_t *object, const char *key);

static inline void text_guard_mem_(void *p)
{
    free(*(void **)p);
}
static inline void text_guard_json_(json_t **p)
{
    json_decref(*p);
}
/** A malloc'd pointer, a text, a JSON reference; released at the scope's end. */
#define guard_mem  __attribute__((cleanup(text_guard_mem_)))
#define guard_text __attribute__((cleanup(text_clear))) text
#define guard_json __attribute__((cleanup(text_guard_json_))) json_t
/** Moves a pointer out of its guard's reach. */
#define take(p)                                                                                                        \
    __extension__({                                                                                                    \
        __typeof__(p) taken_ = (p);                                                                                    \
        (p) = NULL;                                                                                                    \
        taken_;                                                                                                        \
    })

#endif
