/**
 * @file logpattern.h
 * Patterns that lines of logs match: POSIX extended regular expressions, for all logs or, written "service: pattern" or
 * "container: pattern", for one. What stands before ": " counts only when it is the name of one; else it is a part of
 * the pattern, as in "ERROR: .* failed".
 */
#ifndef DOCKER_LOGPATTERN_H
#define DOCKER_LOGPATTERN_H

#include <regex.h>
#include <stdbool.h>

#include "call.h"

typedef struct pattern {
    const char *text; /**< borrowed from the option */
    char *only;       /**< service or container, or NULL */
    regex_t regex;
    bool seen; /**< in the log being read */
} pattern;

typedef struct patterns {
    pattern *items;
    size_t count;
} patterns;

/** A container's log. Borrowed. */
typedef struct log_source {
    const char *id;
    const char *name;      /**< as the step's options call it: its service's name, or its own */
    const char *container; /**< its own name */
} log_source;

/** Reads a list option. names: set of the services and containers that a pattern may be for, or NULL while they are not
 * known. E_CONFIG, explained, for what is no regular expression. */
belay_status patterns_read(const call *c, const char *option, const json_t *names, patterns *ret)
    __attribute__((warn_unused_result));
void patterns_done(patterns *p);
#define guard_patterns __attribute__((cleanup(patterns_done))) patterns

/** What stands before ": ", when that could be a name, or NULL. The caller frees. */
char *patterns_prefix(const char *item);
bool pattern_is_for(const pattern *p, const log_source *log);
/** Marks those that the line matches; false when there is none. */
bool patterns_match(patterns *p, const log_source *log, const char *line);

#endif
