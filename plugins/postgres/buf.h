/**
 * @file buf.h
 * A growing text, memory that is always there, and guards that free at the end of a scope.
 *
 * A worker process that runs out of memory ends: its step has failed, and rollback starts in a fresh process. So these
 * functions never return NULL.
 */
#ifndef POSTGRES_BUF_H
#define POSTGRES_BUF_H

#include <stdarg.h>
#include <stddef.h>

/** Zero it to begin; buf_done() or buf_take() to end. */
typedef struct buf {
    char *text; /**< NUL-terminated once anything was added; else NULL */
    size_t length, room;
} buf;

void buf_add(buf *b, const char *bytes, size_t n);
void buf_puts(buf *b, const char *s);
void buf_putc(buf *b, char c);
void buf_printf(buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** What was added, or "": borrowed until the next change. */
const char *buf_get(const buf *b);
/** Hands the text over ("" when empty); the caller frees. */
char *buf_take(buf *b);
void buf_done(buf *b);

/** Grows an array to n items of size bytes; what is new is not zeroed. */
void *heap_grow(void *old, size_t n, size_t size) __attribute__((returns_nonnull));
/** Zeroed. */
void *heap_zeroed(size_t size) __attribute__((returns_nonnull, malloc));
char *heap_dup(const char *s) __attribute__((returns_nonnull));
char *heap_dup_n(const char *s, size_t n) __attribute__((returns_nonnull));
char *heap_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/** A list that grows by doubling: `items` of `count`, room for `room`; p is the struct's address. */
#define heap_reserve(p)                                                                                                \
    do {                                                                                                               \
        if ((p)->count == (p)->room) {                                                                                 \
            (p)->room = (p)->room ? 2 * (p)->room : 16;                                                                \
            (p)->items = heap_grow((p)->items, (p)->room, sizeof *(p)->items);                                         \
        }                                                                                                              \
    } while (0)

/** After GUARD(thing, thing_free), `guard(thing) t = NULL;` frees at the scope's end. */
#define GUARD(T, free_fn)                                                                                              \
    static inline void T##_guard_(T **p)                                                                               \
    {                                                                                                                  \
        free_fn(*p);                                                                                                   \
    }
#define guard(T)   __attribute__((cleanup(T##_guard_))) T *
#define guard_buf  __attribute__((cleanup(buf_done))) buf
#define guard_heap __attribute__((cleanup(heap_guard_)))
#define guard_fd   __attribute__((cleanup(heap_guard_fd_))) int
/** Moves a pointer out of its guard's reach. */
#define take(p)                                                                                                        \
    __extension__({                                                                                                    \
        __typeof__(p) taken_ = (p);                                                                                    \
        (p) = NULL;                                                                                                    \
        taken_;                                                                                                        \
    })

void heap_guard_(void *pointer_to_pointer);
void heap_guard_fd_(const int *fd);

#endif
