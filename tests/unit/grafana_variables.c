#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "titles.h"
#include "variables.h"

static const char dashboard[] =
    "{\"templating\":{\"list\":["
    "{\"name\":\"one\",\"type\":\"custom\",\"current\":{\"value\":\"a.b\"}},"
    "{\"name\":\"two\",\"type\":\"custom\",\"multi\":true,\"current\":{\"value\":[\"a.b\",\"c\"]}},"
    "{\"name\":\"solo\",\"type\":\"custom\",\"multi\":true,\"current\":{\"value\":[\"a.b\"]}},"
    "{\"name\":\"own\",\"type\":\"query\",\"includeAll\":true,\"allValue\":\".+\",\"current\":{\"value\":[\"$__all\"]}}"
    ","
    "{\"name\":\"listed\",\"type\":\"custom\",\"includeAll\":true,\"current\":{\"value\":\"$__all\"},"
    "\"options\":[{\"value\":\"$__all\"},{\"value\":\"x\"},{\"value\":\"y\"}]},"
    "{\"name\":\"lost\",\"type\":\"query\",\"current\":{\"value\":\"$__all\"}},"
    "{\"name\":\"constant\",\"type\":\"constant\",\"query\":\"5m\"}]}}";

static void assert_put(const char *const *overrides, const char *text, const char *expected, const char *reason)
{
    static const char *const none[] = {NULL};
    char why[256];
    json_t *model = json_loads(dashboard, 0, NULL), *variables = variables_read(model, overrides ? overrides : none);
    json_t *given = json_pack("{s:[s, i]}", "k", text, 3), *put = variables_put(variables, given, why, sizeof why);
    const char *got = json_string_value(json_array_get(json_object_get(put, "k"), 0));
    if (expected && (!got || strcmp(got, expected) != 0))
        fail_msg("%s: '%s', expected '%s' (%s)", text, got ? got : "nothing", expected, why);
    if (!expected && (put || !strstr(why, reason)))
        fail_msg("%s: '%s' is not in '%s'", text, reason, why);
    json_decref(put);
    json_decref(given);
    json_decref(variables);
    json_decref(model);
}

static void a_reference_is_written_in_three_ways(void **state)
{
    (void)state;
    assert_put(NULL, "x{a=\"$one\"} ${one} [[one]]$one", "x{a=\"a.b\"} a.b a.ba.b", NULL);
    assert_put(NULL, "rate(x[$constant])", "rate(x[5m])", NULL);
}

static void several_values_are_an_alternative_with_doubled_backslashes(void **state)
{
    (void)state;
    assert_put(NULL, "$two", "(a\\\\.b|c)", NULL);
    assert_put(NULL, "$solo", "a\\\\.b", NULL);
    assert_put(NULL, "${two:regex}", "(a\\.b|c)", NULL);
    assert_put(NULL, "${two:pipe} ${two:csv} [[two:raw]]", "a.b|c a.b,c a.b,c", NULL);
}

static void all_is_its_own_value_or_all_that_is_listed(void **state)
{
    (void)state;
    assert_put(NULL, "$own $listed", ".+ (x|y)", NULL);
    assert_put(NULL, "$lost", NULL, "'lost' has no value in the saved dashboard");
}

static void overrides_go_before_and_may_be_several(void **state)
{
    (void)state;
    assert_put((const char *const[]){"own=q", "lost=r", "lost=s", "new=1=2", NULL}, "$own $lost $new", "q (r|s) 1=2",
               NULL);
}

static void what_is_no_variable_stays(void **state)
{
    (void)state;
    assert_put(NULL, "$__range ${__rate_interval} $1 a$ $ ${ [[x]] [5m] $nobody ${one",
               "$__range ${__rate_interval} $1 a$ $ ${ "
               "[[x]] [5m] $nobody ${one",
               NULL);
    assert_put(NULL, "${one:sqlstring}", NULL, "the format 'sqlstring'");
}

static void the_nearest_titles_come_first(void **state)
{
    (void)state;
    char text[256];
    json_t *all = json_pack("[{s:s}, {s:s}, {s:s}, {s:s}, {s:s}, {s:s}, {}]", "title", "Memory", "title", "Error rate",
                            "title", "Errors", "title", "CPU", "title", "Latency", "title", "Disk");
    titles_nearest(all, "Eror Rate", text, sizeof text);
    assert_int_equal(strncmp(text, "'Error rate', 'Errors', ", 24), 0);
    titles_nearest(all, "Eror Rate", text, 10);
    assert_string_equal(text, "'Error ra");
    json_t *found = titles_matching(all, "error RATE");
    assert_int_equal(json_array_size(found), 1);
    json_decref(found);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_is_written_in_three_ways),
        cmocka_unit_test(several_values_are_an_alternative_with_doubled_backslashes),
        cmocka_unit_test(all_is_its_own_value_or_all_that_is_listed),
        cmocka_unit_test(overrides_go_before_and_may_be_several),
        cmocka_unit_test(what_is_no_variable_stays),
        cmocka_unit_test(the_nearest_titles_come_first),
    };
    return cmocka_run_group_tests_name("grafana_variables", tests, NULL, NULL);
}
