/* shell.k6 with a stand-in: k6 itself is in no distribution's packages. The program `k6` that these tests put into PATH
 * is a script that checks how it is called and writes a summary in the form that k6's --summary-export has. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "say/measure.h"
#include "shell_world.h"

#define SUMMARY                                                                                                        \
    "{ \"root_group\": { \"name\": \"\", \"path\": \"\", \"id\": \"d41d8cd98f00b204e9800998ecf8427e\", \"groups\": "   \
    "{}, \"checks\": {} },\n"                                                                                          \
    "  \"metrics\": {\n"                                                                                               \
    "    \"http_req_duration\": { \"avg\": 140.5, \"min\": 104.1, \"med\": 110.25, \"max\": 1140, \"p(90)\": 203.5,\n" \
    "      \"p(95)\": 215.75, \"p(99)\": 900, \"thresholds\": { \"p(95)<500\": %s } },\n"                              \
    "    \"http_req_failed\": { \"passes\": 9, \"fails\": 1491, \"value\": 0.006, \"thresholds\": { \"rate<0.01\": "   \
    "false } },\n"                                                                                                     \
    "    \"http_reqs\": { \"count\": 1500, \"rate\": 49.5 },\n"                                                        \
    "    \"checks\": { \"passes\": 1485, \"fails\": 15, \"value\": 0.99 },\n"                                          \
    "    \"iterations\": { \"count\": 1500, \"rate\": 49.5 } } }\n"

/* A folder with a program k6: it finds the file of --summary-export, writes `summary` there, and ends by `status`. */
static const char *k6_in_path(const char *summary, int status)
{
    const char *folder = kit_folder(), *path = kit_path("%s/k6", folder);
    kit_write(kit_path("%s/summary", folder), summary);
    kit_write(path, kit_path("#!/bin/sh\n"
                             "[ \"$1\" = run ] || exit 104\n"
                             "for a; do case $a in --summary-export=*) to=${a#*=} ;; esac; last=$a; done\n"
                             "echo \"script $last, TOKEN=$TOKEN, args $*\"; [ -r \"$last\" ] || exit 255\n"
                             "[ -s %s/summary ] && cp %s/summary \"$to\"\n"
                             "echo 'level=error msg=\"some error\"' >&2\n"
                             "exit %d\n",
                             folder, folder, status));
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

static kit_step *k6_step(const char *program)
{
    const char *script = kit_path("%s/load.js", kit_folder());
    kit_write(script, "export default function () {}\n");
    kit_step *s = kit_step_new("shell.k6");
    kit_set(s, "script", script);
    kit_set(s, "program", program);
    return s;
}

static kit_step *k6_that_writes(const char *summary, int status)
{
    return k6_step(k6_in_path(summary, status));
}

/* As k6 2 writes it; thresholds stand there only where it has them. */
#define VERSIONED                                                                                                      \
    "{ \"version\": \"1.0.0\", \"metadata\": { \"generated_at\": \"2026-01-15T10:30:45Z\", \"k6_version\": \"2.0.0\" " \
    "},"                                                                                                               \
    " \"config\": { \"execution\": \"local\", \"duration\": 60.0 }, \"results\": { \"passed\": %s, \"metrics\": ["     \
    "{ \"name\": \"http_req_duration\", \"type\": \"trend\", \"contains\": \"time\", \"values\": { \"med\": 110.25, "  \
    "\"max\":"                                                                                                         \
    " 1140, \"p(95)\": 215.75, \"p(99)\": 900, \"count\": 1500 } %s },"                                                \
    "{ \"name\": \"http_req_failed\", \"type\": \"rate\", \"values\": { \"rate\": 0.006, \"passes\": 9, \"fails\": "   \
    "1491 } },"                                                                                                        \
    "{ \"name\": \"http_reqs\", \"type\": \"counter\", \"values\": { \"count\": 1500, \"rate\": 49.5 } },"             \
    "{ \"name\": \"iterations\", \"type\": \"counter\", \"values\": { \"count\": 1500, \"rate\": 49.5 } } ],"          \
    " \"checks\": { \"metrics\": [ { \"name\": \"checks_succeeded\", \"values\": { \"rate\": 0.99, \"passes\": 99, "   \
    "\"fails\":"                                                                                                       \
    " 1 } } ] } } }\n"

static void the_versioned_summary_of_k6_2_is_read_as_well(void **state)
{
    (void)state;
    static const struct {
        const char *passed, *thresholds;
        int exit;
        belay_status status;
    } cases[] = {
        {"true", ", \"thresholds\": [{ \"source\": \"p(95)<500\", \"ok\": true }]", 0, BELAY_OK},
        {"true", ", \"thresholds\": { \"p(95)<500\": { \"ok\": true } }", 0, BELAY_OK},
        {"false", ", \"thresholds\": [{ \"source\": \"p(95)<500\", \"ok\": false }]", 99, BELAY_E_FAIL},
        {"false", "", 99, BELAY_E_FAIL},
        {"false", "", 0, BELAY_E_FAIL},
        {"true", "", 0, BELAY_NO_DATA}, /* without a threshold there is nothing to judge by */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_step *s = k6_that_writes(kit_path(VERSIONED, cases[i].passed, cases[i].thresholds), cases[i].exit);
        belay_status came = kit_run(s, KIT_VERIFY);
        if (came != cases[i].status)
            fail_msg("case %zu: %d, not %d: %s", i, came, cases[i].status, kit_summary(s));
        assert_float_equal(kit_measured(s, "p95"), 215.75, 1e-9);
        assert_float_equal(kit_measured(s, "error_rate"), 0.6, 1e-9);
        assert_float_equal(kit_measured(s, "checks"), 99, 1e-9);
        assert_float_equal(kit_measured(s, "samples"), 1500, 1e-9);
        kit_step_free(s);
    }
}

static void figures_and_thresholds_become_measurements(void **state)
{
    (void)state;
    kit_step *s = k6_that_writes(kit_path(SUMMARY, "false"), 0);
    kit_set_list(s, "args", "--vus", "50", NULL);
    kit_set_list(s, "env", "TOKEN=canary-77e1", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    static const struct {
        const char *name;
        double value;
    } figures[] = {{"p50", 110.25},
                   {"p95", 215.75},
                   {"p99", 900},
                   {"max", 1140},
                   {"throughput", 49.5},
                   {"samples", 1500},
                   {"error_rate", 0.6},
                   {"checks", 99},
                   {"iterations", 1500},
                   {"crossed/http_req_duration: p(95)<500", 0},
                   {"crossed/http_req_failed: rate<0.01", 0}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (fabs(kit_measured(s, figures[i].name) - figures[i].value) > 1e-9)
            fail_msg("%s is %g", figures[i].name, kit_measured(s, figures[i].name));
    shell_world_must_say(kit_artifact(s, "k6.log"), "args run --no-usage-report");
    shell_world_must_say(kit_artifact(s, "k6.log"), "--vus 50 /");
    shell_world_must_say(kit_artifact(s, "summary.json"), "\"root_group\"");
    assert_null(strstr(kit_artifact(s, "k6.log"), "canary"));
    kit_step_free(s);
}

static void a_crossed_threshold_is_a_failure_that_names_it(void **state)
{
    (void)state;
    kit_step *s = k6_that_writes(kit_path(SUMMARY, "true"), 99);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(s), "1 of 2 thresholds were crossed: http_req_duration: p(95)<500");
    assert_true(kit_measured(s, "crossed/http_req_duration: p(95)<500") == 1);
    assert_true(kit_measured(s, "p95") == 215.75);
    kit_step_free(s);
}

#define FIFTY "ccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void a_threshold_with_a_long_name_is_measured_too(void **state)
{
    (void)state;
    char name[MEASURE_NAME + 1];
    measure_name("crossed", "{scenario:" FIFTY FIFTY FIFTY "}: p(95)<5", name);
    kit_step *s =
        k6_that_writes("{\"metrics\": {\"iterations\": {\"values\": {\"count\": 3}},"
                       " \"{scenario:" FIFTY FIFTY FIFTY "}\": {\"thresholds\": {\"p(95)<5\": {\"ok\": true}}}}}",
                       0);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, name) == 0);
    kit_step_free(s);
}

static void the_form_of_newer_summaries_is_understood(void **state)
{
    (void)state;
    kit_step *s = k6_that_writes(
        "{\"metrics\": {\"iterations\": {\"type\": \"counter\", \"values\": {\"count\": 3, \"rate\": 1}},\n"
        " \"http_req_duration\": {\"values\": {\"p(95)\": 7.5}, \"thresholds\": {\"p(95)<5\": {\"ok\": false},"
        " \"p(95)<9\": {\"ok\": true}}}}}",
        99);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(s), "1 of 2 thresholds were crossed: http_req_duration: p(95)<5");
    assert_true(kit_measured(s, "p95") == 7.5);
    assert_true(isnan(kit_measured(s, "samples")));
    kit_step_free(s);
}

static void other_exit_statuses_are_errors_with_their_meaning(void **state)
{
    (void)state;
    kit_step *s = k6_that_writes(kit_path(SUMMARY, "false"), 107);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    shell_world_must_say(kit_summary(s), "k6 exited with 107: the script threw an exception");
    shell_world_must_say(kit_summary(s), "some error");
    kit_step_free(s);
    s = k6_that_writes("", 255);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    shell_world_must_say(kit_summary(s), "k6 exited with 255: it could not run the script");
    kit_step_free(s);
}

static void without_iterations_or_thresholds_there_is_no_data(void **state)
{
    (void)state;
    kit_step *s = k6_that_writes("{\"metrics\": {\"checks\": {\"passes\": 0, \"fails\": 0, \"value\": 0,"
                                 " \"thresholds\": {\"rate>=0.9\": false}}}}",
                                 0);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    shell_world_must_say(kit_summary(s), "did not go through once");
    kit_step_free(s);
    s = k6_that_writes("{\"metrics\": {\"iterations\": {\"count\": 5, \"rate\": 1}}}", 0);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    assert_string_equal(kit_option_to_blame(s), "min_thresholds");
    kit_set(s, "min_thresholds", "0");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_step_free(s);
}

static void a_summary_that_is_missing_or_broken_is_an_error(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{\"metrics\": {", "{\"root_group\": {}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        kit_step *s = k6_that_writes(bad[i], 0);
        assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
        shell_world_must_say(kit_summary(s), "its summary cannot be read");
        kit_step_free(s);
    }
    kit_step *s = k6_that_writes("", 99);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    kit_step_free(s);
}

static void without_k6_the_message_says_what_to_install(void **state)
{
    (void)state;
    kit_step *s = k6_step("k6-that-nobody-has");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(s), "there is no program 'k6-that-nobody-has'");
    shell_world_must_say(kit_hint(s), "install k6");
    assert_string_equal(kit_option_to_blame(s), "program");
    kit_step_free(s);
    kit_step *found = k6_that_writes("", 0);
    kit_set(found, "program", "/no/such/k6");
    assert_int_equal(kit_run(found, KIT_PREPARE), BELAY_E_FAIL);
    kit_step_free(found);
}

static void k6_is_looked_up_in_path(void **state)
{
    (void)state;
    const char *program = k6_in_path(kit_path(SUMMARY, "false"), 0);
    const char *before = kit_path("%s", getenv("PATH"));
    setenv("PATH", kit_path("%.*s:%s", (int)(strrchr(program, '/') - program), program, before), 1);
    kit_step *s = k6_step("k6");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    setenv("PATH", before, 1);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_versioned_summary_of_k6_2_is_read_as_well),
        cmocka_unit_test(figures_and_thresholds_become_measurements),
        cmocka_unit_test(a_crossed_threshold_is_a_failure_that_names_it),
        cmocka_unit_test(a_threshold_with_a_long_name_is_measured_too),
        cmocka_unit_test(the_form_of_newer_summaries_is_understood),
        cmocka_unit_test(other_exit_statuses_are_errors_with_their_meaning),
        cmocka_unit_test(without_iterations_or_thresholds_there_is_no_data),
        cmocka_unit_test(a_summary_that_is_missing_or_broken_is_an_error),
        cmocka_unit_test(without_k6_the_message_says_what_to_install),
        cmocka_unit_test(k6_is_looked_up_in_path),
    };
    return cmocka_run_group_tests_name("shell.k6, with a stand-in for k6", tests, NULL, NULL);
}
