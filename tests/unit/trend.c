/* Slopes of series: with noise, outliers, gaps and too few samples. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/trend.h"

#define MINUTE_MS 60000
#define MB        1e6

typedef struct shape {
    size_t n;
    double per_hour, noise; /* noise: half of its width */
    size_t outlier_each;    /* every so many samples one is far off; 0: none */
    size_t gap_each;        /* every so many samples the next ten are missing */
    size_t warm_up;         /* as many samples at the beginning grow by 1 MB each */
} shape;

/* -1 to 1, the same in every run. */
static double noise(void)
{
    static uint64_t x = 88172645463325252;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (double)(x >> 11) / (double)(UINT64_C(1) << 52) - 1;
}

/* A sample each minute. */
static double slope_of(const shape *s)
{
    guard_mem trend_sample *samples = mem_array(s->n, sizeof *samples);
    int64_t minute = 1000000;
    double slope = NAN;
    for (size_t i = 0; i < s->n; i++, minute++) {
        if (s->gap_each && i % s->gap_each == s->gap_each - 1)
            minute += 10;
        samples[i].at = minute * MINUTE_MS;
        samples[i].value = 100 * MB + s->per_hour * (double)(minute - 1000000) / 60 + s->noise * noise();
        if (s->outlier_each && i % s->outlier_each == 0)
            samples[i].value *= 50;
        if (i < s->warm_up)
            samples[i].value -= MB * (double)(s->warm_up - i);
    }
    assert_true(trend_per_hour(samples, s->n, &slope));
    return slope;
}

static void a_straight_line_has_its_slope(void **state)
{
    (void)state;
    const shape up = {.n = 5, .per_hour = 8 * MB}, down = {.n = 200, .per_hour = -3 * MB}, flat = {.n = 50};
    assert_float_equal(slope_of(&up), 8 * MB, 1);
    assert_float_equal(slope_of(&down), -3 * MB, 1);
    assert_float_equal(slope_of(&flat), 0, 0);
}

static void noise_alone_is_no_trend(void **state)
{
    (void)state;
    size_t seen = 0;
    for (size_t i = 0; i < 200; i++) {
        const shape s = {.n = 30, .noise = 5 * MB};
        seen += fabs(slope_of(&s)) > 0;
    }
    assert_in_range(seen, 0, 20); /* 5 % of 200 are to be expected */
}

static void a_leak_is_seen_through_noise_outliers_gaps_and_a_warm_up(void **state)
{
    (void)state;
    static const shape shapes[] = {
        {.n = 240, .per_hour = 10 * MB, .noise = 5 * MB},
        {.n = 240, .per_hour = 10 * MB, .noise = MB, .outlier_each = 7},
        {.n = 240, .per_hour = 10 * MB, .noise = MB, .gap_each = 20},
        {.n = 240, .per_hour = 10 * MB, .noise = MB, .warm_up = 20},
        {.n = 5000, .per_hour = 10 * MB, .noise = 5 * MB, .outlier_each = 9, .gap_each = 100},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const double slope = slope_of(&shapes[i]);
        if (fabs(slope - 10 * MB) > 2 * MB)
            fail_msg("shape %zu: %g", i, slope);
    }
}

static void outliers_and_a_warm_up_alone_are_no_leak(void **state)
{
    (void)state;
    const shape outliers = {.n = 240, .noise = MB, .outlier_each = 5}, warm = {.n = 240, .noise = MB, .warm_up = 15};
    assert_true(fabs(slope_of(&outliers)) < MB);
    assert_true(fabs(slope_of(&warm)) < MB);
}

static void too_few_samples_have_no_slope(void **state)
{
    (void)state;
    trend_sample samples[TREND_LEAST];
    double slope = 7;
    for (size_t i = 0; i < TREND_LEAST; i++)
        samples[i] = (trend_sample){.at = (int64_t)i * MINUTE_MS, .value = (double)i};
    for (size_t n = 0; n < TREND_LEAST; n++)
        assert_false(trend_per_hour(samples, n, &slope));
    assert_float_equal(slope, 7, 0);
    assert_true(trend_per_hour(samples, TREND_LEAST, &slope));
    assert_float_equal(slope, 60, 1e-6);
}

static void samples_of_one_moment_have_no_slope(void **state)
{
    (void)state;
    trend_sample samples[TREND_LEAST];
    double slope = 7;
    for (size_t i = 0; i < TREND_LEAST; i++)
        samples[i] = (trend_sample){.at = 5, .value = (double)i};
    assert_false(trend_per_hour(samples, TREND_LEAST, &slope));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_straight_line_has_its_slope),
        cmocka_unit_test(noise_alone_is_no_trend),
        cmocka_unit_test(a_leak_is_seen_through_noise_outliers_gaps_and_a_warm_up),
        cmocka_unit_test(outliers_and_a_warm_up_alone_are_no_leak),
        cmocka_unit_test(too_few_samples_have_no_slope),
        cmocka_unit_test(samples_of_one_moment_have_no_slope),
    };
    return cmocka_run_group_tests_name("trend", tests, NULL, NULL);
}
