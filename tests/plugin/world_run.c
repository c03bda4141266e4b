/* A run of the whole program: how it ends, in which order, and what it leaves in the world. */
#include "world_bed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *two_steps(const bed *b, const char *trouble)
{
    return kit_path("stages: ( { name = \"one\"; steps: ( %s ); }, { name = \"two\"; steps: ( %s ); } );\n"
                    "rollback: ( %s );",
                    bed_write(b, 'a', ""), bed_write(b, 'b', trouble), bed_check(b, 'c', ""));
}

static void commits_and_leaves_the_new_world(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, two_steps(&b, ""));
    assert_int_equal(bed_run(&b), 0);
    assert_string_equal(bed_trace(&b), "pa pb pc ea va eb vb");
    assert_string_equal(bed_file(&b, "a"), "new");
    assert_string_equal(bed_file(&b, "b"), "new");
    assert_contains(bed_events(&b), "\"state\":\"committed\"");
    assert_contains(bed_events(&b), "\"commit\":\"new\""); /* the output that is marked so */
}

static void every_way_to_fail_gives_the_old_world_back(void **state)
{
    (void)state;
    static const struct {
        const char *more, *trace, *says;
    } cases[] = {
        {"trouble = [\"execute=fail\"];", "pa pb pc ea va eb rb ra vc", "step 'b' failed in execute: told to do so"},
        {"trouble = [\"execute=config\"];", "pa pb pc ea va eb rb ra vc", "failed in execute"},
        {"trouble = [\"execute.midway=fail\"];", "pa pb pc ea va eb rb ra vc", "failed in execute"},
        {"trouble = [\"execute.end=fail\"];", "pa pb pc ea va eb rb ra vc", "failed in execute"},
        {"trouble = [\"execute=crash\"];", "pa pb pc ea va eb rb ra vc", "SIGABRT"},
        {"trouble = [\"execute.midway=crash\"];", "pa pb pc ea va eb rb ra vc", "SIGABRT"},
        {"trouble = [\"execute.end=crash\"];", "pa pb pc ea va eb rb ra vc", "SIGABRT"},
        {"trouble = [\"execute=exit\"];", "pa pb pc ea va eb rb ra vc", "ended in an error in execute"},
        {"trouble = [\"execute.end=hang\"]; timeout = \"300ms\";", "pa pb pc ea va eb rb ra vc", "did not end within"},
        {"trouble = [\"execute=limit\"];", "pa pb pc ea va eb rb ra vc", "ended in an error in execute"},
        {"trouble = [\"verify=fail\"];", "pa pb pc ea va eb vb rb ra vc", "step 'b' failed in verify"},
        {"trouble = [\"verify=crash\"];", "pa pb pc ea va eb vb rb ra vc", "SIGABRT"},
        {"trouble = [\"verify=no_data\"];", "pa pb pc ea va eb vb rb ra vc", "could not be judged in verify"},
        {"measure = false; fail_if = [\"length > 99\"];", "pa pb pc ea va eb vb rb ra vc",
         "there is no sample of 'length'"},
        {"trouble = [\"verify=not_finite\"]; fail_if = [\"length > 99\"];", "pa pb pc ea va eb vb rb ra vc",
         "'length/b' was measured as no finite number"},
        {"fail_if = [\"length > 2\"];", "pa pb pc ea va eb vb rb ra vc", "length is 3 (> 2)"},
        {"trouble = [\"verify=not_yet\"]; ready = \"1ms\";", "pa pb pc ea va eb vb rb ra vc",
         "was not ready within 1 ms: told to do so"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bed b = bed_new();
        bed_pipeline(&b, two_steps(&b, cases[i].more));
        int status = bed_run(&b);
        if (status != 10 || strcmp(bed_trace(&b), cases[i].trace) != 0)
            fail_msg("%s: status %d, trace %s\n%s", cases[i].more, status, bed_trace(&b), bed_events(&b));
        assert_contains(bed_events(&b), cases[i].says);
        assert_contains(bed_events(&b), "healthy_after_ms");
        bed_assert_untouched(&b);
    }
}

static void says_that_the_previous_version_is_healthy_only_when_something_proved_it(void **state)
{
    (void)state;
    bed b = bed_new();
    const char *main_stage =
        kit_path("stages: ( { name = \"one\"; steps: ( %s ); } );", bed_write(&b, 'a', "trouble = [\"verify=fail\"];"));
    const struct {
        const char *rollback;
        bool proved;
    } cases[] = {
        {"", false},
        {kit_path("rollback: ( %s );", bed_check(&b, 'c', "when = \"no\";")), false},
        {kit_path("rollback: ( %s );", bed_check(&b, 'c', "trouble = [\"verify=fail\"]; on_failure = \"warn\";")),
         false},
        {kit_path("rollback: ( %s, %s );", bed_check(&b, 'c', ""),
                  bed_check(&b, 'd', "trouble = [\"verify=fail\"]; on_failure = \"warn\";")),
         false},
        {kit_path("rollback: ( %s, %s );", bed_check(&b, 'c', "when = \"no\";"), bed_check(&b, 'd', "")), true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bed_pipeline(&b, kit_path("%s %s", main_stage, cases[i].rollback));
        assert_int_equal(bed_run(&b), 10);
        assert_int_equal(strstr(bed_events(&b), "healthy_after_ms") != NULL, cases[i].proved);
        (void)bed_belay(&b, "show", "latest", NULL);
        assert_int_equal(strstr(bed_events(&b), "\"healthy_ms\": 0") == NULL, cases[i].proved);
    }
}

static void what_a_plugin_explained_and_bore_is_no_hint_to_a_threshold(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, two_steps(&b, "trouble = [\"verify=tolerate\"]; fail_if = [\"length > 2\"];"));
    assert_int_equal(bed_run(&b), 10);
    assert_contains(bed_events(&b), "length is 3 (> 2)");
    assert_null(strstr(bed_events(&b), "do not tell it"));
    assert_null(strstr(bed_events(&b), "\"option\":\"trouble\""));
}

static void what_is_not_known_is_no_fact(void **state)
{
    (void)state;
    bed b = bed_new();
    const char *steps = kit_path("stages: ( { name = \"one\"; steps: ( %s ); } );",
                                 bed_write(&b, 'a', "trouble = [\"prepare=know\"];"));
    bed_first_pipeline(&b, steps);
    assert_int_equal(bed_belay(&b, "plan", b.file, NULL), 0);
    assert_int_equal(bed_run(&b), 0);
}

static void an_output_that_is_read_must_be_produced_and_be_of_its_type(void **state)
{
    (void)state;
    static const struct {
        const char *trouble, *says;
        int status;
    } cases[] = {
        {"", "it did not produce its output 'count', which step 'b' reads", 10},
        {"trouble = [\"execute.count=many\"];", "its output 'count' is not a whole number: 'many'", 10},
        {"trouble = [\"execute.count=3\"];", "\"committed\"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bed b = bed_new();
        bed_pipeline(&b, bed_two_writes(&b, cases[i].trouble, "needs = [\"a\"]; token = \"${steps.a.count}\";"));
        assert_int_equal(bed_run(&b), cases[i].status);
        assert_contains(bed_events(&b), cases[i].says);
        assert_null(strstr(bed_events(&b), "not produced yet"));
        if (cases[i].status)
            assert_null(strstr(bed_trace(&b), "eb"));
    }
}

static void refuses_with_all_that_cannot_run_and_touches_nothing(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, kit_path("stages: ( { name = \"one\"; steps: ( %s, %s, %s ); } );",
                              bed_write(&b, 'a', "trouble = [\"prepare=fail\"];"), bed_write(&b, 'b', ""),
                              bed_write(&b, 'd', "trouble = [\"prepare=crash\"];")));
    assert_int_equal(bed_run(&b), 2);
    assert_string_equal(bed_trace(&b), "pa pb pd");
    bed_assert_untouched(&b);
    assert_contains(bed_events(&b), "\"step\":\"d\",\"kind\":\"world.write\",\"stage\":\"one\",\"verdict\":\"error\"");
}

static void a_check_that_fails_before_the_first_change_touches_nothing(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, kit_path("stages: ( { name = \"one\"; steps: ( %s, %s ); } ); rollback: ( %s );",
                              bed_check(&b, 'c', "trouble = [\"verify=fail\"];"), bed_write(&b, 'a', ""),
                              bed_check(&b, 'd', "")));
    assert_int_equal(bed_run(&b), 2);
    assert_string_equal(bed_trace(&b), "pa pc pd vc");
    bed_assert_untouched(&b);
}

static void retries_what_may_pass(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, two_steps(&b, "trouble = [\"execute=retry:2\", \"verify=not_yet:2\"]; interval = \"10ms\";"
                                   "retry: { attempts = 3; delay = \"10ms\"; };"));
    assert_int_equal(bed_run(&b), 0);
    assert_string_equal(bed_trace(&b), "pa pb pc ea va eb eb eb vb vb vb");
}

static void goes_on_with_a_warning_when_told_to(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, two_steps(&b, "trouble = [\"verify=fail\"]; on_failure = \"warn\";"));
    assert_int_equal(bed_run(&b), 0);
    assert_contains(bed_events(&b), "\"verdict\":\"warned\"");
}

static void a_failure_beside_others_stops_and_undoes_them_all(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, kit_path("stages: ( { name = \"one\"; parallel = 3; steps: ( %s, %s, %s ); } );",
                              bed_write(&b, 'a', "trouble = [\"execute.end=nap\"];"),
                              bed_write(&b, 'b', "trouble = [\"execute.end=nap\"];"),
                              bed_write(&b, 'd', "trouble = [\"execute.midway=fail\"];")));
    assert_int_equal(bed_run(&b), 10);
    const char *trace = bed_trace(&b);
    assert_string_equal(trace + strlen(trace) - 8, "rd rb ra");
    bed_assert_untouched(&b);
}

static void a_first_deploy_leaves_out_what_has_no_previous_version(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_first_pipeline(&b, kit_path("stages: ( { name = \"one\"; steps: ( %s ); } ); rollback: ( %s );",
                                    bed_write(&b, 'a', "trouble = [\"verify=fail\"];"),
                                    bed_check(&b, 'c', "when = \"${pipeline.previous}\";")));
    assert_int_equal(bed_run(&b), 10);
    assert_string_equal(bed_trace(&b), "pa ea va ra");
    assert_contains(bed_events(&b), "\"verdict\":\"skipped\"");
    bed_assert_untouched(&b);
}

static void a_later_step_gets_the_output_and_is_prepared_again_with_it(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(
        &b, kit_path("stages: ( { name = \"one\"; steps: ( %s, { id = \"b\"; use = \"world.write\"; needs = [\"a\"];"
                     " folder = \"%s\"; file = \"b\"; content = \"${steps.a.path}\"; } ); } );",
                     bed_write(&b, 'a', ""), b.world));
    assert_int_equal(bed_run(&b), 0);
    assert_string_equal(bed_trace(&b), "pa pb ea va pb eb vb");
    assert_string_equal(bed_file(&b, "b"), kit_path("%s/a", b.world));
}

static void a_secret_appears_nowhere(void **state)
{
    (void)state;
    bed b = bed_new();
    const char *secret = kit_path("%s/token", kit_folder());
    kit_write(secret, "canary-8d1f0c\n");
    kit_status_of("chmod", "600", secret, NULL);
    bed_pipeline(&b, kit_path("secrets: { token = { provider = \"file\"; path = \"%s\"; }; };\n%s", secret,
                              two_steps(&b, "token = \"${secret:token}\"; trouble = [\"verify=fail\"];")));
    assert_int_equal(bed_run(&b), 10);
    assert_contains(bed_events(&b), "the token is [secret]");
    assert_null(strstr(bed_events(&b), "canary"));
    assert_int_equal(kit_status_of("grep", "-rqa", "canary-8d1f0c", b.state, NULL), 1);
}

static void keeps_evidence_of_the_failure_and_what_the_step_kept(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, two_steps(&b, "trouble = [\"verify=fail\"];"));
    assert_int_equal(bed_run(&b), 10);
    const char *page = kit_output_of("sh", "-c", kit_path("cat %s/runs/*/b/failure.txt", b.state), NULL);
    assert_contains(page, "verify: failed");
    assert_contains(page, "told to do so");
    assert_contains(page, "the token is none");
    assert_string_equal(kit_output_of("sh", "-c", kit_path("cat %s/runs/*/b/kept.txt", b.state), NULL), "kept\n");
}

static void a_plan_touches_and_records_nothing(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, two_steps(&b, ""));
    assert_int_equal(bed_belay(&b, "plan", b.file, NULL), 0);
    assert_contains(bed_events(&b), "\"change\":\"write b\",\"undo\":\"put the old file back\"");
    assert_null(bed_file(&b, "trace"));
    bed_assert_untouched(&b);
    assert_int_not_equal(bed_belay(&b, "show", "latest", NULL), 0);
}

static void a_trial_tells_by_its_exit_status_how_it_went(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        bool undo;
        int status;
    } cases[] = {{"trouble=prepare=fail", false, 2},
                 {"trouble=verify=fail", false, 10},
                 {"measure=true", true, 0},
                 {"trouble=rollback=fail", true, 20}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bed b = bed_new();
        const char *folder = kit_path("folder=%s", b.world);
        int status = bed_belay(&b, "try", "world.write", "--set", folder, "--set", "file=a", "--set", "content=x",
                               "--set", cases[i].set, cases[i].undo ? "--undo" : "--json", NULL);
        assert_int_equal(status, cases[i].status);
        if (status != 20)
            bed_assert_untouched(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_and_leaves_the_new_world),
        cmocka_unit_test(every_way_to_fail_gives_the_old_world_back),
        cmocka_unit_test(says_that_the_previous_version_is_healthy_only_when_something_proved_it),
        cmocka_unit_test(what_a_plugin_explained_and_bore_is_no_hint_to_a_threshold),
        cmocka_unit_test(what_is_not_known_is_no_fact),
        cmocka_unit_test(an_output_that_is_read_must_be_produced_and_be_of_its_type),
        cmocka_unit_test(refuses_with_all_that_cannot_run_and_touches_nothing),
        cmocka_unit_test(a_check_that_fails_before_the_first_change_touches_nothing),
        cmocka_unit_test(retries_what_may_pass),
        cmocka_unit_test(goes_on_with_a_warning_when_told_to),
        cmocka_unit_test(a_failure_beside_others_stops_and_undoes_them_all),
        cmocka_unit_test(a_first_deploy_leaves_out_what_has_no_previous_version),
        cmocka_unit_test(a_later_step_gets_the_output_and_is_prepared_again_with_it),
        cmocka_unit_test(a_secret_appears_nowhere),
        cmocka_unit_test(keeps_evidence_of_the_failure_and_what_the_step_kept),
        cmocka_unit_test(a_plan_touches_and_records_nothing),
        cmocka_unit_test(a_trial_tells_by_its_exit_status_how_it_went),
    };
    return cmocka_run_group_tests_name("world run", tests, NULL, NULL);
}
