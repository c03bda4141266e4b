/** @file outflow.h  What leaves a worker for the log and the artifacts: masked, counted, limited. */
#ifndef WORKER_OUTFLOW_H
#define WORKER_OUTFLOW_H

#include "base/text.h"
#include "worker/budget.h"
#include "worker/worker.h"

/** What a worker may write in all, as log messages or to its standard output, before it is to be stopped. */
#define OUTFLOW_FLOOD (4 * BUDGET_BYTES)
/** Bytes of an artifact, how many artifacts there are of a call, and how long their names are. */
#define OUTFLOW_ARTIFACT  ((size_t)16 * 1024 * 1024)
#define OUTFLOW_ARTIFACTS 64
#define OUTFLOW_NAME      100

/** Lines, masked as one stream, so that a value split over lines is found, and within the budget. */
typedef struct outflow_lines {
    redact_stream safe;
    text masked; /**< not yet a whole line */
    text levels; /**< of the lines that are not yet out: one digit each */
    size_t bytes;
} outflow_lines;

typedef struct outflow_file {
    char *name;
    redact_stream safe;
    size_t bytes;
} outflow_file;

/** Zero it to begin, but for the first two members. */
typedef struct outflow {
    const redactor *secrets;         /**< borrowed */
    const worker_handlers *handlers; /**< borrowed: log, keep */
    outflow_lines said, printed;
    budget log;
    struct {
        outflow_file *items;
        size_t count, room;
    } artifacts;
} outflow;

/** One line of the log. false: it was more than OUTFLOW_FLOOD in all. */
bool outflow_say(outflow *o, int level, const char *line);
/** Bytes as they were printed. false: the same; what comes after that is left out. */
bool outflow_print(outflow *o, const char *bytes, size_t n);
/** A piece of an artifact. E_CONFIG: a bad name; E_LIMIT: too many, or too large; E_HOST: it could not be kept. */
belay_status outflow_artifact(outflow *o, const char *name, const char *bytes, size_t n);
/** Writes what was held back, and frees what it holds. */
void outflow_end(outflow *o);

#endif
