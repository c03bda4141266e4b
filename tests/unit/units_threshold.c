#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/units.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static units_threshold parsed(const char *s, const char *unit)
{
    guard(error) err = NULL;
    units_threshold t = {0};
    if (units_threshold_parse(s, unit, &t, &err) != 0) {
        guard_mem char *text = error_text(err);
        fail_msg("'%s': %s", s, text);
    }
    return t;
}

static void a_threshold_holds_when_the_measurement_is_bad(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        double value;
        bool bad;
    } cases[] = {
        {"> 200", 200, false},       {"> 200", 200.1, true},     {">= 1", 1, true},
        {">=1", 0.9, false},         {"< 99.5", 99.5, false},    {"< 99.5", 99.4, true},
        {"<= 9", 9, true},           {"<= 9", 9.5, false},       {"== 0", 0, true},
        {"== 0", 1, false},          {"!= 1", 1, false},         {"!= 1", 2, true},
        {"outside 1..5", 1, false},  {"outside 1..5", 5, false}, {"outside 1..5", 5.1, true},
        {"outside 1..5", 0.9, true}, {"< -2.5", -3, true},       {"outside -5 .. -1", -3, false},
        {"> 99.95", 99.95, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        units_threshold t = parsed(cases[i].s, "");
        if (units_threshold_holds(&t, cases[i].value) != cases[i].bad)
            fail_msg("'%s' for %g", cases[i].s, cases[i].value);
    }
}

static void nan_is_always_bad(void **state)
{
    (void)state;
    static const char *const all[] = {"> 1", ">= 1", "< 1", "<= 1", "== 1", "!= 1", "outside 1..2"};
    for (size_t i = 0; i < COUNT(all); i++) {
        units_threshold t = parsed(all[i], "");
        assert_int_equal(units_threshold_holds(&t, NAN), 1);
    }
}

static void units_are_converted_to_the_metrics_own(void **state)
{
    (void)state;
    assert_float_equal(parsed("> 2s", "ms").a, 2000, 0);
    assert_float_equal(parsed("> 200", "ms").a, 200, 0);
    assert_float_equal(parsed("< 20GB", "B").a, 20e9, 0);
    assert_float_equal(parsed("> 5%", "%").a, 5, 0);
    assert_float_equal(parsed("> 5 %", "%").a, 5, 0);
    assert_float_equal(parsed("< 100 1/s", "1/s").a, 100, 0);
    assert_float_equal(parsed("> 8MB/h", "B/h").a, 8e6, 0);
    assert_float_equal(parsed("> 0.5 /h", "/h").a, 0.5, 0);
    assert_float_equal(parsed("outside 1s/h..2s/h", "ms/h").b, 2000, 0);
    units_threshold range = parsed("outside 100ms..2s", "ms");
    assert_float_equal(range.a, 100, 0);
    assert_float_equal(range.b, 2000, 0);
}

static void a_relative_threshold_is_a_factor_of_a_baseline(void **state)
{
    (void)state;
    units_threshold t = parsed("< 0.9 * baseline", "1/s");
    assert_true(t.relative);
    t = units_threshold_against(&t, 200);
    assert_false(t.relative);
    assert_float_equal(t.a, 180, 1e-9);
    t = parsed("outside 0.5..2*baseline ", "ms");
    t = units_threshold_against(&t, 10);
    assert_int_equal(units_threshold_holds(&t, 4.9), 1);
    assert_int_equal(units_threshold_holds(&t, 20), 0);
    assert_false(parsed("> 5", "").relative);
}

static void wrong_thresholds_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *s, *unit;
    } cases[] = {
        {"200", ""},
        {"", ""},
        {"> ", ""},
        {"> x", ""},
        {"> 1 2", ""},
        {"=> 1", ""},
        {"> 5s", "B"},
        {"> 5GB", "ms"},
        {"> 5%", ""},
        {"outside 5..1", ""},
        {"outside 1-5", ""},
        {"outside 1..", ""},
        {"> 1e5", ""},
        {"> inf", ""},
        {"> 0x10", ""},
        {"outside ..5", ""},
        {"> 1.2.3", ""},
        {"> --1", ""},
        {"> baseline", ""},
        {"> * baseline", ""},
        {"> 1s * baseline", "ms"},
        {"> 1 * base", ""},
        {"> 8MB", "B/h"},
        {"> 8", "B/h"},
        {"> /h", "B/h"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        guard(error) err = NULL;
        units_threshold t = {.a = -7};
        if (units_threshold_parse(cases[i].s, cases[i].unit, &t, &err) != -ERROR_CONFIG)
            fail_msg("'%s' was taken for unit '%s'", cases[i].s, cases[i].unit);
        assert_float_equal(t.a, -7, 0);
        guard_mem char *text = error_text(err);
        assert_non_null(strstr(text, cases[i].s));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_threshold_holds_when_the_measurement_is_bad),
        cmocka_unit_test(nan_is_always_bad),
        cmocka_unit_test(units_are_converted_to_the_metrics_own),
        cmocka_unit_test(a_relative_threshold_is_a_factor_of_a_baseline),
        cmocka_unit_test(wrong_thresholds_are_refused),
    };
    return cmocka_run_group_tests_name("units_threshold", tests, NULL, NULL);
}
