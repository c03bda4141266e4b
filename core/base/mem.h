/**
 * @file mem.h
 * Memory that is always there, and guards that free at the end of a scope.
 *
 * Belay is crash-only: a run survives kill -9 at any instruction, so running out of memory needs no second way out.
 * These functions never return NULL; when memory is gone they print one line and end the process (see
 * mem_on_exhausted).
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include "base/error.h"

/** Zeroed memory for n things of size bytes; also when n is 0. */
void *mem_array(size_t n, size_t size) __attribute__((returns_nonnull, malloc, alloc_size(1, 2)));
/** Grows to n things of size bytes; what is new is not zeroed. */
void *mem_grow(void *old, size_t n, size_t size) __attribute__((returns_nonnull));
char *mem_dup(const char *s) __attribute__((returns_nonnull));
/** A copy of s, or NULL for NULL. */
char *mem_dup_or_null(const char *s);
/** The first n bytes of s, then a NUL. */
char *mem_dup_n(const char *s, size_t n) __attribute__((returns_nonnull));
char *mem_printf(const char *fmt, ...) PRINTF(1, 2) __attribute__((returns_nonnull));
char *mem_vprintf(const char *fmt, va_list ap) PRINTF(1, 0) __attribute__((returns_nonnull));
/** Overwrites n bytes, in a way that the compiler keeps, then frees; NULL is fine. */
void mem_wipe_free(void *p, size_t n);

/** Moves the first `used` bytes to memory of n bytes and wipes what is left behind, as realloc() does not. */
char *mem_grow_wiped(char *old, size_t used, size_t n) __attribute__((returns_nonnull));

/** Makes jansson and libcrypto use memory that is always there too; jansson's is wiped when it is freed. Call once,
 * before anything else. */
void mem_init(void);
/** What to print, and the exit status, when memory is gone. text is borrowed and must be constant. */
void mem_on_exhausted(const char *text, int exit_status);

#define mem_new(T) ((T *)mem_array(1, sizeof(T)))

/** A list that grows by doubling: `items` of `count`, room for `room`. p is the struct's address. */
#define mem_reserve(p)                                                                                                 \
    do {                                                                                                               \
        if ((p)->count == (p)->room) {                                                                                 \
            (p)->room = (p)->room ? 2 * (p)->room : 8;                                                                 \
            (p)->items = mem_grow((p)->items, (p)->room, sizeof *(p)->items);                                          \
        }                                                                                                              \
    } while (0)

/** Defines the guard of a type: after GUARD(thing, thing_free), `guard(thing) t = NULL;` frees at the scope's end. */
#define GUARD(T, free_fn)                                                                                              \
    static inline void T##_guard_(T **p)                                                                               \
    {                                                                                                                  \
        free_fn(*p);                                                                                                   \
    }
#define guard(T) __attribute__((cleanup(T##_guard_))) T *
/** A char * (or any malloc'd pointer) freed at the scope's end. */
#define guard_mem __attribute__((cleanup(mem_guard_)))
/** A file descriptor closed at the scope's end, unless negative. */
#define guard_fd __attribute__((cleanup(mem_guard_fd_), unused)) int
/** Moves a pointer out of its guard's reach. */
#define take(p)                                                                                                        \
    __extension__({                                                                                                    \
        __typeof__(p) taken_ = (p);                                                                                    \
        (p) = NULL;                                                                                                    \
        taken_;                                                                                                        \
    })

void mem_guard_(void *pointer_to_pointer);
void mem_guard_fd_(const int *fd);
GUARD(error, error_free)

#endif
