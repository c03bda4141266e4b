/** @file limit.h  A limit on what another step measured: "load.p95 > 500ms"; it holds when that is bad. */
#ifndef GATE_LIMIT_H
#define GATE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct limit {
    char step[128], metric[128]; /**< metric: "p95", all its instances too, or "p95/login" */
    char sign[3];                /**< ">" ">=" "<" "<=" */
    double value;
    char unit[16]; /**< as written; "" */
} limit;

/** NULL, or what is wrong with it. */
const char *limit_parse(const char *text, limit *ret);
/** The limit's value in the metric's unit ("ms", "B", "%" ...). False when its own unit does not fit. */
bool limit_in(const limit *l, const char *unit, double *ret);
/** Whether value is bad by it. bound: from limit_in(). */
bool limit_holds(const limit *l, double bound, double value);
/** Whether a measurement's name is the limit's metric or an instance of it. */
bool limit_is_about(const limit *l, const char *name);

#endif
