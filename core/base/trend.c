#include "base/trend.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define HOUR_MS 3600000.0
#define MOST    256  /* samples that are compared with one another: 32,640 pairs */
#define CERTAIN 1.96 /* of the normal distribution: 95 % lie within as many standard deviations */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* A long series as at most MOST samples, each the median of as many successive ones: robust like the rest. */
static size_t thin(const trend_sample *samples, size_t n, trend_sample *ret)
{
    const size_t each = (n + MOST - 1) / MOST;
    guard_mem double *values = mem_array(each, sizeof *values);
    size_t count = 0;
    for (size_t i = 0; i < n; i += each) {
        const size_t part = n - i < each ? n - i : each;
        for (size_t k = 0; k < part; k++)
            values[k] = samples[i + k].value;
        ret[count++] = (trend_sample){.at = samples[i + part / 2].at, .value = median(values, part)};
    }
    return count;
}

/* Mann-Kendall: by how many the pairs that rise outnumber those that fall; of n values without order its variance is
 * n (n - 1) (2 n + 5) / 18. Ties would make that smaller: leaving them out errs on the side of no trend. */
static bool beyond_chance(int64_t surplus, size_t count)
{
    const double n = (double)count, deviation = sqrt(n * (n - 1) * (2 * n + 5) / 18);
    return (double)(llabs(surplus) - 1) > CERTAIN * deviation;
}

bool trend_per_hour(const trend_sample *samples, size_t n, double *ret)
{
    trend_sample few[MOST];
    const size_t count = n < TREND_LEAST ? 0 : thin(samples, n, few);
    guard_mem double *slopes = mem_array(count * count / 2 + 1, sizeof *slopes);
    size_t pairs = 0;
    int64_t surplus = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++) {
            const double rise = few[k].value - few[i].value;
            if (few[k].at <= few[i].at)
                continue;
            slopes[pairs++] = rise / (double)(few[k].at - few[i].at);
            surplus += (rise > 0) - (rise < 0);
        }
    if (pairs == 0)
        return false;
    *ret = beyond_chance(surplus, count) ? median(slopes, pairs) * HOUR_MS : 0;
    return true;
}
