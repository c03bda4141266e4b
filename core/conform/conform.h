/**
 * @file conform.h
 * What `belay plugin check` proves of a plugin: that it keeps the promises of belay/plugin.h, tried on the real worker
 * with a world that a case describes. docs/CONFORMANCE.md lists the proofs and describes a case.
 */
#ifndef CONFORM_CONFORM_H
#define CONFORM_CONFORM_H

#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

typedef enum conform_verdict { CONFORM_PROVED, CONFORM_FAILED, CONFORM_NOT_PROVED } conform_verdict;

typedef struct conform_row {
    const char *id;    /**< "C1" */
    const char *claim; /**< "a kill anywhere can be taken back" */
    char *subject;     /**< the case, or the plugin itself */
    conform_verdict verdict;
    char *text; /**< FAILED: what to mend; NOT_PROVED: why; PROVED: how much was tried, or "" */
    int64_t ms;
} conform_row;

typedef struct conform_report {
    char *plugin; /**< the file */
    conform_row *items;
    size_t count, room;
} conform_report;
void conform_report_done(conform_report *r);
/** The worst verdict of all. Nothing that was not proved counts as proved. */
conform_verdict conform_report_verdict(const conform_report *r);

typedef struct conform_request {
    const char *plugin;       /**< the file */
    const char *const *cases; /**< folders, NULL-terminated; may be NULL */
    const char *only;         /**< "C1": one proof, "C1#37": one case of it; NULL: all */
    const char *gdb;          /**< the phase of the trial that gdb is to look at, NULL: none; needs only */
    int kills;      /**< about how many kills C1 makes at the most, and T1 cancellations; X2 makes 5 times that.
                         0: 1000, all, all */
    FILE *progress; /**< receives each row as it is known; NULL: nobody */
} conform_request;

/** An error means that nothing could be tried: the file or a case cannot be read. A plugin that is refused is a row. */
int conform_run(const conform_request *request, conform_report *ret, error **err) CHECKED;

/** One line for a row, as a table. */
void conform_print_row(FILE *out, const conform_row *row);
/** One JSON document. */
void conform_print_json(FILE *out, const conform_report *r);
/** JUnit XML: a test suite for each subject. What is not proved is skipped there. */
int conform_write_junit(const char *path, const conform_report *r, error **err) CHECKED;

#endif
