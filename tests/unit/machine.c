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

/* ---- rollback ---------------------------------------------------------------------------------------------------- */

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
    s.world[1].script[MACHINE_ROLLBACK] = "fff";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc pd ea va eb vb ec [rolling back] rc rb rb rb ra ed vd [needs a person]");
    assert_int_equal(s.finish, MACHINE_FINISH_PERSON);
    assert_int_equal(s.reason, MACHINE_BECAUSE_UNDO_FAILED);
    assert_int_equal(s.reason_step, 1);
    sim_resume(&s); /* only what is left, then the rollback stage anew */
    assert_non_null(strstr(s.trace, "[needs a person] [rolling back] rb ed vd [rolled back]"));
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
    s.world[0].script[MACHINE_ROLLBACK] = "fff";
    sim_run(&s);
    assert_string_equal(s.trace, "pa pb pc ea [rolling back] ra ra ra ec vc [needs a person]");
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

static void prepares_as_many_steps_at_once_as_the_plan_allows(void **state)
{
    (void)state;
    sim s;
    sim_init(&s, 4);
    sim_split(&s, 2, false);
    s.plan.prepare_parallel = 3;
    sim_boot(&s, false, MACHINE_ASSUME_NOTHING);
    assert_string_equal(s.trace, "pa pb pc");
    turns(&s, 1);
    assert_string_equal(s.trace, "pa pb pc pd");
    finish(&s);
    assert_string_equal(s.trace, "pa pb pc pd ea va eb vb ec vc ed vd [committed]");
    sim_done(&s);
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
        cmocka_unit_test(retries_execute_only_after_an_error_that_may_pass),
        cmocka_unit_test(waits_longer_before_each_further_try),
        cmocka_unit_test(retries_verify_after_any_error_for_it_changes_nothing),
        cmocka_unit_test(asks_again_until_ready),
        cmocka_unit_test(fails_when_not_ready_within_the_window),
        cmocka_unit_test(waits_for_people_beyond_the_ready_window),
        cmocka_unit_test(leaves_a_run_that_waits_and_asks_again_on_resume),
        cmocka_unit_test(wants_good_samples_in_a_row),
        cmocka_unit_test(never_takes_no_data_for_passed),
        cmocka_unit_test(goes_on_with_a_warning_where_the_policy_says_so),
        cmocka_unit_test(pauses_then_verifies_again_on_resume),
        cmocka_unit_test(pauses_then_executes_again_on_resume),
        cmocka_unit_test(takes_a_paused_run_back_when_asked),
        cmocka_unit_test(pauses_only_after_what_runs_beside_has_ended),
        cmocka_unit_test(runs_side_by_side_what_needs_nothing_of_each_other),
        cmocka_unit_test(stops_what_runs_beside_a_failure_then_undoes_one_at_a_time),
        cmocka_unit_test(tries_a_rollback_three_times_with_growing_pauses),
        cmocka_unit_test(needs_a_person_when_an_undo_fails_for_good_and_still_undoes_the_rest),
        cmocka_unit_test(keeps_what_a_step_stands_on_that_could_not_be_undone),
        cmocka_unit_test(skips_of_the_rollback_stage_what_needs_a_step_that_was_not_undone),
        cmocka_unit_test(notes_what_cannot_be_undone_and_goes_on),
        cmocka_unit_test(needs_a_person_when_the_rollback_stage_fails),
        cmocka_unit_test(leaves_out_skipped_steps_also_in_the_rollback_stage),
        cmocka_unit_test(takes_back_a_trial_that_passed),
        cmocka_unit_test(a_cancel_while_preparing_touches_nothing),
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
        cmocka_unit_test(ten_thousand_steps_take_linear_memory_and_no_deep_stack),
    };
    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
