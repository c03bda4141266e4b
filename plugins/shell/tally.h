/** @file tally.h  Tests counted, from whichever report tells of them. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tally {
    uint64_t passed, failed, skipped;
    char names[700]; /**< "'first', 'second'": of those that failed, as many as there is room for */
    uint64_t named;
    char broken[300]; /**< why the report cannot be judged by; "" when it can */
} tally;

void tally_failed(tally *t, const char *name);
/** Says why the report cannot be judged by; the first reason stays. */
void tally_broken(tally *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Test Anything Protocol, versions 12 to 14 (testanything.org), one line at a time. Subtests, which are indented,
 * count by the line of the test they belong to. */
typedef struct tap {
    tally *tally;
    int64_t planned; /**< -1 until the plan is seen */
    uint64_t seen;
} tap;
/** True when the line was a test or the plan. */
bool tap_line(tap *t, const char *line);
/** At the end: was as much run as planned? */
void tap_end(tap *t);

/** A line such as "5 passed, 1 failed, 2 skipped" (pytest, cargo): the last one of the output counts. */
void counts_line(tally *t, const char *line);

/** Adds the test cases of a JUnit XML file, from a stream of bytes. */
typedef struct junit junit;
junit *junit_new(tally *t, const char *file);
void junit_add(junit *j, const char *bytes, size_t n, bool last);
void junit_free(junit *j);

#endif
