/**
 * @file fuzz.h
 * What the fuzz targets share. A target is a file NAME.c with LLVMFuzzerTestOneInput, a folder NAME/ of seeds and a row
 * in CMakeLists.txt. Built with clang it is a libFuzzer program (`tests/fuzz/run`); else it is an ordinary quick test
 * that replays its seeds.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/** What holds for every input. When it does not, the input is a finding. */
#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                       \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/** Cuts of a stream, made from the stream itself so that a finding repeats. */
typedef struct fuzz_cuts {
    uint32_t state;
} fuzz_cuts;

static inline fuzz_cuts fuzz_cuts_of(const uint8_t *bytes, size_t size)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return (fuzz_cuts){hash | 1};
}

/** A number below n, which is not 0. */
static inline size_t fuzz_below(fuzz_cuts *c, size_t n)
{
    c->state ^= c->state << 13; /* xorshift */
    c->state ^= c->state >> 17;
    c->state ^= c->state << 5;
    return c->state % n;
}

/** The length of the next piece, of the bytes that are left: from 1 to all, mostly short. */
static inline size_t fuzz_piece(fuzz_cuts *c, size_t left)
{
    size_t most = fuzz_below(c, 4) ? 9 : left;
    return 1 + fuzz_below(c, most < left ? most : left);
}

/** Calls act with each line of the bytes, without its end, in memory of its own so that reading past it is seen. */
static inline void fuzz_lines(const uint8_t *bytes, size_t size, void (*act)(void *user, char *line), void *user)
{
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(bytes + at, '\n', size - at);
        size_t n = end ? (size_t)(end - bytes) - at : size - at;
        char *line = strndup((const char *)bytes + at, n);
        MUST(line != NULL);
        act(user, line);
        free(line);
        at += n + 1;
    }
}

#endif
