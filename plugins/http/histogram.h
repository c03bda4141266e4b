/**
 * @file histogram.h
 * Counts of durations, to three significant digits, in fixed memory (about 200 KiB).
 *
 * The layout of the buckets is HdrHistogram's (Gil Tene, http://hdrhistogram.org): values up to 2047 have a counter
 * each; above that, each doubling of the range has 1024 counters, so that no counter is wider than a thousandth of its
 * value.
 */
#ifndef HTTP_HISTOGRAM_H
#define HTTP_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_MAX ((uint64_t)3600 * 1000 * 1000) /**< microseconds; longer ones count as this */

typedef struct histogram histogram;

/** NULL when memory is gone. */
histogram *histogram_new(void);
void histogram_free(histogram *h);
void histogram_clear(histogram *h);
void histogram_add(histogram *h, uint64_t us);
uint64_t histogram_count(const histogram *h);
uint64_t histogram_max(const histogram *h);
/** The value that so many percent of all do not exceed; 0 when there is none. */
uint64_t histogram_percentile(const histogram *h, double percent);

#endif
