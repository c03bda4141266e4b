/**
 * @file buildlog.h
 * Reads what a build says (BuildKit's plain progress, as Compose prints it): how far each service is, and on failure
 * which step failed with which last lines.
 *
 *     #8 [agents 4/7] RUN pip install ...      a step begins
 *     #8 0.321 some output                     its output, with seconds since its start
 *     #8 DONE 1.2s | #8 CACHED | #8 ERROR: ...
 *     Step 4/7 : RUN pip install ...           the builder without BuildKit: no service, no end
 */
#ifndef DOCKER_BUILDLOG_H
#define DOCKER_BUILDLOG_H

#include <stdbool.h>

#include "text.h"

typedef struct buildlog {
    json_t *steps;     /**< object: vertex number -> "[agents 4/7] RUN ..." */
    json_t *stages;    /**< object: "agents" -> {"at": 4, "of": 7} */
    json_t *lines;     /**< object: vertex number -> array of its last lines of output */
    json_t *errors;    /**< object: vertex number -> what it said after "ERROR:" */
    char *reason;      /**< the line "failed to solve: ..." */
    char *instruction; /**< of the last step without BuildKit, or of the command that it says failed; or NULL */
} buildlog;

void buildlog_init(buildlog *b);
void buildlog_done(buildlog *b);
/** Takes a line. true: a step began, of which *ret_step tells ("agents 4/7 RUN ..."; borrowed until the next line). */
bool buildlog_line(buildlog *b, const char *line, const char **ret_step);
/** The number of the vertex that made the build fail, or NULL: others are cut off along with it. Borrowed. */
const char *buildlog_culprit(const buildlog *b);
/** Steps begun, and known in all. */
void buildlog_progress(const buildlog *b, uint64_t *ret_done, uint64_t *ret_all);

/** The line of `dockerfile` (its text) where the instruction stands, from 1; 0 when it is not there, or there twice.
 *  White space and line continuations do not count. */
int buildlog_find(const char *dockerfile, const char *instruction);

#endif
