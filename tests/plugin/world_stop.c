/* Stopping a run: pauses, cancels, locks. */
#include "world_bed.h"

#include <signal.h>
#include <string.h>

static void pauses_and_goes_on_when_resumed(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", "trouble = [\"execute=limit:1\"]; on_error = \"pause\";"));
    assert_int_equal(bed_run(&b), 3);
    assert_contains(bed_events(&b), "\"state\":\"paused\"");
    assert_contains(bed_events(&b), "belay resume 2");
    assert_contains(bed_events(&b), "belay rollback 2");
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "resume", NULL), 0);
    assert_string_equal(bed_trace(&b), "eb vb");
}

static void a_paused_run_holds_the_environment_and_can_be_taken_back(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", "trouble = [\"verify=fail\"]; on_failure = \"pause\";"));
    assert_int_equal(bed_run(&b), 3);
    bed_forget(&b);
    assert_int_equal(bed_run(&b), 2);
    assert_contains(bed_events(&b), "has not ended");
    assert_string_equal(bed_trace(&b), "");
    assert_int_equal(bed_belay(&b, "rollback", NULL), 10);
    assert_string_equal(bed_trace(&b), "rb ra vc");
    bed_assert_untouched(&b);
}

static void a_cancel_while_preparing_touches_nothing(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", "trouble = [\"prepare=nap\"];"));
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "pa pb pc");
    bed_signal(&b, SIGINT);
    assert_int_equal(bed_end(&b), 2);
    assert_contains(bed_events(&b), "cancelled by SIGINT");
    assert_null(strstr(bed_events(&b), "rolling back"));
    bed_assert_untouched(&b);
}

static void a_step_that_was_only_prepared_has_not_passed(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "trouble = [\"prepare=deaf\"];", ""));
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "pa pb pc");
    bed_signal(&b, SIGINT);
    assert_int_equal(bed_end(&b), 2);
    assert_contains(bed_events(&b), "cancelled by SIGINT");
    assert_null(strstr(bed_events(&b), "\"type\":\"step.end\""));
    bed_assert_untouched(&b);
}

static void a_cancel_in_any_phase_takes_all_back(void **state)
{
    (void)state;
    static const struct {
        const char *trouble, *wait;
        int signal;
    } cases[] = {
        {"trouble = [\"execute=nap\"];", "eb", SIGINT},
        {"trouble = [\"execute.midway=nap\"];", "eb", SIGTERM},
        {"trouble = [\"execute.end=nap\"];", "eb", SIGHUP},
        {"trouble = [\"verify=nap\"];", "vb", SIGINT},
        {"trouble = [\"verify=not_yet\"]; interval = \"60s\";", "vb", SIGINT},
        {"trouble = [\"execute=retry\"]; retry: { attempts = 2; delay = \"60s\"; };", "eb", SIGINT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bed b = bed_new();
        bed_pipeline(&b, bed_two_writes(&b, "", cases[i].trouble));
        bed_start(&b, "run", b.file, NULL);
        bed_wait(&b, cases[i].wait);
        bed_signal(&b, cases[i].signal);
        assert_int_equal(bed_end(&b), 10);
        assert_contains(bed_events(&b), "cancelled by SIG");
        const char *trace = bed_trace(&b);
        assert_string_equal(trace + strlen(trace) - 8, "rb ra vc");
        bed_assert_untouched(&b);
    }
}

static void a_second_cancel_stops_the_rollback_where_it_stands_and_resume_ends_it(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "trouble = [\"rollback=nap:1\"];", "trouble = [\"verify=fail\"];"));
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "ra");
    bed_signal(&b, SIGINT);
    bed_wait_output(&b, "a second SIGINT stops");
    bed_signal(&b, SIGINT);
    assert_int_equal(bed_end(&b), 20);
    assert_contains(bed_events(&b), "belay resume 2");
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "resume", NULL), 10);
    assert_string_equal(bed_trace(&b), "ra vc");
    assert_contains(bed_events(&b), "step 'b' failed in verify"); /* the reason outlives the process */
    bed_assert_untouched(&b);
}

static void a_live_run_holds_the_environment(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", "trouble = [\"execute=nap\"];"));
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "eb");
    bed other = b;
    other.output = kit_path("%s.other", b.output);
    assert_int_equal(bed_run(&other), 4);
    assert_int_equal(bed_belay(&other, "resume", NULL), 4);
    assert_int_equal(bed_belay(&other, "rollback", NULL), 4);
    bed_signal(&b, SIGINT);
    assert_int_equal(bed_end(&b), 10);
    bed_assert_untouched(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_and_goes_on_when_resumed),
        cmocka_unit_test(a_paused_run_holds_the_environment_and_can_be_taken_back),
        cmocka_unit_test(a_cancel_while_preparing_touches_nothing),
        cmocka_unit_test(a_step_that_was_only_prepared_has_not_passed),
        cmocka_unit_test(a_cancel_in_any_phase_takes_all_back),
        cmocka_unit_test(a_second_cancel_stops_the_rollback_where_it_stands_and_resume_ends_it),
        cmocka_unit_test(a_live_run_holds_the_environment),
    };
    return cmocka_run_group_tests_name("world stop", tests, NULL, NULL);
}
