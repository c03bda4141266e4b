/* The transaction, one situation after the other. Steps are a, b, c ...; a trace names what was started: pa is a's
 * prepare, ea its execute, va its verify, ra its rollback; ! is a crash, ^C a cancel. */
#include "sim/sim.h"

#include <string.h>

static void commits_when_all_steps_verify(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb ea va eb vb [committed]");
    assert_int_equal(s.finish, MACHINE_FINISH_COMMITTED);
    sim_done(&s);
}

static void prepares_all_steps_of_all_stages_before_any_executes(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    sim_split(&s, 2, false);
    sim_split(&s, 1, true);
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc ea va eb vb [committed]");
    sim_done(&s);
}

static void prepares_as_many_steps_at_once_as_the_plan_allows(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 4);
    sim_split(&s, 2, false);
    s.plan.prepare_parallel = 3;
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    assert_string_equal(s.trace, "pa pb pc");
    assert_true(sim_turn(&s));
    assert_string_equal(s.trace, "pa pb pc pd");
    while (sim_turn(&s))
        ;
    assert_string_equal(s.trace, "pa pb pc pd ea va eb vb ec vc ed vd [committed]");
    sim_done(&s);
}

static void refuses_after_asking_all_steps_when_some_cannot_run(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    s.world[0].script[MACHINE_PREPARE] = "f";
    s.world[1].script[MACHINE_PREPARE] = "r";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc [refused]");
    assert_string_equal(s.notes, "a:bad b:bad");
    assert_int_equal(s.reason, MACHINE_BECAUSE_PREPARE);
    assert_int_equal(s.reason_step, 0);
    assert_int_equal(s.finish, MACHINE_FINISH_REFUSED);
    sim_done(&s);
}

static void only_prepares_for_a_plan(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    s.plan.prepare_only = true;
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb");
    assert_int_equal(s.finish, MACHINE_FINISH_COMMITTED);
    sim_done(&s);
}

static void undoes_in_reverse_order_then_runs_the_rollback_stage(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 4);
    sim_split(&s, 1, true);
    s.world[2].script[MACHINE_VERIFY] = "f";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc pd ea va eb vb ec vc [rolling back] rc rb ra ed vd [rolled back]");
    assert_int_equal(s.reason, MACHINE_BECAUSE_VERDICT);
    assert_int_equal(s.reason_step, 2);
    assert_int_equal(s.finish, MACHINE_FINISH_ROLLED_BACK);
    sim_done(&s);
}

static void touches_nothing_when_a_check_fails_before_the_first_change(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    sim_split(&s, 1, true);
    s.steps[0].has_execute = s.steps[0].has_rollback = false;
    s.world[0].script[MACHINE_VERIFY] = "f";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc va [refused]");
    assert_int_equal(s.finish, MACHINE_FINISH_REFUSED);
    sim_done(&s);
}

static void prepares_a_step_again_once_its_options_are_known(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    s.steps[1].pending = true;
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb ea va pb eb vb [committed]");
    sim_done(&s);
}

static void rolls_back_when_a_step_cannot_run_with_the_options_it_gets(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    s.steps[1].pending = true;
    s.world[1].script[MACHINE_PREPARE] = "pf";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb ea va pb [rolling back] ra [rolled back]");
    sim_done(&s);
}

/* ---- policies ---------------------------------------------------------------------------------------------------- */

static void goes_on_with_a_warning_where_the_policy_says_so(void **state)
{
    (void)state;
    static const char verdicts[] = "fei";
    for (size_t i = 0; i < 3; i++) {
        sim s;
        sim_init(&s, 2);
        machine_policy *policies[] = {&s.steps[0].on_failure, &s.steps[0].on_error, &s.steps[0].on_inconclusive};
        *policies[i] = MACHINE_DO_WARN;
        const char script[] = {verdicts[i], 0};
        s.world[0].script[MACHINE_VERIFY] = script;
        sim_run(&s);
        assert_string_equal(s.trace, "pa pb ea va eb vb [committed]");
        assert_string_equal(s.notes, "a:warned b:passed");
        sim_done(&s);
    }
}

static void pauses_then_verifies_again_on_resume(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    s.steps[0].on_error = MACHINE_DO_PAUSE;
    s.world[0].script[MACHINE_VERIFY] = "e";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb ea va [paused]");
    assert_int_equal(s.finish, MACHINE_FINISH_WAITING);
    sim_resume(&s);
    assert_string_equal(s.trace, "pa pb ea va [paused] [running] va eb vb [committed]");
    sim_done(&s);
}

static void pauses_then_executes_again_on_resume(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.steps[0].on_error = MACHINE_DO_PAUSE;
    s.world[0].script[MACHINE_EXECUTE] = "uu";
    sim_run(&s);
    sim_resume(&s);
    sim_resume(&s);
    assert_string_equal(s.trace, "pa ea [paused] [running] ea [paused] [running] ea va [committed]");
    sim_done(&s);
}

static void takes_a_paused_run_back_when_asked(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    s.steps[1].on_failure = MACHINE_DO_PAUSE;
    s.world[1].script[MACHINE_EXECUTE] = "f";
    sim_run(&s);
    sim_boot(&s, true, MACHINE_ASSUME_NOTHING);
    while (sim_turn(&s))
        ;
    assert_string_equal(s.trace, "pa pb ea va eb [paused] [rolling back] rb ra [rolled back]");
    assert_int_equal(s.reason, MACHINE_BECAUSE_ASKED);
    sim_done(&s);
}

static void pauses_only_after_what_runs_beside_has_ended(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    s.stages[0].parallel = 2;
    s.steps[0].on_failure = MACHINE_DO_PAUSE;
    s.world[0].script[MACHINE_EXECUTE] = "f";
    s.world[1].script[MACHINE_VERIFY] = "nn";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc ea eb vb vb vb [paused]");
    sim_resume(&s);
    assert_string_equal(s.trace, "pa pb pc ea eb vb vb vb [paused] [running] ea ec va vc [committed]");
    sim_done(&s);
}

/* ---- parallel ---------------------------------------------------------------------------------------------------- */

static void runs_side_by_side_what_needs_nothing_of_each_other(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 4);
    s.stages[0].parallel = 2;
    sim_need(&s, 1, 0);
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc pd ea ec va vc eb ed vb vd [committed]");
    sim_done(&s);
}

static void stops_what_runs_beside_a_failure_then_undoes_one_at_a_time(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 4);
    s.stages[0].parallel = 3;
    s.world[0].script[MACHINE_EXECUTE] = "f";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc pd ea eb ec [rolling back] rc rb ra [rolled back]");
    assert_string_equal(s.notes, "a:bad b:stopped c:stopped c:undone b:undone a:undone");
    sim_done(&s);
}

/* ---- a long run -------------------------------------------------------------------------------------------------- */

static void ten_thousand_steps_take_linear_memory_and_no_deep_stack(void **state)
{
    (void)state;
    const size_t n = 10000;
    machine_step *steps = test_calloc(n, sizeof *steps);
    for (size_t i = 0; i < n; i++)
        steps[i] = (machine_step){.has_execute = true, .has_rollback = true, .attempts = 1, .hits = 1};
    machine_stage stage = {.count = n, .parallel = 1};
    machine_plan plan = {
        .steps = steps, .step_count = n, .stages = &stage, .stage_count = 1, .prepare_parallel = 1, .undo_attempts = 3};
    assert_true(machine_size(&plan) < n * 1024);
    machine *m = machine_init(test_malloc(machine_size(&plan)), &plan);

    machine_event event = {.kind = MACHINE_BEGIN};
    const machine_action *actions;
    size_t done = 0, count;
    while ((count = machine_handle(m, &event, &actions)) > 0 && !machine_finished(m)) {
        assert_int_equal(actions[count - 1].what, MACHINE_START);
        event = (machine_event){.kind = MACHINE_PHASE_ENDED, .step = done++};
    }
    assert_int_equal(done, n);
    test_free(m);
    test_free(steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_when_all_steps_verify),
        cmocka_unit_test(prepares_all_steps_of_all_stages_before_any_executes),
        cmocka_unit_test(prepares_as_many_steps_at_once_as_the_plan_allows),
        cmocka_unit_test(refuses_after_asking_all_steps_when_some_cannot_run),
        cmocka_unit_test(only_prepares_for_a_plan),
        cmocka_unit_test(undoes_in_reverse_order_then_runs_the_rollback_stage),
        cmocka_unit_test(touches_nothing_when_a_check_fails_before_the_first_change),
        cmocka_unit_test(prepares_a_step_again_once_its_options_are_known),
        cmocka_unit_test(rolls_back_when_a_step_cannot_run_with_the_options_it_gets),
        cmocka_unit_test(goes_on_with_a_warning_where_the_policy_says_so),
        cmocka_unit_test(pauses_then_verifies_again_on_resume),
        cmocka_unit_test(pauses_then_executes_again_on_resume),
        cmocka_unit_test(takes_a_paused_run_back_when_asked),
        cmocka_unit_test(pauses_only_after_what_runs_beside_has_ended),
        cmocka_unit_test(runs_side_by_side_what_needs_nothing_of_each_other),
        cmocka_unit_test(stops_what_runs_beside_a_failure_then_undoes_one_at_a_time),
        cmocka_unit_test(ten_thousand_steps_take_linear_memory_and_no_deep_stack),
    };
    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
