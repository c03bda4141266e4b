/**
 * @file trend.h
 * Whether a series of samples grows, and how fast, told apart from noise: the median of the slopes between any two
 * samples (H. Theil, 1950; P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", Journal of the
 * American Statistical Association 63, 1968), where the Mann-Kendall test (H. B. Mann, 1945; M. G. Kendall, 1948) sees
 * a trend at all. Outliers do not move it as long as they, and what is lost of the series, stay below 29 %. No I/O.
 */
#ifndef BASE_TREND_H
#define BASE_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Of fewer samples not even the straightest rise is beyond chance. */
#define TREND_LEAST 5

typedef struct trend_sample {
    int64_t at; /**< ms of a clock that never steps; ascending */
    double value;
} trend_sample;

/** What the values grow by in an hour; 0 where a growth or fall is not beyond chance (95 %, both sides). False when
 * there are fewer than TREND_LEAST samples, or all are of the same time. */
bool trend_per_hour(const trend_sample *samples, size_t n, double *ret);

#endif
