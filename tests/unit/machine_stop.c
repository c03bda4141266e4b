/* Cancels and crashes, and what a resume makes of them; see machine.c for the traces. */
#include "sim/sim.h"

#include <string.h>

/* ---- cancel ------------------------------------------------------------------------------------------------------ */

static void turns(sim *s, int n)
{
    for (int i = 0; i < n; i++)
        assert_true(sim_turn(s));
}

static void finish(sim *s)
{
    while (sim_turn(s))
        ;
}

static void a_cancel_while_preparing_touches_nothing(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    turns(&s, 1);
    sim_cancel(&s);
    finish(&s);
    assert_string_equal(s.trace, "pa pb ^C [rolling back] [refused]");
    assert_int_equal(s.finish, MACHINE_FINISH_REFUSED);
    sim_done(&s);
}

static void a_step_that_was_only_prepared_when_a_person_cancels_has_not_run(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    s.plan.prepare_parallel = 2;
    s.world[0].deaf = true;
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    sim_cancel(&s);
    finish(&s);
    assert_string_equal(s.trace, "pa pb ^C [rolling back] [refused]");
    assert_string_equal(s.notes, "b:stopped");
    sim_done(&s);
}

static void a_step_that_ends_well_while_the_run_stops_has_passed_only_when_it_is_through(void **state)
{
    (void)state;
    static const struct {
        int turns, hits;
        bool verifies;
        const char *notes;
    } cases[] = {
        {1, 1, true, "a:stopped a:undone"}, /* in execute */
        {1, 1, false, "a:passed a:undone"},
        {2, 1, true, "a:passed a:undone"}, /* in verify */
        {2, 2, true, "a:stopped a:undone"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sim s;
        sim_init(&s, 1);
        s.steps[0].has_verify = cases[i].verifies;
        s.steps[0].hits = cases[i].hits;
        s.world[0].deaf = true;
        sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
        turns(&s, cases[i].turns);
        sim_cancel(&s);
        finish(&s);
        assert_string_equal(s.notes, cases[i].notes);
        sim_done(&s);
    }
}

static void a_cancel_stops_the_step_and_takes_all_back(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    turns(&s, 4);
    sim_cancel(&s);
    finish(&s);
    assert_string_equal(s.trace, "pa pb ea va eb ^C [rolling back] rb ra [rolled back]");
    assert_int_equal(s.reason, MACHINE_BECAUSE_CANCELLED);
    assert_int_equal(s.finish, MACHINE_FINISH_ROLLED_BACK);
    sim_done(&s);
}

static void a_cancel_while_waiting_to_retry_takes_all_back(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.steps[0].attempts = 2;
    s.world[0].script[MACHINE_EXECUTE] = "r";
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    turns(&s, 2);
    sim_cancel(&s);
    finish(&s);
    assert_string_equal(s.trace, "pa ea ^C [rolling back] ra [rolled back]");
    sim_done(&s);
}

static void the_cancel_after_a_failure_does_not_stop_the_rollback_but_the_second_does(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    s.world[1].script[MACHINE_EXECUTE] = "f";
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    turns(&s, 5);
    sim_cancel(&s);
    turns(&s, 1);
    sim_cancel(&s);
    finish(&s);
    assert_string_equal(s.trace, "pa pb ea va eb [rolling back] rb ^C ra ^C");
    assert_int_equal(s.finish, MACHINE_FINISH_PERSON);
    assert_int_equal(s.state, MACHINE_ROLLING_BACK);
    sim_resume(&s);
    assert_string_equal(s.trace, "pa pb ea va eb [rolling back] rb ^C ra ^C [rolling back] ra [rolled back]");
    sim_done(&s);
}

/* ---- crash ------------------------------------------------------------------------------------------------------- */

/* Runs until the last started phase is this one, then kills the process. */
static void kill_in(sim *s, const char *phase)
{
    sim_boot(s, false, MACHINE_ASSUME_NOTHING);
    while (strcmp(s->trace + strlen(s->trace) - 2, phase) != 0)
        assert_true(sim_turn(s));
    sim_kill(s);
    s->trace[0] = 0;
}

static void what_a_crash_leaves_decides_what_resume_does(void **state)
{
    (void)state;
    static const struct {
        const char *killed_in;
        bool undo;
        const char *trace;
    } cases[] = {
        {"pb", false, "pb ea va eb vb [committed]"},
        {"ea", false, "ea va eb vb [committed]"},
        {"ea", true, "[rolling back] ra [rolled back]"},
        {"va", true, "va eb vb [committed]"},
        {"eb", false, "eb vb [committed]"},
        {"eb", true, "[rolling back] rb ra [rolled back]"},
        {"vb", true, "vb [committed]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sim s;
        sim_init(&s, 2);
        kill_in(&s, cases[i].killed_in);
        size_t step = (size_t)(cases[i].killed_in[1] - 'a');
        s.world[step].undo = cases[i].undo;
        sim_resume(&s);
        assert_string_equal(s.trace, cases[i].trace);
        sim_done(&s);
    }
}

static void a_crash_in_a_rollback_repeats_that_rollback_only(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 4);
    sim_split(&s, 1, true);
    s.world[2].script[MACHINE_EXECUTE] = "f";
    kill_in(&s, "rb");
    sim_resume(&s);
    assert_string_equal(s.trace, "[rolling back] rb ra ed vd [rolled back]");
    sim_done(&s);
}

static void a_crash_in_the_rollback_stage_runs_that_step_again(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    sim_split(&s, 2, true);
    s.world[0].script[MACHINE_EXECUTE] = "f";
    kill_in(&s, "ec");
    sim_resume(&s);
    assert_string_equal(s.trace, "[rolling back] ec vc [rolled back]");
    sim_done(&s);
}

static void asks_about_an_irreversible_step_that_was_cut_short(void **state)
{
    (void)state;
    static const struct {
        machine_assume assume;
        const char *trace;
    } cases[] = {
        {MACHINE_ASSUME_DONE, "[paused] [running] vb [committed]"},
        {MACHINE_ASSUME_NOT_DONE, "[paused] [running] eb vb [committed]"},
        {MACHINE_ASSUME_NOTHING, "[paused] [paused]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sim s;
        sim_init(&s, 2);
        s.steps[1].has_rollback = false;
        kill_in(&s, "eb");
        sim_resume(&s);
        assert_string_equal(s.trace, "[paused]");
        assert_int_equal(s.finish, MACHINE_FINISH_PERSON);
        assert_int_equal(s.reason, MACHINE_BECAUSE_ASK);
        sim_boot(&s, false, cases[i].assume);
        finish(&s);
        assert_string_equal(s.trace, cases[i].trace);
        sim_done(&s);
    }
}

static void takes_back_an_irreversible_step_that_was_cut_short_as_far_as_can_be(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    s.steps[1].has_rollback = false;
    kill_in(&s, "eb");
    sim_boot(&s, true, MACHINE_ASSUME_NOTHING);
    finish(&s);
    assert_string_equal(s.trace, "[rolling back] ra [rolled back]");
    sim_done(&s);
}

static void a_failure_that_was_written_is_not_forgotten_by_a_crash(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    turns(&s, 2);
    sim_kill(&s); /* in verify; then as if its result had been written, and nothing else */
    s.rows[s.row_count - 1].finished = true;
    s.rows[s.row_count - 1].verdict = MACHINE_FAILED;
    s.trace[0] = 0;
    sim_resume(&s);
    assert_string_equal(s.trace, "[rolling back] ra [rolled back]");
    assert_int_equal(s.reason, MACHINE_BECAUSE_VERDICT);
    sim_done(&s);
}

static void rolls_back_a_committed_run_when_asked(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 3);
    sim_split(&s, 1, true);
    sim_run(&s);
    s.trace[0] = 0;
    sim_boot(&s, true, MACHINE_ASSUME_NOTHING);
    finish(&s);
    assert_string_equal(s.trace, "[rolling back] rb ra ec vc [rolled back]");
    sim_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancel_while_preparing_touches_nothing),
        cmocka_unit_test(a_step_that_was_only_prepared_when_a_person_cancels_has_not_run),
        cmocka_unit_test(a_step_that_ends_well_while_the_run_stops_has_passed_only_when_it_is_through),
        cmocka_unit_test(a_cancel_stops_the_step_and_takes_all_back),
        cmocka_unit_test(a_cancel_while_waiting_to_retry_takes_all_back),
        cmocka_unit_test(the_cancel_after_a_failure_does_not_stop_the_rollback_but_the_second_does),
        cmocka_unit_test(what_a_crash_leaves_decides_what_resume_does),
        cmocka_unit_test(a_crash_in_a_rollback_repeats_that_rollback_only),
        cmocka_unit_test(a_crash_in_the_rollback_stage_runs_that_step_again),
        cmocka_unit_test(asks_about_an_irreversible_step_that_was_cut_short),
        cmocka_unit_test(takes_back_an_irreversible_step_that_was_cut_short_as_far_as_can_be),
        cmocka_unit_test(a_failure_that_was_written_is_not_forgotten_by_a_crash),
        cmocka_unit_test(rolls_back_a_committed_run_when_asked),
    };
    return cmocka_run_group_tests_name("machine: stop", tests, NULL, NULL);
}
