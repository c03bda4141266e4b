#include <string.h>
#include <unistd.h>

#include "shell_world.h"

static bool exists(const char *folder, const char *name)
{
    return access(kit_path("%s/%s", folder, name), F_OK) == 0;
}

static void execute_runs_and_rollback_undoes(void **state)
{
    (void)state;
    const char *cwd = NULL;
    kit_step *s = shell_world_step("shell.run", "touch made", &cwd);
    kit_set_list(s, "undo", "rm", "-f", "made", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_false(exists(cwd, "made"));
    shell_world_must_say(kit_plan(s), "/script");
    shell_world_must_say(kit_plan(s), "rm -f made");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(exists(cwd, "made"));
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_false(exists(cwd, "made"));
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    kit_step_free(s);
}

static void rollback_does_nothing_when_execute_never_started(void **state)
{
    (void)state;
    const char *cwd = NULL;
    kit_step *s = shell_world_step("shell.run", "true", &cwd);
    kit_set_list(s, "undo", "touch", "undone", NULL);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_NOTHING);
    assert_false(exists(cwd, "undone"));
    kit_step_free(s);
}

static void a_command_that_failed_or_was_killed_is_undone(void **state)
{
    (void)state;
    const char *cwd = NULL;
    kit_step *failed = shell_world_step("shell.run", "touch made; exit 1", &cwd);
    kit_set_list(failed, "undo", "rm", "-f", "made", NULL);
    assert_int_equal(kit_run(failed, KIT_EXECUTE), BELAY_E_FAIL);
    assert_int_equal(kit_run(failed, KIT_ROLLBACK), BELAY_OK);
    assert_false(exists(cwd, "made"));
    kit_step_free(failed);
    kit_step *killed = shell_world_step("shell.run", "touch made; sleep 60", &cwd);
    kit_set_list(killed, "undo", "rm", "-f", "made", NULL);
    assert_true(kit_run_killed(killed, KIT_EXECUTE, 0, 300) < 0);
    assert_true(exists(cwd, "made"));
    assert_int_equal(kit_run(killed, KIT_ROLLBACK), BELAY_OK);
    assert_false(exists(cwd, "made"));
    kit_step_free(killed);
}

static void an_undo_that_fails_is_told_with_its_output(void **state)
{
    (void)state;
    kit_step *s = shell_world_step("shell.run", "true", NULL);
    kit_set_list(s, "undo", shell_world_script("echo 'cannot go back' >&2; exit 9"), NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(s), "exited with 9");
    shell_world_must_say(kit_summary(s), "cannot go back");
    assert_string_equal(kit_option_to_blame(s), "undo");
    kit_step_free(s);
}

static void without_undo_the_plan_and_the_log_say_that_it_stays(void **state)
{
    (void)state;
    kit_step *s = shell_world_step("shell.run", "touch made", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    shell_world_must_say(kit_plan(s), "no undo command is given");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_NOTHING);
    shell_world_must_say(kit_log(s), "what the command changed stays");
    shell_world_must_say(kit_artifact(s, "left.txt"), "what the command changed stays");
    kit_step_free(s);
}

static void verify_asks_the_check_command(void **state)
{
    (void)state;
    const char *cwd = NULL;
    kit_step *s = shell_world_step("shell.run", "true", &cwd);
    kit_set_list(s, "check", "test", "-e", "ready", NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    kit_write(kit_path("%s/ready", cwd), "");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_step_free(s);
}

static void too_few_tests_make_verify_inconclusive(void **state)
{
    (void)state;
    kit_step *s = shell_world_step("shell.run", "echo 1..0", NULL);
    kit_set(s, "report", "tap");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    kit_step_free(s);
}

static void a_secret_reaches_the_command_and_shows_nowhere(void **state)
{
    (void)state;
    const char *cwd = NULL;
    kit_step *s = shell_world_step("shell.run", "printf %s \"$TOKEN\" >got; echo TOKEN=$TOKEN; exit 1", &cwd);
    kit_set_list(s, "env", "TOKEN=canary-51ab77", NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_int_equal(kit_status_of("grep", "-q", "canary-51ab77", kit_path("%s/got", cwd), NULL), 0);
    assert_null(strstr(kit_artifact(s, "output.log"), "canary"));
    assert_null(strstr(kit_summary(s), "canary"));
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(execute_runs_and_rollback_undoes),
        cmocka_unit_test(rollback_does_nothing_when_execute_never_started),
        cmocka_unit_test(a_command_that_failed_or_was_killed_is_undone),
        cmocka_unit_test(an_undo_that_fails_is_told_with_its_output),
        cmocka_unit_test(without_undo_the_plan_and_the_log_say_that_it_stays),
        cmocka_unit_test(verify_asks_the_check_command),
        cmocka_unit_test(too_few_tests_make_verify_inconclusive),
        cmocka_unit_test(a_secret_reaches_the_command_and_shows_nowhere),
    };
    return cmocka_run_group_tests_name("shell.run", tests, NULL, NULL);
}
