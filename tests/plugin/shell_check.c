#include <math.h>
#include <string.h>
#include <time.h>

#include "shell_world.h"

static void exit_status_zero_passes_and_no_test_is_counted(void **state)
{
    (void)state;
    kit_step *s = shell_world_step("shell.check", "exit 0", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(isnan(kit_measured(s, "tests")));
    kit_step_free(s);
}

static void another_exit_status_fails_with_the_last_lines(void **state)
{
    (void)state;
    kit_step *s = shell_world_step("shell.check", "for i in $(seq 100); do echo \"line $i\" >&2; done; exit 3", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(s), "exited with 3");
    shell_world_must_say(kit_summary(s), "line 100");
    assert_null(strstr(kit_summary(s), "line 20\n"));
    shell_world_must_say(kit_artifact(s, "output.log"), "line 1\n");
    kit_step_free(s);
}

static void the_wanted_exit_status_is_the_users(void **state)
{
    (void)state;
    kit_step *s = shell_world_step("shell.check", "exit 3", NULL);
    kit_set(s, "exit", "3");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_set(s, "exit", "4");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(s), "exited with 3, not 4");
    kit_step_free(s);
}

static void exit_status_75_means_ask_again(void **state)
{
    (void)state;
    kit_step *s = shell_world_step("shell.check", "test -e up && exit 0; touch up; echo warming >&2; exit 75", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    shell_world_must_say(kit_summary(s), "warming");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_step_free(s);
    kit_step *strict = shell_world_step("shell.check", "exit 75", NULL);
    kit_set(strict, "not_yet", "-1");
    assert_int_equal(kit_run(strict, KIT_VERIFY), BELAY_E_FAIL);
    kit_step_free(strict);
}

static void a_signal_is_named(void **state)
{
    (void)state;
    kit_step *s = shell_world_step("shell.check", "kill -SEGV $$", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(s), "signal 11");
    kit_step_free(s);
}

static void no_shell_reads_the_arguments(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("shell.check");
    kit_set_list(s, "argv", "printf", "<%s>", "$HOME; *", "a  b", "", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_string_equal(kit_artifact(s, "output.log"), "<$HOME; *><a  b><>\n");
    kit_step_free(s);
}

static void env_is_given_by_name_and_its_values_are_masked(void **state)
{
    (void)state;
    kit_step *s = shell_world_step("shell.check",
                                   "echo \"got $TOKEN\"; test -z \"$BELAY_BUILD_DIR\" && test \"$LEVEL\" = x=y", NULL);
    kit_set_list(s, "env", "TOKEN=canary-51ab77", "LEVEL=x=y", "PATH", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_set_list(s, "env", "BELAY_BUILD_DIR", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "env");
    shell_world_must_say(kit_hint(s), "${env:NAME}");
    kit_step_free(s);
}

static void a_program_that_is_not_there_fails_by_name(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("shell.check");
    kit_set_list(s, "argv", "no-such-program-here", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    shell_world_must_say(kit_log(s), "no-such-program-here");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(s), "no-such-program-here");
    kit_step_free(s);
}

static void a_folder_that_is_not_there_is_told_early(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("shell.check");
    kit_set_list(s, "argv", "true", NULL);
    kit_set(s, "cwd", "/no/such/folder");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    shell_world_must_say(kit_summary(s), "/no/such/folder");
    kit_step_free(s);
}

static void cancelled_it_ends_at_once_with_all_it_started(void **state)
{
    (void)state;
    const char *cwd = NULL;
    kit_step *s = shell_world_step("shell.check", "sleep 61 & sleep 62; touch reached", &cwd);
    time_t start = time(NULL);
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 300), BELAY_E_CANCELLED);
    assert_true(time(NULL) - start < 8);
    assert_int_not_equal(kit_status_of("test", "-e", kit_path("%s/reached", cwd), NULL), 0);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_status_zero_passes_and_no_test_is_counted),
        cmocka_unit_test(another_exit_status_fails_with_the_last_lines),
        cmocka_unit_test(the_wanted_exit_status_is_the_users),
        cmocka_unit_test(exit_status_75_means_ask_again),
        cmocka_unit_test(a_signal_is_named),
        cmocka_unit_test(no_shell_reads_the_arguments),
        cmocka_unit_test(env_is_given_by_name_and_its_values_are_masked),
        cmocka_unit_test(a_program_that_is_not_there_fails_by_name),
        cmocka_unit_test(a_folder_that_is_not_there_is_told_early),
        cmocka_unit_test(cancelled_it_ends_at_once_with_all_it_started),
    };
    return cmocka_run_group_tests_name("shell.check", tests, NULL, NULL);
}
