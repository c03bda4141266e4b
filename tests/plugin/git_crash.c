/* What a checkout leaves when it is cut off, wherever that is, is taken back; and a second try completes it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git_world.h"

static void killed_after_any_record_it_rolls_back_exactly(void **state)
{
    (void)state;
    for (int record = 1; record <= 5; record++) {
        git_world w = git_world_new();
        const char *before = git_world_state(&w);
        kit_step *s = git_world_step(&w, "v2");
        assert_true(kit_run_killed(s, KIT_EXECUTE, record, 0) < 0);
        assert_true(kit_run(s, KIT_ROLLBACK) >= 0);
        assert_string_equal(git_world_state(&w), before);
        assert_true(kit_run(s, KIT_ROLLBACK) >= 0);
        assert_string_equal(git_world_state(&w), before);
        kit_step_free(s);
    }
}

static void killed_after_any_record_a_second_try_completes_it(void **state)
{
    (void)state;
    for (int record = 1; record <= 5; record++) {
        git_world w = git_world_new();
        const char *before = git_world_state(&w);
        kit_step *s = git_world_step(&w, "v2");
        assert_true(kit_run_killed(s, KIT_EXECUTE, record, 0) < 0);
        assert_true(kit_run(s, KIT_EXECUTE) >= 0);
        assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
        assert_string_equal(kit_output(s, "previous"), w.v1);
        assert_true(kit_run(s, KIT_ROLLBACK) >= 0);
        assert_string_equal(git_world_state(&w), before);
        kit_step_free(s);
    }
}

/* The state in which git leaves a work tree when it is killed while it writes: the lock is there, HEAD and index are
 * old, some files are new, one is cut off, one is gone. */
static void cut_off(const git_world *w)
{
    kit_write(kit_path("%s/.git/index.lock", w->path), "half an index");
    kit_write(kit_path("%s/added00", w->path), "0 of v2, which is longer\n");
    kit_write(kit_path("%s/added02", w->path), "2 of v");
    kit_write(kit_path("%s/file01", w->path), "1 of v2, which is longer\n");
    kit_write(kit_path("%s/file03", w->path), "3 o");
    assert_int_equal(unlink(kit_path("%s/gone", w->path)), 0);
}

static void a_checkout_cut_off_between_files_is_taken_back(void **state)
{
    (void)state;
    git_world w = git_world_new();
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v2");
    assert_true(kit_run_killed(s, KIT_EXECUTE, 5, 0) < 0);
    (void)git_says(&w, "reset", "-q", "--hard", "main");
    (void)git_says(&w, "checkout", "-q", "main");
    cut_off(&w);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

/* The same on the way back: HEAD and index are those of v2. */
static void a_rollback_cut_off_between_files_is_completed_by_a_second_one(void **state)
{
    (void)state;
    git_world w = git_world_new();
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    kit_write(kit_path("%s/.git/index.lock", w.path), "half an index");
    kit_write(kit_path("%s/file01", w.path), "1 of v1\n");
    kit_write(kit_path("%s/file03", w.path), "3 o");
    kit_write(kit_path("%s/gone", w.path), "only");
    assert_int_equal(unlink(kit_path("%s/added00", w.path)), 0);
    if (kit_run(s, KIT_ROLLBACK) != BELAY_OK)
        fail_msg("%s", kit_summary(s));
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

/* git writes the index first, then takes the lock of HEAD. */
static void the_lock_of_head_that_a_killed_git_left_is_removed(void **state)
{
    (void)state;
    git_world w = git_world_new();
    const char *before = git_world_state(&w), *lock = kit_path("%s/.git/HEAD.lock", w.path);
    kit_step *s = git_world_step(&w, "v2");
    assert_true(kit_run_killed(s, KIT_EXECUTE, 5, 0) < 0);
    (void)git_says(&w, "reset", "-q", "--hard", "main");
    (void)git_says(&w, "checkout", "-q", "main");
    kit_write(lock, "half a line");
    assert_true(kit_run(s, KIT_ROLLBACK) >= 0);
    assert_int_not_equal(access(lock, F_OK), 0);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void a_checkout_cut_off_between_files_is_completed_by_a_second_try(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_step *s = git_world_step(&w, "v2");
    assert_true(kit_run_killed(s, KIT_EXECUTE, 5, 0) < 0);
    (void)git_says(&w, "reset", "-q", "--hard", "main");
    (void)git_says(&w, "checkout", "-q", "main");
    cut_off(&w);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_step_free(s);
}

static void a_file_that_somebody_edited_meanwhile_is_not_lost(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_step *s = git_world_step(&w, "v2");
    assert_true(kit_run_killed(s, KIT_EXECUTE, 5, 0) < 0);
    (void)git_says(&w, "reset", "-q", "--hard", "main");
    (void)git_says(&w, "checkout", "-q", "main");
    kit_write(kit_path("%s/file01", w.path), "an edit of some length, made by somebody in a hurry\n");
    const char *edited = git_world_state(&w);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "'file01'"));
    assert_string_equal(git_world_state(&w), edited);
    kit_step_free(s);
}

static void cancelled_at_any_time_it_rolls_back_exactly(void **state)
{
    (void)state;
    for (int ms = 0; ms <= 60; ms += 15) {
        git_world w = git_world_new();
        const char *before = git_world_state(&w);
        kit_step *s = git_world_step(&w, "v2");
        (void)kit_run_cancelled(s, KIT_EXECUTE, ms);
        assert_true(kit_run(s, KIT_ROLLBACK) >= 0);
        assert_string_equal(git_world_state(&w), before);
        kit_step_free(s);
    }
}

static void killed_at_any_time_it_rolls_back_exactly(void **state)
{
    (void)state;
    for (int ms = 1; ms <= 61; ms += 15) {
        git_world w = git_world_new();
        const char *before = git_world_state(&w);
        kit_step *s = git_world_step(&w, "v2");
        (void)kit_run_killed(s, KIT_EXECUTE, 0, ms);
        if (kit_run(s, KIT_ROLLBACK) < 0)
            fail_msg("killed after %d ms: %s", ms, kit_summary(s));
        assert_string_equal(git_world_state(&w), before);
        kit_step_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_after_any_record_it_rolls_back_exactly),
        cmocka_unit_test(killed_after_any_record_a_second_try_completes_it),
        cmocka_unit_test(a_checkout_cut_off_between_files_is_taken_back),
        cmocka_unit_test(a_rollback_cut_off_between_files_is_completed_by_a_second_one),
        cmocka_unit_test(the_lock_of_head_that_a_killed_git_left_is_removed),
        cmocka_unit_test(a_checkout_cut_off_between_files_is_completed_by_a_second_try),
        cmocka_unit_test(a_file_that_somebody_edited_meanwhile_is_not_lost),
        cmocka_unit_test(cancelled_at_any_time_it_rolls_back_exactly),
        cmocka_unit_test(killed_at_any_time_it_rolls_back_exactly),
    };
    return cmocka_run_group_tests_name("git.checkout, cut off", tests, NULL, NULL);
}
