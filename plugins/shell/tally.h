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
    uint64_t empty;        /**< files and suites without a test case */
    char empty_names[300]; /**< of the first of them */
    char broken[300];      /**< why the report cannot be judged by; "" when it can */
} tally;

void tally_failed(tally *t, const char *name);
/** Counts a file or suite ("suite ", its name) that has no test case: nobody may take it for one that passed. */
void tally_empty(tally *t, const char *what, const char *name);
/** Says why the report cannot be judged by; the first reason stays. */
void tally_broken(tally *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Test Anything Protocol, versions 12 to 14 (testanything.org), one line at a time. Subtests, which are indented,
 * count by the line of the test they belong to. */
typedef struct tap {
    tally *tally;
    int64_t planned; /**< -1 until the plan is seen */
    uint64_t seen;
    uint64_t out_of_sequence;           /**< tests with another number than their place */
    uint64_t first_number, first_place; /**< of the first such */
} tap;
/** True when the line was a test or the plan. */
bool tap_line(tap *t, const char *line);
/** At the end: was as much run as planned? */
void tap_end(tap *t);

/**
 * Lines such as "5 passed, 1 failed, 2 skipped", in which passed or failed stands with a number ("1,204 passed" too).
 * Lines of cargo ("test result: ...") are added up. Of others the last one counts, but a line that counts failures is
 * never forgotten for one that has fewer, and of jest and vitest the line "Tests", not "Snapshots" or "Test Suites".
 */
typedef struct counts {
    tally *tally;
    uint64_t sum[3]; /**< of cargo's lines: passed, failed, skipped */
    bool summed, labelled;
} counts;
void counts_line(counts *c, const char *line);

/** Adds the test cases of a JUnit XML file, from a stream of bytes. */
typedef struct junit junit;
junit *junit_new(tally *t, const char *file);
void junit_add(junit *j, const char *bytes, size_t n, bool last);
void junit_free(junit *j);

#endif
