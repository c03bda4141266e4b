#include <string.h>

#include "shell_world.h"

typedef struct expected {
    const char *body;
    belay_status status;
    int passed, failed, skipped; /* not looked at when all are 0 */
    const char *says;
} expected;

static void assert_cases(const char *report, const expected *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const expected *e = &cases[i];
        kit_step *s = shell_world_step("shell.check", e->body, NULL);
        kit_set(s, "report", report);
        belay_status status = kit_run(s, KIT_VERIFY);
        if (status != e->status)
            fail_msg("%d, not %d, for: %s\n%s", status, e->status, e->body, kit_summary(s));
        if (e->says)
            shell_world_must_say(kit_summary(s), e->says);
        if (e->passed + e->failed + e->skipped > 0) {
            assert_int_equal((int)kit_measured(s, "passed"), e->passed);
            assert_int_equal((int)kit_measured(s, "failed"), e->failed);
            assert_int_equal((int)kit_measured(s, "skipped"), e->skipped);
            assert_int_equal((int)kit_measured(s, "tests"), e->passed + e->failed + e->skipped);
        }
        kit_step_free(s);
    }
}

static void tap_is_read_from_the_output(void **state)
{
    (void)state;
    static const expected cases[] = {
        {"echo 1..3; echo ok 1 - a; echo ok 2 - b; echo 'ok 3 - c # SKIP no net'", BELAY_OK, 2, 0, 1, NULL},
        {"echo 'TAP version 14'; echo ok; echo '    not ok 1 - inner'; echo '# note'; echo ok; echo 1..2", BELAY_OK, 2,
         0, 0, NULL},
        {"echo 1..2; echo ok 1; echo 'not ok 2 - known bug # TODO later'", BELAY_OK, 2, 0, 0, NULL},
        {"echo 1..3; echo ok 1 - a; echo not ok 2 - login works; echo not ok 3; exit 1", BELAY_E_FAIL, 1, 2, 0,
         "2 of 3 tests failed: 'login works', 'test 3'"},
        {"echo 1..2; echo ok 1; echo not ok 2 - quiet; exit 0", BELAY_E_FAIL, 1, 1, 0, "'quiet'"},
        {"echo 1..5; echo ok 1; echo ok 2", BELAY_E_FAIL, 2, 1, 0, "5 planned, 2 ran"},
        {"echo 1..2; echo ok 1; echo 'Bail out! database is gone'; exit 255", BELAY_E_FAIL, 0, 0, 0,
         "database is gone"},
        {"echo 1..1; echo ok 1; echo oops >&2; exit 2", BELAY_E_FAIL, 1, 0, 0, "oops"},
        {"echo '1..0 # SKIP nothing to test'", BELAY_NO_DATA, 0, 0, 0, "only 0 tests ran"},
        {"echo 1..2; echo ok 1 '# skip'; echo ok 2 '# skip'", BELAY_NO_DATA, 0, 0, 2, "(2 were skipped)"},
        {"echo 1..2; echo ok 1 - boils; echo 'not ok 2 - pours # TODO spout leaks, see #42'", BELAY_OK, 2, 0, 0, NULL},
        {"echo 1..2; echo ok 1 - boils; echo 'ok 2 - pours # SKIP needs bug #42'", BELAY_OK, 1, 0, 1, NULL},
        {"echo 1..2; printf 'ok 1 - a \\\\# todo\\nnot ok 2 - b \\\\# todo\\n'", BELAY_E_FAIL, 1, 1, 0, "'b \\# todo'"},
        {"echo 1..2; echo ok 1; echo 'not ok 2 - in C# todo list'", BELAY_E_FAIL, 1, 1, 0, "'in C# todo list'"},
        {"echo 1..1; echo 'ok 1 index.html --> code.html#line12 # SKIP'", BELAY_NO_DATA, 0, 0, 1, NULL},
        {"echo 1..1; echo 'not ok 1 - a # todolist'", BELAY_E_FAIL, 0, 1, 0, "'a # todolist'"},
        {"echo 1..3; echo ok 1; echo ok 1; echo ok 3", BELAY_E_FAIL, 3, 1, 0,
         "1 tests out of sequence: number 1 came as test 2"},
        {"echo okay", BELAY_NO_DATA, 0, 0, 0, NULL},
        {"true", BELAY_NO_DATA, 0, 0, 0, NULL},
        {"echo ok 1; echo ok 2", BELAY_E_RETRY, 0, 0, 0, "no plan"},
    };
    assert_cases("tap", cases, sizeof cases / sizeof *cases);
}

static void counts_are_read_from_the_lines_that_tell_of_tests(void **state)
{
    (void)state;
    static const expected cases[] = {
        {"echo '=== 12 passed, 2 skipped in 3.41s ==='", BELAY_OK, 12, 0, 2, NULL},
        {"echo '3 passed'; echo '2 failed, 5 passed, 1 error in 1.0s'; exit 1", BELAY_E_FAIL, 5, 3, 0,
         "3 of 8 tests failed"},
        {"echo 'test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured'", BELAY_OK, 7, 0, 1, NULL},
        {"echo 'test result: ok. 3 passed; 0 failed; 0 ignored'; echo '   Doc-tests shop'; "
         "echo 'test result: ok. 0 passed; 0 failed; 2 ignored'",
         BELAY_OK, 3, 0, 2, NULL},
        {"echo 'test result: FAILED. 3 passed; 1 failed'; echo 'test result: ok. 4 passed; 0 failed'", BELAY_E_FAIL, 7,
         1, 0, "1 of 8 tests failed"},
        {"echo '== 2 failed, 12 passed in 0.4s =='; echo 'retried: 2 passed in 0.1s'", BELAY_E_FAIL, 12, 2, 0,
         "2 of 14 tests failed"},
        {"echo 'Test Suites: 4 passed, 4 total'; echo 'Tests:       2 skipped, 31 passed, 33 total'; "
         "echo 'Snapshots:   3 passed, 3 total'",
         BELAY_OK, 31, 0, 2, NULL},
        {"echo ' Test Files  2 passed (2)'; echo '      Tests  10 passed (10)'", BELAY_OK, 10, 0, 0, NULL},
        {"echo '12 passed'; echo 'Found 0 errors in 4 files.'", BELAY_OK, 12, 0, 0, NULL},
        {"echo '1,204 passed, 3 skipped'", BELAY_OK, 1204, 0, 3, NULL},
        {"echo '3 passed,2 failed'", BELAY_E_FAIL, 3, 2, 0, NULL},
        {"echo '4 skipped'", BELAY_NO_DATA, 0, 0, 0, NULL},
        {"echo 'no tests ran in 0.01s'; exit 5", BELAY_E_FAIL, 0, 0, 0, "exited with 5"},
        {"echo nothing", BELAY_NO_DATA, 0, 0, 0, NULL},
    };
    assert_cases("counts", cases, sizeof cases / sizeof *cases);
}

static const char good_xml[] =
    "<?xml version=\"1.0\"?><testsuites><testsuite tests=\"99\">"
    "<testcase classname=\"auth\" name=\"login\"/>"
    "<testcase name=\"logout\"><system-out>failure</system-out></testcase>"
    "<testcase name=\"sso\"><skipped message=\"no idp\"/></testcase></testsuite></testsuites>";
static const char bad_xml[] = "<testsuite><testcase classname=\"api\" name=\"costs &lt; 1\"><failure>x</failure>"
                              "<error>y</error></testcase><testcase name=\"ok\"/></testsuite>";

/* A step that runs `body` in a folder where good.xml and bad.xml lie one above, and reads the pattern. */
static kit_step *junit_step(const char *body, const char *pattern)
{
    const char *cwd = NULL;
    kit_step *s = shell_world_step("shell.check", body, &cwd);
    kit_write(kit_path("%s/good", cwd), good_xml);
    kit_write(kit_path("%s/bad", cwd), bad_xml);
    kit_set_list(s, "junit", pattern, NULL);
    return s;
}

static void junit_files_are_counted_by_their_cases(void **state)
{
    (void)state;
    kit_step *s = junit_step("mkdir r; cat good >r/a.xml; cat good >r/b.xml", "r/*.xml");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_float_equal(kit_measured(s, "tests"), 6, 0);
    assert_float_equal(kit_measured(s, "passed"), 4, 0);
    assert_float_equal(kit_measured(s, "skipped"), 2, 0);
    assert_string_equal(kit_artifact(s, "junit-1.xml"), good_xml);
    kit_step_free(s);
}

static void failed_cases_of_junit_are_named_and_counted_once(void **state)
{
    (void)state;
    kit_step *s = junit_step("cat bad >a.xml; exit 1", "*.xml");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(s), "1 of 2 tests failed: 'api.costs < 1'");
    kit_step_free(s);
}

/* A report of one file; what it comes to. */
static void assert_junit(const char *xml, belay_status wanted, int passed, int failed, int skipped, const char *says)
{
    const char *cwd = NULL;
    kit_step *s = shell_world_step("shell.check", "cat given >r.xml", &cwd);
    kit_write(kit_path("%s/given", cwd), xml);
    kit_set_list(s, "junit", "r.xml", NULL);
    belay_status came = kit_run(s, KIT_VERIFY);
    if (came != wanted)
        fail_msg("%d, not %d, for: %s\n%s", came, wanted, xml, kit_summary(s));
    if (says)
        shell_world_must_say(kit_summary(s), says);
    if (came != BELAY_E_RETRY) {
        assert_int_equal((int)kit_measured(s, "passed"), passed);
        assert_int_equal((int)kit_measured(s, "failed"), failed);
        assert_int_equal((int)kit_measured(s, "skipped"), skipped);
    }
    kit_step_free(s);
}

static void cases_that_never_ran_are_skipped(void **state)
{
    (void)state;
    static const char *const states[] = {"status=\"notrun\" result=\"suppressed\"", "status=\"disabled\"",
                                         "result=\"ignored\"", "status=\"run\" result=\"skipped\"",
                                         "status=\"NotRun\""};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        assert_junit(kit_path("<testsuites><testsuite name=\"K\"><testcase name=\"A\" %s/><testcase name=\"B\" %s/>"
                              "</testsuite></testsuites>",
                              states[i], states[i]),
                     BELAY_NO_DATA, 0, 0, 2, "(2 were skipped)");
    assert_junit("<testsuite><testcase name=\"A\" status=\"run\" result=\"completed\"/></testsuite>", BELAY_OK, 1, 0, 0,
                 NULL);
    assert_junit("<testsuite><testcase name=\"A\" status=\"failed\"/></testsuite>", BELAY_E_FAIL, 0, 1, 0, "'A'");
}

static void what_fails_outside_a_case_fails_by_its_suite(void **state)
{
    (void)state;
    assert_junit("<testsuites><testsuite name=\"brew\" tests=\"1\"><testcase name=\"a\"/></testsuite>"
                 "<testsuite name=\"pour\" tests=\"0\" errors=\"1\"><system-err>cannot load</system-err></testsuite>"
                 "</testsuites>",
                 BELAY_E_FAIL, 1, 1, 0, "suite pour: 1 failures or errors without a test case");
    assert_junit("<testsuite name=\"s\" tests=\"10\" failures=\"3\"><testcase name=\"x\"/></testsuite>", BELAY_E_FAIL,
                 1, 1, 0, "suite s: 3 failures");
    assert_junit("<testsuite name=\"s\"><error>no database</error><testcase name=\"x\"/></testsuite>", BELAY_E_FAIL, 1,
                 1, 0, "'suite s'");
    assert_junit(
        "<testsuites failures=\"1\" errors=\"1\"><testsuite name=\"s\" failures=\"1\" errors=\"1\"><error>e</error>"
        "<testcase name=\"x\"><failure/></testcase></testsuite></testsuites>",
        BELAY_E_FAIL, 0, 2, 0, "'suite s', 'x'");
}

static void another_document_is_no_report(void **state)
{
    (void)state;
    assert_junit("<html><body><testcase name=\"a\"/></body></html>", BELAY_E_RETRY, 0, 0, 0,
                 "'r.xml' is not a JUnit report: its root is <html>");
    assert_junit("<testcase name=\"a\"/>", BELAY_E_RETRY, 0, 0, 0, "its root is <testcase>");
    assert_junit("<x:testsuites xmlns:x=\"u\"><x:testcase name=\"a\"/></x:testsuites>", BELAY_NO_DATA, 0, 0, 0, NULL);
}

static void two_stars_stand_for_any_folders(void **state)
{
    (void)state;
    const char *cwd = NULL;
    kit_step *s =
        shell_world_step("shell.check",
                         "mkdir -p r/mod/sub/deep r/.git; cat good >r/mod/a.xml; cat bad >r/mod/sub/b.xml; cat bad "
                         ">r/top.xml; cat good >r/mod/sub/deep/c.xml; cat bad >r/.git/d.xml",
                         &cwd);
    kit_write(kit_path("%s/good", cwd), good_xml);
    kit_write(kit_path("%s/bad", cwd), bad_xml);
    kit_set_list(s, "junit", "r/**/*.xml", "**/top.xml", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_int_equal((int)kit_measured(s, "failed"), 2);
    assert_int_equal((int)kit_measured(s, "tests"), 2 * 2 + 2 * 3); /* each file once */
    kit_step_free(s);
}

static void files_and_suites_without_cases_are_named(void **state)
{
    (void)state;
    kit_step *s = junit_step("cat good >a.xml; echo '<testsuites/>' >b.xml; "
                             "echo '<testsuites><testsuite name=\"none\"/></testsuites>' >c.xml",
                             "*.xml");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    shell_world_must_say(kit_log(s), "report files or suites have no test case: ");
    shell_world_must_say(kit_log(s), "'b.xml'");
    shell_world_must_say(kit_log(s), "'suite none'");
    assert_true(kit_measured(s, "empty") >= 3);
    kit_step_free(s);
}

static void a_report_of_an_earlier_run_is_no_result(void **state)
{
    (void)state;
    kit_step *s = junit_step("true", "good");
    (void)kit_output_of("sleep", "0.05", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    shell_world_must_say(kit_summary(s), "older than this run");
    kit_step_free(s);
}

static void a_missing_or_broken_report_is_an_error_not_a_verdict(void **state)
{
    (void)state;
    kit_step *missing = junit_step("true", "none-*.xml");
    assert_int_equal(kit_run(missing, KIT_VERIFY), BELAY_E_RETRY);
    shell_world_must_say(kit_summary(missing), "no report 'none-*.xml'");
    kit_step_free(missing);
    kit_step *broken = junit_step("printf '<testsuite>\\n<testcase name=\"a\"/>\\n</tests' >x.xml", "x.xml");
    assert_int_equal(kit_run(broken, KIT_VERIFY), BELAY_E_RETRY);
    shell_world_must_say(kit_summary(broken), "line 3 is no XML");
    kit_step_free(broken);
    kit_step *failed = junit_step("echo boom >&2; exit 1", "none-*.xml");
    assert_int_equal(kit_run(failed, KIT_VERIFY), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(failed), "boom");
    kit_step_free(failed);
}

static void fewer_tests_than_wanted_are_inconclusive(void **state)
{
    (void)state;
    kit_step *s = junit_step("cat good >x.xml", "x.xml");
    kit_set(s, "min_tests", "3");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    shell_world_must_say(kit_summary(s), "only 2 tests ran (1 were skipped), at least 3 must");
    kit_step_free(s);
}

static void report_options_must_agree(void **state)
{
    (void)state;
    kit_step *nameless = shell_world_step("shell.check", "true", NULL);
    kit_set(nameless, "report", "junit");
    assert_int_equal(kit_run(nameless, KIT_PREPARE), BELAY_E_CONFIG);
    kit_step_free(nameless);
    kit_step *both = junit_step("true", "x.xml");
    kit_set(both, "report", "tap");
    assert_int_equal(kit_run(both, KIT_PREPARE), BELAY_E_CONFIG);
    kit_step_free(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tap_is_read_from_the_output),
        cmocka_unit_test(counts_are_read_from_the_lines_that_tell_of_tests),
        cmocka_unit_test(junit_files_are_counted_by_their_cases),
        cmocka_unit_test(failed_cases_of_junit_are_named_and_counted_once),
        cmocka_unit_test(cases_that_never_ran_are_skipped),
        cmocka_unit_test(what_fails_outside_a_case_fails_by_its_suite),
        cmocka_unit_test(another_document_is_no_report),
        cmocka_unit_test(two_stars_stand_for_any_folders),
        cmocka_unit_test(files_and_suites_without_cases_are_named),
        cmocka_unit_test(a_report_of_an_earlier_run_is_no_result),
        cmocka_unit_test(a_missing_or_broken_report_is_an_error_not_a_verdict),
        cmocka_unit_test(fewer_tests_than_wanted_are_inconclusive),
        cmocka_unit_test(report_options_must_agree),
    };
    return cmocka_run_group_tests_name("shell, test reports", tests, NULL, NULL);
}
