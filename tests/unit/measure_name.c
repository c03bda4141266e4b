/* Names of measurements that come from outside fit what the host takes, and two of them stay two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "say/character.h"
#include "say/measure.h"

#define TEN "0123456789"

static void assert_host_takes(const char *name)
{
    assert_true(strlen(name) <= MEASURE_NAME);
    for (const char *s = name; *s; s += character_length(s))
        assert_int_not_equal(character_length(s), 0);
}

static void a_short_name_stays_as_it_is(void **state)
{
    (void)state;
    char name[MEASURE_NAME + 1];
    measure_name("value", "job=auth,instance=äöü", name);
    assert_string_equal(name, "value/job=auth,instance=äöü");
    measure_name("value", NULL, name);
    assert_string_equal(name, "value");
    measure_name("value", "", name);
    assert_string_equal(name, "value");
}

static void a_name_of_128_bytes_is_whole_and_one_more_is_cut(void **state)
{
    (void)state;
    char name[MEASURE_NAME + 1], instance[124] = "";
    memset(instance, 'x', 122);
    measure_name("value", instance, name);
    assert_int_equal(strlen(name), 128);
    assert_null(strchr(name, '~'));
    instance[122] = 'x';
    measure_name("value", instance, name);
    assert_int_equal(strlen(name), 128);
    assert_ptr_equal(strchr(name, '~'), name + 119);
}

static void two_long_names_that_differ_at_their_end_stay_two(void **state)
{
    (void)state;
    char one[MEASURE_NAME + 1], other[MEASURE_NAME + 1];
    const char *begin = "value/path=" TEN TEN TEN;
    measure_name("value", "path=" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "one", one);
    measure_name("value", "path=" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "two", other);
    assert_string_not_equal(one, other);
    assert_memory_equal(one, begin, strlen(begin));
    assert_memory_equal(other, begin, strlen(begin));
    assert_host_takes(one);
    assert_host_takes(other);
}

static void no_character_is_cut_in_two(void **state)
{
    (void)state;
    for (size_t before = 0; before < 4; before++) {
        char name[MEASURE_NAME + 1], instance[300] = "xxx";
        for (size_t at = before; at + 4 < sizeof instance; at += 4)
            memcpy(instance + at, "\xf0\x9f\x9a\x80", 5);
        measure_name("crossed", instance, name);
        assert_host_takes(name);
    }
}

static void bytes_that_are_no_text_do_not_reach_the_host(void **state)
{
    (void)state;
    char odd[MEASURE_NAME + 1], plain[MEASURE_NAME + 1];
    measure_name("errors", "OD\xffity", odd);
    measure_name("errors", "OD?ity", plain);
    assert_host_takes(odd);
    assert_memory_equal(odd, "errors/OD?ity~", 14);
    assert_string_equal(plain, "errors/OD?ity");
}

static char told[2 * MEASURE_NAME];

static belay_status refuse(belay_ctx *c, const char *name, double value)
{
    (void)c, (void)value;
    strcpy(told, name);
    return BELAY_E_LIMIT;
}

static void what_the_host_answers_is_passed_on(void **state)
{
    (void)state;
    const belay_host host = {.struct_size = sizeof host, .measure = refuse};
    assert_int_equal(measure_instance(NULL, &host, "value", "job=auth", 1), BELAY_E_LIMIT);
    assert_string_equal(told, "value/job=auth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_name_stays_as_it_is),
        cmocka_unit_test(a_name_of_128_bytes_is_whole_and_one_more_is_cut),
        cmocka_unit_test(two_long_names_that_differ_at_their_end_stay_two),
        cmocka_unit_test(no_character_is_cut_in_two),
        cmocka_unit_test(bytes_that_are_no_text_do_not_reach_the_host),
        cmocka_unit_test(what_the_host_answers_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
