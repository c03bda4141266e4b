#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "decimal.h"

static void only_decimal_numbers_are_numbers(void **state)
{
    (void)state;
    static const char *const good[] = {"0", "-1", "+1.5", ".5", "5.", "1e3", "1.5E-7", " 7 "};
    static const char *const bad[] = {"",    ".",    "-",     "e3",  "1e", "1e+",         "NaN",
                                      "inf", "0x10", "1.2.3", "1 2", "5a", "1e9999999999"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(decimal_is(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(decimal_is(bad[i]));
}

static void they_are_compared_by_all_their_digits(void **state)
{
    (void)state;
    static const char *const rising[] = {"-1e30",
                                         "-9007199254740993",
                                         "-9007199254740992",
                                         "-1.5",
                                         "-0.05",
                                         "0",
                                         "1e-20",
                                         "0.0500001",
                                         ".06",
                                         "0.5",
                                         "5",
                                         "9.99",
                                         "10",
                                         "1.2e1",
                                         "9007199254740992",
                                         "9007199254740992.5",
                                         "9007199254740993",
                                         "123456789012345678901234567890",
                                         "1e30"};
    const size_t n = sizeof rising / sizeof *rising;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            int order = decimal_compare(rising[i], rising[k]);
            if ((order > 0) - (order < 0) != (i > k) - (i < k))
                fail_msg("%s against %s: %d", rising[i], rising[k], order);
        }
}

static void other_writings_of_a_number_are_equal(void **state)
{
    (void)state;
    static const char *const same[][2] = {{"1", "1.000"},       {"-0", "0.00"}, {"100", "1e2"},
                                          {"0.00120", "12e-4"}, {"+5", "005"},  {"1234.5", "12345e-1"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_int_equal(decimal_compare(same[i][0], same[i][1]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_decimal_numbers_are_numbers),
        cmocka_unit_test(they_are_compared_by_all_their_digits),
        cmocka_unit_test(other_writings_of_a_number_are_equal),
    };
    return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
