/* The kit drives a step as a run does: typed options, a journal that outlives the phases, phases cut short. */
#include <stdlib.h>
#include <string.h>

#include "kit.h"

static kit_step *all(void)
{
    kit_step *s = kit_step_new("polite.all");
    kit_set(s, "text", "hello");
    kit_set_list(s, "list", "one", "two", NULL);
    return s;
}

static void options_are_typed_by_the_schema_with_defaults(void **state)
{
    (void)state;
    kit_step *s = all();
    kit_set(s, "flag", "true");
    kit_set_pending(s, "later");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_NOTHING);
    assert_non_null(strstr(kit_log(s), "text=hello number=7 flag=1/true list=one,two unset=none/0 pending=1/0\n"));
    assert_string_equal(kit_plan(s), "makes a thing\n  undo: unmakes it\nlooks at it\n");
    kit_step_free(s);
}

static void options_that_the_schema_refuses_never_reach_the_plugin(void **state)
{
    (void)state;
    kit_step *s = all();
    kit_set(s, "number", "100001");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "number");
    assert_string_equal(kit_log(s), "");
    kit_set(s, "number", "8");
    kit_set(s, "colour", "blue");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "colour");
    kit_step_free(s);
    kit_step *empty = kit_step_new("polite.all");
    assert_int_equal(kit_run(empty, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_summary(empty), "option 'text': it is required");
    kit_step_free(empty);
}

static void what_a_phase_leaves_can_be_seen(void **state)
{
    (void)state;
    kit_step *s = all();
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_string_equal(kit_summary(s), "it went badly");
    assert_string_equal(kit_hint(s), "try again");
    assert_string_equal(kit_option_to_blame(s), "text");
    assert_string_equal(kit_output(s, "file"), "/x/y");
    assert_null(kit_output(s, "other"));
    assert_true(kit_measured(s, "size/one") > 2.4 && kit_measured(s, "size/one") < 2.6);
    double never = kit_measured(s, "never");
    assert_true(never != never);
    assert_non_null(kit_artifact(s, "a.bin"));
    assert_null(kit_artifact(s, "b.bin"));
    kit_step_free(s);
}

static void the_journal_outlives_a_phase_that_was_killed(void **state)
{
    (void)state;
    kit_step *s = all();
    assert_int_equal(kit_run_killed(s, KIT_EXECUTE, 1, 0), KIT_BROKEN);
    assert_string_equal(kit_undo(s, "first"), "one");
    assert_null(kit_undo(s, "second"));
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_string_equal(kit_undo(s, "first"), "one");
    assert_string_equal(kit_undo(s, "second"), "two");
    kit_step_free(s);
}

static void rollback_can_be_repeated_and_a_new_execute_begins_empty(void **state)
{
    (void)state;
    kit_step *s = all();
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
        assert_string_equal(kit_log(s), "second=two\nfirst=one\n");
    }
    assert_int_equal(kit_run_killed(s, KIT_EXECUTE, 1, 0), KIT_BROKEN);
    assert_null(kit_undo(s, "second"));
    kit_step_free(s);
}

static void a_phase_can_be_cancelled_and_killed_by_time(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("polite.run");
    kit_set(s, "text", "");
    kit_set(s, "number", "100000");
    kit_set_list(s, "list", "sleep", "60", NULL);
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 100), BELAY_E_CANCELLED);
    assert_int_equal(kit_run_killed(s, KIT_VERIFY, 0, 100), KIT_BROKEN);
    kit_step_free(s);
}

static void a_crash_is_broken(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("hostile.aborts");
    assert_int_equal(kit_run(s, KIT_EXECUTE), KIT_BROKEN);
    assert_non_null(strstr(kit_summary(s), "SIGABRT"));
    kit_step_free(s);
}

static void a_step_can_be_had_of_a_file_by_its_short_name(void **state)
{
    (void)state;
    kit_step *s = kit_step_of(kit_path("%s/tests/plugins/polite.so", getenv("BELAY_BUILD_DIR")), "all");
    kit_set(s, "text", "hello");
    kit_set_list(s, "list", "one", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_NOTHING);
    kit_step_free(s);
}

static void a_digest_tells_whether_a_folder_has_changed(void **state)
{
    (void)state;
    const char *folder = kit_folder(), *file = kit_path("%s/file", folder);
    assert_string_equal(kit_digest(folder), "");
    kit_write(file, "one");
    const char *before = kit_digest(folder);
    kit_write(file, "two");
    assert_string_not_equal(kit_digest(folder), before);
    kit_write(file, "one");
    assert_string_equal(kit_digest(folder), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_typed_by_the_schema_with_defaults),
        cmocka_unit_test(options_that_the_schema_refuses_never_reach_the_plugin),
        cmocka_unit_test(what_a_phase_leaves_can_be_seen),
        cmocka_unit_test(the_journal_outlives_a_phase_that_was_killed),
        cmocka_unit_test(rollback_can_be_repeated_and_a_new_execute_begins_empty),
        cmocka_unit_test(a_phase_can_be_cancelled_and_killed_by_time),
        cmocka_unit_test(a_crash_is_broken),
        cmocka_unit_test(a_step_can_be_had_of_a_file_by_its_short_name),
        cmocka_unit_test(a_digest_tells_whether_a_folder_has_changed),
    };
    return cmocka_run_group_tests_name("kit", tests, NULL, NULL);
}
