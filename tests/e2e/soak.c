/* Soaks: a step that must hold for a time, watched at intervals, also over restarts. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

static const char *here(void)
{
    static const char *folder;
    return folder = folder ? folder : kit_folder();
}

/* A change, then a check that soaks with these options and holds while the file "good" is there. */
static const char *soaking(const char *environment, const char *options)
{
    const char *path = kit_path("%s/%s.cfg", here(), environment);
    kit_write(kit_path("%s/good", here()), "");
    kit_write(
        path,
        kit_path("pipeline: { name = \"app\"; environment = \"%s\"; version = \"v2\"; previous = \"v1\"; };\n"
                 "stages: ( { name = \"all\"; steps: (\n"
                 "  { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; },\n"
                 "  { id = \"watch\"; use = \"shell.check\"; argv = [\"test\", \"-e\", \"%s/good\"]; %s } ); } );\n",
                 environment, here(), options));
    return path;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Samples of the step `watch` that the run recorded. */
static int samples(void)
{
    static const char row[] = "\"step\": \"watch\",\n      \"phase\": \"verify\"";
    int n = 0;
    for (const char *at = strstr(belay("show", "latest", "--format", "json", NULL).out, row); at;
         at = strstr(at + 1, row))
        n++;
    return n;
}

static void holds_for_its_time_then_passes(void **state)
{
    (void)state;
    const double began = seconds();
    assert_int_equal(belay("run", soaking("whole", "soak = \"1s\"; interval = \"200ms\";"), NULL).status, 0);
    assert_true(seconds() - began >= 1);
    assert_in_range(samples(), 4, 7);
}

static void one_bad_sample_takes_the_run_back(void **state)
{
    (void)state;
    const char *path = soaking("bad", "soak = \"60s\"; interval = \"100ms\"; max_gaps = 500;");
    const pid_t child = fork();
    if (child == 0) {
        usleep(600 * 1000);
        _exit(unlink(kit_path("%s/good", here())));
    }
    outcome o = belay("run", path, NULL);
    assert_int_equal(o.status, 10);
    assert_holds(o.out, "step 'watch' failed in verify");
}

static void is_left_between_two_samples_and_resumed(void **state)
{
    (void)state;
    outcome o = belay("run", soaking("left", "soak = \"3s\"; interval = \"1s\"; max_gaps = 2;"), "--no-wait", NULL);
    assert_int_equal(o.status, 3);
    assert_holds(o.out, "step 'watch' soaks, and its next sample is due in ");
    o = belay("resume", "--no-wait", NULL); /* too early: nothing is sampled */
    assert_int_equal(o.status, 3);
    assert_int_equal(samples(), 1);
    int left = 3;
    for (int i = 0; i < 100 && left == 3; i++) {
        usleep(200 * 1000);
        left = belay("resume", "--no-wait", NULL).status;
    }
    assert_int_equal(left, 0);
    assert_in_range(samples(), 2, 5);
}

static void missing_samples_count_against_a_limit(void **state)
{
    (void)state;
    outcome o = belay("run", soaking("gaps", "soak = \"20s\"; interval = \"200ms\"; max_gaps = 3;"), "--no-wait", NULL);
    assert_int_equal(o.status, 3);
    usleep(2000 * 1000); /* nobody watches */
    o = belay("resume", NULL);
    assert_int_equal(o.status, 10);
    assert_holds(o.out, "step 'watch' has not been watched well enough: more than 3 of its samples are missing");
}

static void what_cannot_soak_is_refused(void **state)
{
    (void)state;
    outcome o = belay("validate", soaking("long", "soak = \"1s\"; interval = \"2s\";"), NULL);
    assert_holds(o.err, "'interval' is longer than 'soak'");
}

/* ---- slopes ------------------------------------------------------------------------------------------------------ */

/* A check that soaks, of a script that ends by printing how many tests there are: `tests` is what it measures. */
static const char *counting(const char *environment, const char *script, const char *options)
{
    const char *path = kit_path("%s/%s.cfg", here(), environment);
    kit_write(path,
              kit_path("pipeline: { name = \"app\"; environment = \"%s\"; version = \"v2\"; previous = \"v1\"; };\n"
                       "stages: ( { name = \"all\"; steps: (\n"
                       "  { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; },\n"
                       "  { id = \"watch\"; use = \"shell.check\"; cwd = \"%s\"; report = \"counts\";\n"
                       "    argv = [\"sh\", \"-c\", \"%s\"]; %s } ); } );\n",
                       environment, here(), script, options));
    return path;
}

#define GROWS(file) "echo >>" file "; echo $(wc -l <" file ") passed"

static void what_grows_beyond_its_slope_takes_the_run_back(void **state)
{
    (void)state;
    outcome o =
        belay("run",
              counting("grows", GROWS("grown"),
                       "soak = \"2s\"; interval = \"100ms\"; max_gaps = 100; fail_if = [\"slope(tests) > 1000/h\"];"),
              NULL);
    assert_int_equal(o.status, 10);
    assert_holds(o.out, "slope(tests) is ");
    assert_holds(o.out, "/h (> 1000/h)");
    assert_in_range(samples(), 5, 15); /* not in its first half, and not only at its end */
}

static void what_stays_as_it_is_passes(void **state)
{
    (void)state;
    outcome o =
        belay("run",
              counting("stays", "echo 3 passed",
                       "soak = \"2s\"; interval = \"100ms\"; max_gaps = 100; fail_if = [\"slope(tests) > 1000/h\"];"),
              NULL);
    assert_int_equal(o.status, 0);
    assert_holds(belay("show", "latest", "--format", "json", NULL).out, "\"slope(tests)\"");
}

static void too_few_samples_for_a_slope_are_inconclusive_at_the_end(void **state)
{
    (void)state;
    outcome o =
        belay("run",
              counting("few", "sleep 0.5; echo 3 passed",
                       "soak = \"1s\"; interval = \"100ms\"; max_gaps = 100; fail_if = [\"slope(tests) > 1/h\"];"),
              NULL);
    assert_int_equal(o.status, 10);
    assert_holds(o.out, "the soak ends with too few samples of 'tests' to tell its slope: it takes 5");
}

/* Of what comes after the kill alone there would be too few samples. */
static void a_slope_is_taken_over_a_kill(void **state)
{
    (void)state;
    const char *path =
        counting("killed", GROWS("killed"),
                 "soak = \"3s\"; interval = \"250ms\"; max_gaps = 100; warn_if = [\"slope(tests) > 1/h\"];");
    (void)belay_state();
    assert_int_equal(kit_status_of("timeout", "-s", "KILL", "2.4", kit_path("%s/bin/belay", getenv("BELAY_BUILD_DIR")),
                                   "run", path, NULL),
                     137);
    outcome o = belay("resume", NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "slope(tests) is ");
}

static void what_has_no_slope_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *options, *problem;
    } cases[] = {
        {"fail_if = [\"slope(tests) > 1/h\"];", "'slope(tests) > 1/h' needs a step with 'soak'"},
        {"soak = \"3s\"; fail_if = [\"slope(tests) > 1/h\"];", "needs 5 samples, and this soak takes 4"},
        {"soak = \"9s\"; fail_if = [\"slope(tests) > 1\"];", "'1' is not per hour"},
        {"soak = \"9s\"; fail_if = [\"slope(test) > 1/h\"];", "does not measure 'test'; did you mean 'tests'?"},
        {"soak = \"9s\"; fail_if = [\"slope(tests) > 1/h\", \"slope(tests) > 2/h\"];", "two thresholds of 'tests'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_holds(belay("validate", counting("refused", "true", cases[i].options), NULL).err, cases[i].problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_for_its_time_then_passes),
        cmocka_unit_test(one_bad_sample_takes_the_run_back),
        cmocka_unit_test(is_left_between_two_samples_and_resumed),
        cmocka_unit_test(missing_samples_count_against_a_limit),
        cmocka_unit_test(what_cannot_soak_is_refused),
        cmocka_unit_test(what_grows_beyond_its_slope_takes_the_run_back),
        cmocka_unit_test(what_stays_as_it_is_passes),
        cmocka_unit_test(too_few_samples_for_a_slope_are_inconclusive_at_the_end),
        cmocka_unit_test(a_slope_is_taken_over_a_kill),
        cmocka_unit_test(what_has_no_slope_is_refused),
    };
    return cmocka_run_group_tests_name("soak", tests, NULL, NULL);
}
