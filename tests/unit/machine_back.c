/* The way back: undo in reverse order, the rollback stage, what cannot be undone; see machine.c for the traces. */
#include "sim/sim.h"

#include <string.h>

static void tries_a_rollback_three_times_with_growing_pauses(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.world[0].script[MACHINE_EXECUTE] = "f";
    s.world[0].script[MACHINE_ROLLBACK] = "uf";
    sim_run(&s);
    assert_string_equal(s.trace, "pa ea [rolling back] ra ra ra [rolled back]");
    assert_int_equal(s.now, 5 + 1000 + 2000);
    sim_done(&s);
}

static void needs_a_person_when_an_undo_fails_for_good_and_still_undoes_the_rest(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 4);
    sim_split(&s, 1, true);
    s.world[2].script[MACHINE_EXECUTE] = "f";
    s.world[1].script[MACHINE_ROLLBACK] = "ffff";
    sim_run(&s);
    assert_string_equal(s.trace,
                        "pa pb pc pd ea va eb vb ec [rolling back] rc rb rb rb ra ed vd rb ed vd [needs a person]");
    assert_int_equal(s.finish, MACHINE_FINISH_PERSON);
    assert_int_equal(s.reason, MACHINE_BECAUSE_UNDO_FAILED);
    assert_int_equal(s.reason_step, 1);
    sim_resume(&s); /* only what is left, then the rollback stage anew */
    assert_non_null(strstr(s.trace, "[needs a person] [rolling back] rb ed vd [rolled back]"));
    sim_done(&s);
}

/* The environment was down, and the rollback stage brought it up. */
static void tries_a_failed_undo_again_once_the_rollback_stage_has_passed(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 5);
    sim_split(&s, 1, true);
    sim_need(&s, 2, 1);
    s.steps[0].has_rollback = false;
    s.world[3].script[MACHINE_EXECUTE] = "f";
    s.world[2].script[MACHINE_ROLLBACK] = "fff";
    sim_run(&s);
    assert_non_null(strstr(s.trace, "[rolling back] rd rc rc rc ee ve rc rb ee ve [rolled back]"));
    assert_non_null(strstr(s.notes, "d:undone c:not undone b:kept a:irreversible e:passed c:undone b:undone e:passed"));
    assert_int_equal(s.finish, MACHINE_FINISH_ROLLED_BACK);
    sim_done(&s);
}

static void keeps_what_a_step_stands_on_that_could_not_be_undone(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 5);
    sim_need(&s, 1, 0);
    sim_need(&s, 3, 1);
    s.world[4].script[MACHINE_EXECUTE] = "f";
    s.world[3].script[MACHINE_ROLLBACK] = "fff";
    sim_run(&s);
    assert_non_null(strstr(s.trace, "[rolling back] re rd rd rd rc [needs a person]"));
    assert_non_null(strstr(s.notes, "e:undone d:not undone c:undone b:kept a:kept"));
    sim_resume(&s);
    assert_non_null(strstr(s.trace, "[needs a person] [rolling back] rd rb ra [rolled back]"));
    sim_done(&s);
}

static void skips_of_the_rollback_stage_what_needs_a_step_that_was_not_undone(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    sim_split(&s, 2, true);
    sim_need(&s, 1, 0);
    s.world[0].script[MACHINE_EXECUTE] = "f";
    s.world[0].script[MACHINE_ROLLBACK] = "ffff";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc ea [rolling back] ra ra ra ec vc ra ec vc [needs a person]");
    sim_done(&s);
}

static void notes_what_cannot_be_undone_and_goes_on(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    s.steps[1].has_rollback = false;
    s.world[2].script[MACHINE_EXECUTE] = "f";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc ea va eb vb ec [rolling back] rc ra [rolled back]");
    assert_string_equal(s.notes, "a:passed b:passed c:bad c:undone b:irreversible a:undone");
    sim_done(&s);
}

static void needs_a_person_when_the_rollback_stage_fails(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    sim_split(&s, 2, true);
    s.world[0].script[MACHINE_EXECUTE] = "f";
    s.world[1].script[MACHINE_VERIFY] = "f";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc ea [rolling back] ra eb vb [needs a person]");
    assert_int_equal(s.reason, MACHINE_BECAUSE_STAGE_FAILED);
    sim_resume(&s);
    assert_string_equal(s.trace,
                        "pa pb pc ea [rolling back] ra eb vb [needs a person] [rolling back] vb ec vc [rolled back]");
    sim_done(&s);
}

static void leaves_out_skipped_steps_also_in_the_rollback_stage(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    sim_split(&s, 1, true);
    s.steps[0].skipped = s.steps[2].skipped = true;
    s.world[1].script[MACHINE_EXECUTE] = "f";
    sim_run(&s);
    assert_string_equal(s.trace, "pb eb [rolling back] rb [rolled back]");
    assert_string_equal(s.notes, "a:skipped b:bad b:undone c:skipped");
    sim_done(&s);
}

static void takes_back_a_trial_that_passed(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.plan.undo_at_end = true;
    sim_run(&s);
    assert_string_equal(s.trace, "pa ea va [rolling back] ra [rolled back]");
    assert_int_equal(s.finish, MACHINE_FINISH_COMMITTED);
    sim_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries_a_rollback_three_times_with_growing_pauses),
        cmocka_unit_test(needs_a_person_when_an_undo_fails_for_good_and_still_undoes_the_rest),
        cmocka_unit_test(tries_a_failed_undo_again_once_the_rollback_stage_has_passed),
        cmocka_unit_test(keeps_what_a_step_stands_on_that_could_not_be_undone),
        cmocka_unit_test(skips_of_the_rollback_stage_what_needs_a_step_that_was_not_undone),
        cmocka_unit_test(notes_what_cannot_be_undone_and_goes_on),
        cmocka_unit_test(needs_a_person_when_the_rollback_stage_fails),
        cmocka_unit_test(leaves_out_skipped_steps_also_in_the_rollback_stage),
        cmocka_unit_test(takes_back_a_trial_that_passed),
    };
    return cmocka_run_group_tests_name("machine: back", tests, NULL, NULL);
}
