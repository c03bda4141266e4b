/* The diagnosis between a failure and its undo, one situation after the other; see machine.c for the traces. */
#include "sim/sim.h"

#include <string.h>

static const size_t both[] = {0, 1};

/* a and b, then the collectors c and d that answer both, then the rollback stage e. */
static void lay(sim *s)
{
    sim_init(s, 5);
    sim_split(s, 3, false);
    sim_split(s, 1, true);
    s->stages[1].diagnose = true;
    s->stages[1].parallel = 2;
    for (size_t i = 2; i < 4; i++) {
        s->steps[i].has_prepare = s->steps[i].has_execute = s->steps[i].has_rollback = false;
        s->steps[i].answers = both;
        s->steps[i].answer_count = 2;
    }
}

static void looks_side_by_side_between_the_failure_and_the_undo(void **state)
{
    (void)state;
    sim s;
    lay(&s);
    s.world[1].script[MACHINE_VERIFY] = "f";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pe ea va eb vb [rolling back] vc vd rb ra ee ve [rolled back]");
    assert_int_equal(s.reason_step, 1);
    sim_done(&s);
}

static void a_decision_of_people_is_its_own_cause(void **state)
{
    (void)state;
    sim s;
    lay(&s);
    s.steps[1].waits = true;
    s.world[1].script[MACHINE_VERIFY] = "nf";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pe ea va eb vb vb [rolling back] rb ra ee ve [rolled back]");
    sim_done(&s);
}

static void looks_at_nothing_in_a_run_that_passes(void **state)
{
    (void)state;
    sim s;
    lay(&s);
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pe ea va eb vb [committed]");
    sim_done(&s);
}

static void asks_only_those_that_answer_the_failed_step(void **state)
{
    (void)state;
    sim s;
    lay(&s);
    s.steps[2].answer_count = 1;
    s.steps[3].skipped = true;
    s.world[1].script[MACHINE_VERIFY] = "f";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pe ea va eb vb [rolling back] rb ra ee ve [rolled back]");
    sim_done(&s);
}

static void what_a_collector_comes_to_decides_nothing(void **state)
{
    (void)state;
    static const char *const verdicts[] = {"n", "f", "r", "e", "u", "i"};
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        sim s;
        lay(&s);
        s.world[1].script[MACHINE_EXECUTE] = "f";
        s.world[2].script[MACHINE_VERIFY] = verdicts[i];
        sim_run(&s);
        assert_string_equal(s.trace, "pa pb pe ea va eb [rolling back] vc vd rb ra ee ve [rolled back]");
        sim_done(&s);
    }
}

static void what_hangs_is_killed_at_the_limit(void **state)
{
    (void)state;
    sim s;
    lay(&s);
    s.world[1].script[MACHINE_VERIFY] = "f";
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    while (!s.world[3].running)
        assert_true(sim_turn(&s));
    const int64_t begun = s.now;
    s.world[3].ends = begun + 1000000;
    while (sim_turn(&s) && s.world[3].running)
        ;
    assert_int_equal(s.now, begun + s.plan.diagnose_ms + 1);
    while (sim_turn(&s))
        ;
    assert_int_equal(s.state, MACHINE_ROLLED_BACK);
    sim_done(&s);
}

static void looks_before_a_refusal_and_before_a_pause(void **state)
{
    (void)state;
    sim s;
    lay(&s);
    s.steps[0].has_execute = s.steps[0].has_rollback = false;
    s.world[0].script[MACHINE_VERIFY] = "f";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pe va vc vd [refused]");
    sim_done(&s);
    lay(&s);
    s.steps[1].on_failure = MACHINE_DO_PAUSE;
    s.world[1].script[MACHINE_VERIFY] = "f";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pe ea va eb vb vc vd [paused]");
    sim_resume(&s);
    assert_string_equal(s.trace, "pa pb pe ea va eb vb vc vd [paused] [running] vb [committed]");
    sim_done(&s);
}

/* Boots a run whose step b fails, up to where the collectors look. */
static void up_to_the_diagnosis(sim *s, machine_policy policy)
{
    lay(s);
    s->steps[1].on_failure = policy;
    s->world[1].script[MACHINE_VERIFY] = "f";
    sim_boot(s, false, MACHINE_ASSUME_NOTHING);
    while (!s->world[3].running)
        assert_true(sim_turn(s));
    s->world[3].ends += 1000;
}

static void a_cancel_cuts_it_short(void **state)
{
    (void)state;
    sim s;
    up_to_the_diagnosis(&s, MACHINE_DO_ROLLBACK);
    sim_cancel(&s);
    assert_true(s.world[3].stopped);
    while (sim_turn(&s))
        ;
    assert_string_equal(s.trace, "pa pb pe ea va eb vb [rolling back] vc vd ^C rb ra ee ve [rolled back]");
    assert_int_equal(s.reason, MACHINE_BECAUSE_VERDICT);
    sim_done(&s);
}

static void a_cancel_takes_back_what_would_have_paused(void **state)
{
    (void)state;
    sim s;
    up_to_the_diagnosis(&s, MACHINE_DO_PAUSE);
    sim_cancel(&s);
    while (sim_turn(&s))
        ;
    assert_string_equal(s.trace, "pa pb pe ea va eb vb vc vd ^C [rolling back] rb ra ee ve [rolled back]");
    assert_int_equal(s.reason, MACHINE_BECAUSE_CANCELLED);
    sim_done(&s);
}

static void a_second_cancel_stops_it_where_it_stands(void **state)
{
    (void)state;
    sim s;
    up_to_the_diagnosis(&s, MACHINE_DO_ROLLBACK);
    sim_cancel(&s);
    sim_cancel(&s);
    while (sim_turn(&s))
        ;
    assert_int_equal(s.finish, MACHINE_FINISH_PERSON);
    assert_int_equal(s.state, MACHINE_ROLLING_BACK);
    sim_resume(&s);
    assert_int_equal(s.state, MACHINE_ROLLED_BACK);
    sim_done(&s);
}

static void nobody_who_cancelled_waits_for_a_diagnosis(void **state)
{
    (void)state;
    sim s;
    lay(&s);
    s.stages[0].parallel = 2;
    s.world[1].script[MACHINE_EXECUTE] = "f";
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    while (!s.world[0].running || s.world[0].phase != MACHINE_EXECUTE)
        assert_true(sim_turn(&s));
    s.world[0].ends += 100;
    assert_true(sim_turn(&s));
    assert_int_equal(s.state, MACHINE_ROLLING_BACK);
    sim_cancel(&s);
    while (sim_turn(&s))
        ;
    assert_string_equal(s.trace, "pa pb pe ea eb [rolling back] ^C rb ra ee ve [rolled back]");
    sim_done(&s);
}

static void a_crash_in_it_goes_on_with_the_undo(void **state)
{
    (void)state;
    sim s;
    up_to_the_diagnosis(&s, MACHINE_DO_ROLLBACK);
    sim_kill(&s);
    sim_resume(&s);
    assert_string_equal(s.trace,
                        "pa pb pe ea va eb vb [rolling back] vc vd ! [rolling back] rb ra ee ve [rolled back]");
    sim_done(&s);
}

static void a_crash_in_it_does_not_take_the_steps_before_for_settled(void **state)
{
    (void)state;
    sim s;
    up_to_the_diagnosis(&s, MACHINE_DO_PAUSE);
    sim_kill(&s);
    sim_resume(&s);
    assert_string_equal(s.trace, "pa pb pe ea va eb vb vc vd ! vc vd [paused]");
    assert_int_equal(s.reason_step, 1);
    sim_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_side_by_side_between_the_failure_and_the_undo),
        cmocka_unit_test(a_decision_of_people_is_its_own_cause),
        cmocka_unit_test(looks_at_nothing_in_a_run_that_passes),
        cmocka_unit_test(asks_only_those_that_answer_the_failed_step),
        cmocka_unit_test(what_a_collector_comes_to_decides_nothing),
        cmocka_unit_test(what_hangs_is_killed_at_the_limit),
        cmocka_unit_test(looks_before_a_refusal_and_before_a_pause),
        cmocka_unit_test(a_cancel_cuts_it_short),
        cmocka_unit_test(a_cancel_takes_back_what_would_have_paused),
        cmocka_unit_test(a_second_cancel_stops_it_where_it_stands),
        cmocka_unit_test(nobody_who_cancelled_waits_for_a_diagnosis),
        cmocka_unit_test(a_crash_in_it_goes_on_with_the_undo),
        cmocka_unit_test(a_crash_in_it_does_not_take_the_steps_before_for_settled),
    };
    return cmocka_run_group_tests_name("machine, diagnosis", tests, NULL, NULL);
}
