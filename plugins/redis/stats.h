/** @file stats.h  INFO: its text, its fields, and the counters of errors that are compared over time. Source: redis.io,
 * command INFO. */
#ifndef REDIS_STATS_H
#define REDIS_STATS_H

#include <belay/plugin.h>

#include <stdbool.h>
#include <stddef.h>

/** Connects, asks INFO, and closes: a connection that is held over a window would be lost with the server, or to its
 * timeout. NULL, explained, with the status in *status; NOT_YET while the server loads its data. The caller frees. */
char *stats_ask(belay_ctx *c, const belay_host *h, belay_status *status);

/** Where the value of the line "name:value" is, or NULL; *length receives its length. Borrowed from info. */
const char *stats_field(const char *info, const char *name, size_t *length);
/** The same as a number; NaN when there is no such field. */
double stats_number(const char *info, const char *name);
/** True when both have the field, with one value. */
bool stats_same(const char *before, const char *after, const char *name);
/** True when the field has that value. */
bool stats_is(const char *info, const char *name, const char *value);

/** The lines of INFO that count errors, with the run_id they belong to; what `stats_field` reads again. The caller
 * frees; NULL when memory is gone. */
char *stats_counters(const char *info);
/** The next line "errorstat_NAME:count=N" from *at on; false past the last. *at moves behind it. */
#define STATS_ERROR_NAME 64
bool stats_next_error(const char **at, char name[STATS_ERROR_NAME], double *count);
/** How often an error of that name was answered; 0 when it is not listed. */
double stats_errors_named(const char *info, const char *name);

#endif
