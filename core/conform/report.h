/** @file report.h  What `belay plugin check` found: a row for each proof; as lines for people, JSON, JUnit. */
#ifndef CONFORM_REPORT_H
#define CONFORM_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

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

/** One line for a row, as a table. */
void conform_print_row(FILE *out, const conform_row *row);
/** One JSON document. */
void conform_print_json(FILE *out, const conform_report *r);
/** JUnit XML: a test suite for each subject. What is not proved is skipped there. */
int conform_write_junit(const char *path, const conform_report *r, error **err) CHECKED;

#endif
