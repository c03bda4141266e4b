/* shell.diagnose: what programs' outputs say. */
#include <string.h>

#include "collector.h"

/* Findings of a step whose artifacts are one output. */
static const char *found_in(const char *output)
{
    const char *folder = kit_folder();
    kit_write(kit_path("%s/output.log", folder), output);
    kit_write(kit_path("%s/report.xml", folder), "error: no output\n");
    kit_step *s = kit_step_new("shell.diagnose");
    kit_fact(s, "failure.artifacts", folder);
    const char *found = kit_path("%s", collector_findings(s));
    kit_step_free(s);
    return found;
}

static void tests_that_failed_are_told_with_their_reasons(void **state)
{
    (void)state;
    assert_string_equal(
        found_in("1..4\nok 1 - pages answer\nnot ok 2 - costs add up\n# AssertionError: 3 is not 4\n# more\n"
                 "not ok 3 - it is done # TODO later\nnot ok 4\nERROR: two tests failed\n"),
        "{\"weight\": 78, \"text\": \"test 'costs add up' failed: AssertionError: 3 is not 4\"}\n"
        "{\"weight\": 78, \"text\": \"test 'not ok 4' failed\"}\n");
}

static void no_more_than_three_tests_are_told(void **state)
{
    (void)state;
    const char *found = found_in("not ok 1 - a\nnot ok 2 - b\nnot ok 3 - c\nnot ok 4 - d\nnot ok 5 - e\n");
    collector_found(found, "test 'c' failed");
    assert_null(strstr(found, "test 'd' failed"));
}

static void without_tests_the_line_that_says_most_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *output, *says;
    } cases[] = {
        {"collecting\nE       AssertionError: assert 3 == 4\n1 failed\n",
         "{\"weight\": 55, \"text\": \"its output says: \\\"AssertionError: assert 3 == 4\\\"\"}\n"},
        {"error: cannot go on\nFATAL:  password authentication failed for user \"app\"\nerror: 1\n",
         "{\"weight\": 84, \"text\": \"its output says: a user or password is refused, \\\"FATAL:  password "
         "authentication "
         "failed for user \\\"app\\\"\\\"\"}\n"},
        {"all is well\n", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(found_in(cases[i].output), cases[i].says);
}

static void of_a_long_output_the_end_is_read(void **state)
{
    (void)state;
    static char output[(3 << 20) + 100];
    memset(output, '.', 3 << 20);
    for (size_t i = 79; i < 3 << 20; i += 80)
        output[i] = '\n';
    (void)strcpy(output + (3 << 20), "\nnot ok 7 - the last\n# because\n");
    collector_found(found_in(output), "test 'the last' failed: because");
}

static void a_step_that_kept_nothing_has_nothing_to_say(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("shell.diagnose");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOTHING);
    kit_fact(s, "failure.artifacts", kit_path("%s/none", kit_folder()));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOTHING);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_that_failed_are_told_with_their_reasons),
        cmocka_unit_test(no_more_than_three_tests_are_told),
        cmocka_unit_test(without_tests_the_line_that_says_most_is_told),
        cmocka_unit_test(of_a_long_output_the_end_is_read),
        cmocka_unit_test(a_step_that_kept_nothing_has_nothing_to_say),
    };
    return cmocka_run_group_tests_name("shell.diagnose", tests, NULL, NULL);
}
