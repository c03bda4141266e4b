/** @file limit.h  A limit on what another step measured: "load.p95 > 500ms"; it holds when that is bad. */
#ifndef GATE_LIMIT_H
#define GATE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct limit {
    char step[128], metric[128]; /**< metric: "p95", all its instances too, or "p95/login" */
    const char *threshold;       /**< "> 500ms", as fail_if has it; borrowed from the limit's text */
} limit;

/** NULL, or what is wrong with it: borrowed, or in buf. */
const char *limit_parse(const char *text, limit *ret, char buf[256]);
/** Whether a measurement's name is the limit's metric or an instance of it. */
bool limit_is_about(const limit *l, const char *name);

#endif
