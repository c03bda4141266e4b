/**
 * @file frames.h
 * Data frames as Grafana's POST /api/ds/query answers them:
 * {"results":{"A":{"status":200,"frames":[{"schema":{"fields":[{"name","type","labels"}]},"data":{"values":[[..],[..]],
 * "entities":[null,{"NaN":[1],"Inf":[],"NegInf":[]}]}}]}}}. JSON has no NaN: such a value is null, and its index stands
 * in "entities". One answer may hold several series, each a number field of some frame.
 */
#ifndef GRAFANA_FRAMES_H
#define GRAFANA_FRAMES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** One series. */
typedef struct frames_series {
    char *name;     /**< its labels, "job=auth,status=500", or its field's name */
    double *values; /**< in order of time; NaN where null and for the entities NaN; Inf for Inf and NegInf */
    size_t count;
} frames_series;

typedef struct frames {
    frames_series *series;
    size_t count;
    size_t logs;     /**< frames of log lines: they hold no figure */
    char error[512]; /**< what Grafana says of a query that failed; "" when it did not */
} frames;

/** Reads the answer for refId ("A"). Never fails on odd input: what is not understood gives no series. */
void frames_read(const json_t *answer, const char *ref, frames *ret);
void frames_done(frames *f);
/** True when the series holds a number. */
bool frames_has_number(const frames_series *s);

typedef enum frames_reduce { REDUCE_LAST, REDUCE_MAX, REDUCE_MIN, REDUCE_MEAN } frames_reduce;
/** One figure of a series, over what is a number; NaN when there is none. */
double frames_reduce_series(const frames_series *s, frames_reduce how);

#endif
