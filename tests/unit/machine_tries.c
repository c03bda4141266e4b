/* What the transaction tries again, and what it waits for; see machine.c for the traces. */
#include "sim/sim.h"

#include <string.h>

/* ---- retry ------------------------------------------------------------------------------------------------------- */

static void retries_execute_only_after_an_error_that_may_pass(void **state)
{
    (void)state;
    static const struct {
        const char *verdicts, *trace;
    } cases[] = {
        {"rr", "pa ea ea ea va [committed]"},           {"rrr", "pa ea ea ea [rolling back] ra [rolled back]"},
        {"e", "pa ea [rolling back] ra [rolled back]"}, {"u", "pa ea [rolling back] ra [rolled back]"},
        {"f", "pa ea [rolling back] ra [rolled back]"}, {"ru", "pa ea ea [rolling back] ra [rolled back]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sim s;
        sim_init(&s, 1);
        s.steps[0].attempts = 3;
        s.world[0].script[MACHINE_EXECUTE] = cases[i].verdicts;
        sim_run(&s);
        assert_string_equal(s.trace, cases[i].trace);
        sim_done(&s);
    }
}

static void waits_longer_before_each_further_try(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.steps[0].attempts = 4;
    s.world[0].script[MACHINE_EXECUTE] = "rrr";
    sim_run(&s);
    /* prepare, four executes and verify take 1 ms each; between them 100, 200 and 400 ms */
    assert_int_equal(s.now, 6 + 700);
    sim_done(&s);
}

static void retries_verify_after_any_error_for_it_changes_nothing(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.steps[0].attempts = 3;
    s.world[0].script[MACHINE_VERIFY] = "ue";
    sim_run(&s);
    assert_string_equal(s.trace, "pa ea va va va [committed]");
    sim_done(&s);
}

/* ---- verify ------------------------------------------------------------------------------------------------------ */

static void asks_again_until_ready(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.world[0].script[MACHINE_VERIFY] = "nnn";
    sim_run(&s);
    assert_string_equal(s.trace, "pa ea va va va va [committed]");
    sim_done(&s);
}

static void fails_when_not_ready_within_the_window(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.steps[0].ready_ms = 250;
    s.world[0].script[MACHINE_VERIFY] = "nnnnnnnnnn";
    sim_run(&s);
    assert_string_equal(s.trace, "pa ea va va va va [rolling back] ra [rolled back]");
    assert_int_equal(s.reason, MACHINE_BECAUSE_NOT_READY);
    sim_done(&s);
}

static void waits_for_people_beyond_the_ready_window(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.steps[0].waits = true;
    s.steps[0].ready_ms = 1;
    s.world[0].script[MACHINE_VERIFY] = "nnnnnnnnp";
    sim_run(&s);
    assert_string_equal(s.trace, "pa ea va va va va va va va va va [committed]");
    sim_done(&s);
}

static void leaves_a_run_that_waits_and_asks_again_on_resume(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 2);
    s.steps[0].waits = true;
    s.plan.no_wait = true;
    s.world[0].script[MACHINE_VERIFY] = "nnp";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb ea va [paused]");
    assert_int_equal(s.finish, MACHINE_FINISH_WAITING);
    assert_int_equal(s.reason, MACHINE_BECAUSE_WAITING);
    sim_resume(&s);
    sim_resume(&s);
    assert_string_equal(s.trace, "pa pb ea va [paused] [running] va [paused] [running] va eb vb [committed]");
    sim_done(&s);
}

static void a_terminal_that_is_gone_leaves_a_run_that_waits(void **state)
{
    (void)state;
    for (int during = 3; during <= 4; during++) { /* between two questions, and while it asks */
        sim s;
        sim_init(&s, 2);
        s.steps[0].waits = true;
        s.steps[0].interval_ms = 1000;
        s.world[0].script[MACHINE_VERIFY] = "nnp";
        sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
        for (int i = 0; i < during + 1; i++)
            assert_true(sim_turn(&s));
        sim_leave(&s);
        while (sim_turn(&s))
            ;
        assert_int_equal(s.finish, MACHINE_FINISH_WAITING);
        assert_int_equal(s.reason, MACHINE_BECAUSE_WAITING);
        assert_int_equal(s.state, MACHINE_PAUSED);
        sim_resume(&s);
        assert_int_equal(s.state, MACHINE_COMMITTED);
        sim_done(&s);
    }
}

static void a_terminal_that_is_gone_cancels_a_run_that_works(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    assert_true(sim_turn(&s));
    sim_leave(&s);
    while (sim_turn(&s))
        ;
    assert_int_equal(s.state, MACHINE_ROLLED_BACK);
    assert_int_equal(s.reason, MACHINE_BECAUSE_CANCELLED);
    sim_done(&s);
}

static void wants_good_samples_in_a_row(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.steps[0].hits = 3;
    s.world[0].script[MACHINE_VERIFY] = "ppnppp";
    sim_run(&s);
    assert_string_equal(s.trace, "pa ea va va va va va va [committed]");
    sim_done(&s);
}

static void never_takes_no_data_for_passed(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 1);
    s.world[0].script[MACHINE_VERIFY] = "i";
    sim_run(&s);
    assert_string_equal(s.trace, "pa ea va [rolling back] ra [rolled back]");
    assert_string_equal(s.notes, "a:bad a:undone");
    sim_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retries_execute_only_after_an_error_that_may_pass),
        cmocka_unit_test(waits_longer_before_each_further_try),
        cmocka_unit_test(retries_verify_after_any_error_for_it_changes_nothing),
        cmocka_unit_test(asks_again_until_ready),
        cmocka_unit_test(fails_when_not_ready_within_the_window),
        cmocka_unit_test(waits_for_people_beyond_the_ready_window),
        cmocka_unit_test(leaves_a_run_that_waits_and_asks_again_on_resume),
        cmocka_unit_test(a_terminal_that_is_gone_leaves_a_run_that_waits),
        cmocka_unit_test(a_terminal_that_is_gone_cancels_a_run_that_works),
        cmocka_unit_test(wants_good_samples_in_a_row),
        cmocka_unit_test(never_takes_no_data_for_passed),
    };
    return cmocka_run_group_tests_name("machine: tries", tests, NULL, NULL);
}
