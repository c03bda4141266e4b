#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/units.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef int (*parser)(const char *s, int64_t *ret, error **err);

static void assert_refused(parser parse, const char *s, const char *why)
{
    guard(error) err = NULL;
    int64_t value = -7;
    int r = parse(s, &value, &err);
    if (r == 0)
        fail_msg("'%s' was taken as %lld", s, (long long)value);
    assert_int_equal(r, -ERROR_CONFIG);
    assert_int_equal(value, -7);
    assert_non_null(error_get_hint(err));
    guard_mem char *text = error_text(err);
    if (!strstr(text, why) || !strstr(text, s))
        fail_msg("'%s' is refused with: %s", s, text);
}

static void assert_value(parser parse, const char *s, int64_t want)
{
    guard(error) err = NULL;
    int64_t value = -7;
    if (parse(s, &value, &err) != 0) {
        guard_mem char *text = error_text(err);
        fail_msg("'%s': %s", s, text);
    }
    assert_int_equal(value, want);
}

static void durations_are_read_in_milliseconds(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        int64_t ms;
    } cases[] = {
        {"250ms", 250},    {"30s", 30000},
        {"5m", 300000},    {"5min", 300000},
        {"24h", 86400000}, {"2d", 172800000},
        {"1.5h", 5400000}, {"0s", 0},
        {"0.25s", 250},    {" 10 s ", 10000},
        {"007s", 7000},    {"0.0005s", 1},
        {"1.999s", 1999},  {"100000d", INT64_C(8640000000000)},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_value(units_duration, cases[i].s, cases[i].ms);
}

static void sizes_are_read_in_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        int64_t bytes;
    } cases[] = {
        {"512B", 512},          {"64KiB", 65536},       {"1.5GiB", 1610612736},
        {"20GB", 20000000000},  {"200kB", 200000},      {"200KB", 200000},
        {"3TB", 3000000000000}, {"20 GB", 20000000000}, {"7PiB", INT64_C(7881299347898368)},
        {"0.5KiB", 512},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_value(units_size, cases[i].s, cases[i].bytes);
}

static void wrong_durations_and_sizes_are_refused_with_the_way_to_write_them(void **state)
{
    (void)state;
    static const struct {
        parser parse;
        const char *s, *why;
    } cases[] = {
        {units_duration, "30", "unit is missing"},
        {units_duration, "", "begin with a number"},
        {units_duration, "s", "begin with a number"},
        {units_duration, "-5s", "negative"},
        {units_duration, "5x", "not known"},
        {units_duration, "5S", "not known"},
        {units_duration, "5s5", "not known"},
        {units_duration, "1.s", "digit must follow"},
        {units_duration, "1e3s", "not known"},
        {units_duration, "0x10s", "not known"},
        {units_duration, "inf", "begin with a number"},
        {units_duration, "20GB", "not known"},
        {units_duration, "106751991168d", "too large"},
        {units_duration, "99999999999999999999s", "too large"},
        {units_size, "20", "unit is missing"},
        {units_size, "20G", "not known"},
        {units_size, "20gb", "not known"},
        {units_size, "9000PiB", "too large"},
        {units_size, "8191.9999PiB0", "not known"},
        {units_size, "30s", "not known"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(cases[i].parse, cases[i].s, cases[i].why);
}

static void durations_are_shown_for_people(void **state)
{
    (void)state;
    char buf[UNITS_TEXT];
    assert_string_equal(units_show_duration(0, buf), "0 ms");
    assert_string_equal(units_show_duration(850, buf), "850 ms");
    assert_string_equal(units_show_duration(12449, buf), "12.4 s");
    assert_string_equal(units_show_duration(59999, buf), "59.9 s");
    assert_string_equal(units_show_duration(185000, buf), "3 min 05 s");
    assert_string_equal(units_show_duration(7800000, buf), "2 h 10 min");
    assert_string_equal(units_show_duration(INT64_C(180000000), buf), "2 d 02 h");
    assert_string_equal(units_show_duration(-1500, buf), "-1.5 s");
    assert_string_equal(units_show_duration(INT64_MIN, buf), "-106751991167 d 07 h");
}

static void sizes_are_shown_in_powers_of_1000(void **state)
{
    (void)state;
    char buf[UNITS_TEXT];
    assert_string_equal(units_show_size(0, buf), "0 B");
    assert_string_equal(units_show_size(999, buf), "999 B");
    assert_string_equal(units_show_size(1000, buf), "1.0 kB");
    assert_string_equal(units_show_size(999949, buf), "999.9 kB");
    assert_string_equal(units_show_size(999999, buf), "1.0 MB");
    assert_string_equal(units_show_size(1234567890, buf), "1.2 GB");
    assert_string_equal(units_show_size(INT64_MAX, buf), "9.2 EB");
    assert_string_equal(units_show_size(-4096, buf), "-4.1 kB");
}

static void values_are_shown_with_their_metrics_unit(void **state)
{
    (void)state;
    char buf[UNITS_TEXT];
    assert_string_equal(units_show_value(12400, "ms", buf), "12.4 s");
    assert_string_equal(units_show_value(0.35, "ms", buf), "0.35 ms");
    assert_string_equal(units_show_value(1.2e9, "B", buf), "1.2 GB");
    assert_string_equal(units_show_value(3.5, "%", buf), "3.5 %");
    assert_string_equal(units_show_value(42, "", buf), "42");
    assert_string_equal(units_show_value(1234.56, "", buf), "1234.6");
    assert_string_equal(units_show_value(1234, "", buf), "1234");
    assert_string_equal(units_show_value(17.25, "1/s", buf), "17.2/s");
    assert_string_equal(units_show_value(-3, "", buf), "-3");
    assert_string_equal(units_show_value(NAN, "ms", buf), "no value");
    assert_string_equal(units_show_value(1e300, "B", buf), "1e+300 B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_in_milliseconds),
        cmocka_unit_test(sizes_are_read_in_bytes),
        cmocka_unit_test(wrong_durations_and_sizes_are_refused_with_the_way_to_write_them),
        cmocka_unit_test(durations_are_shown_for_people),
        cmocka_unit_test(sizes_are_shown_in_powers_of_1000),
        cmocka_unit_test(values_are_shown_with_their_metrics_unit),
    };
    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
