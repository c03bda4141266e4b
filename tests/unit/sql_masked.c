#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "masked.h"

static void assert_masked(const char *sql, bool standard_strings, size_t width, const char *expected)
{
    char *masked = masked_sql(sql, standard_strings, width);
    assert_string_equal(masked, expected);
    free(masked);
}

static void no_value_stays(void **state)
{
    (void)state;
    assert_masked("ALTER ROLE app PASSWORD 'hush'", true, 100, "ALTER ROLE app PASSWORD '...'");
    assert_masked("SELECT $$hush$$, E'hu\\'sh', 4711, .5, 1e9", true, 100, "SELECT '...', '...', ?, ?, ?");
    assert_masked("SELECT 'a\\'hush'", false, 100, "SELECT '...'");
    assert_masked("SELECT 'hush", true, 100, "SELECT '...'");
    assert_masked("SELECT /* hush */ a -- hush\n FROM b", true, 100, "SELECT a FROM b");
}

static void parameters_and_names_stay(void **state)
{
    (void)state;
    assert_masked("SELECT t1.a2, \"b 3\"\n\tFROM t1\nWHERE id = $1 AND n > $12::int", true, 100,
                  "SELECT t1.a2, \"b 3\" FROM t1 WHERE id = $1 AND n > $12::int");
    assert_masked("", true, 100, "");
}

static void what_is_long_is_cut_between_characters(void **state)
{
    (void)state;
    assert_masked("SELECT abcdef", true, 10, "SELECT abc...");
    assert_masked("SELECT \xc3\xa4\xc3\xb6\xc3\xbc", true, 10, "SELECT \xc3\xa4...");
    assert_masked("SELECT abc", true, 10, "SELECT abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_value_stays),
        cmocka_unit_test(parameters_and_names_stay),
        cmocka_unit_test(what_is_long_is_cut_between_characters),
    };
    return cmocka_run_group_tests_name("sql_masked", tests, NULL, NULL);
}
