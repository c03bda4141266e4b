/** @file budget.h  How much a phase may log: 200 lines a second, with room for a burst of 1,000, and 4 MiB in all. */
#ifndef WORKER_BUDGET_H
#define WORKER_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUDGET_LINES_PER_SECOND 200
#define BUDGET_BURST            1000
#define BUDGET_BYTES            ((size_t)4 * 1024 * 1024)

/** Zero it to begin. */
typedef struct budget {
    size_t bytes;        /**< taken so far */
    int64_t milli_lines; /**< lines that may be taken now, in thousandths */
    int64_t at_ms;       /**< when milli_lines was right; 0: at no time yet */
    uint64_t dropped;    /**< lines refused */
} budget;

/** True when a line of n bytes may be written now; else it is counted as dropped. */
bool budget_take(budget *b, size_t n, int64_t now_ms);

#endif
