#include <string.h>

#include "git_world.h"

/* A clone of a world whose remote then gets a tag v3 that the clone does not have. */
static git_world clone_of(git_world *remote)
{
    git_world w = {.path = kit_path("%s/clone", kit_folder()), .v1 = remote->v1, .v2 = remote->v2};
    (void)kit_output_of("git", "clone", "-q", remote->path, w.path, NULL);
    (void)git_says(remote, "-c", "user.name=kit", "-c", "user.email=kit@example.org", "commit", "-q", "--allow-empty",
                   "-m", "v3");
    (void)git_says(remote, "tag", "v3");
    return w;
}

static void a_tag_that_only_the_remote_has_is_fetched(void **state)
{
    (void)state;
    git_world remote = git_world_new(), w = clone_of(&remote);
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v3");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_hint(s), "fetch = true"));
    kit_set(s, "fetch", "true");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_string_equal(git_says(&w, "tag", "-l", "v3"), "");
    const char *planned = kit_path("check out v3 (%.10s)", git_says(&remote, "rev-parse", "v3"));
    assert_non_null(strstr(kit_plan(s), planned));
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_string_equal(git_says(&w, "rev-parse", "HEAD"), git_says(&remote, "rev-parse", "v3"));
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void an_annotated_tag_is_planned_as_the_commit_behind_it(void **state)
{
    (void)state;
    git_world remote = git_world_new(), w = clone_of(&remote);
    (void)git_says(&remote, "-c", "user.name=kit", "-c", "user.email=kit@example.org", "tag", "-a", "-m", "x", "v4",
                   "v3");
    kit_step *s = git_world_step(&w, "v4");
    kit_set(s, "fetch", "true");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    const char *commit = git_says(&remote, "rev-parse", "v3");
    assert_non_null(strstr(kit_plan(s), kit_path("check out v4 (%.10s)", commit)));
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_string_equal(kit_output(s, "commit"), commit);
    kit_step_free(s);
}

static void a_fetched_branch_is_the_remotes(void **state)
{
    (void)state;
    git_world remote = git_world_new(), w = clone_of(&remote);
    kit_step *s = git_world_step(&w, "main");
    kit_set(s, "fetch", "true");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_string_equal(git_says(&w, "rev-parse", "HEAD"), git_says(&remote, "rev-parse", "main"));
    assert_string_equal(git_says(&w, "rev-parse", "main"), w.v1);
    kit_step_free(s);
}

static void a_tag_that_the_remote_moved_is_refused(void **state)
{
    (void)state;
    git_world remote = git_world_new(), w = clone_of(&remote);
    (void)git_says(&remote, "tag", "-f", "v2", "v3");
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v2");
    kit_set(s, "fetch", "true");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "v2"));
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void a_second_try_keeps_the_commit_of_the_first(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_step *s = git_world_step(&w, "v2");
    assert_true(kit_run_killed(s, KIT_EXECUTE, 1, 0) < 0);
    (void)git_says(&w, "tag", "-f", "v2", "v1");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_string_equal(git_says(&w, "rev-parse", "HEAD"), w.v2);
    assert_string_equal(kit_output(s, "commit"), w.v2);
    kit_step_free(s);
}

static void a_remote_that_does_not_answer_is_named(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_step *s = git_world_step(&w, "v2");
    kit_set(s, "fetch", "true");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "origin"));
    kit_set(s, "remote", "--upload-pack=true");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tag_that_only_the_remote_has_is_fetched),
        cmocka_unit_test(an_annotated_tag_is_planned_as_the_commit_behind_it),
        cmocka_unit_test(a_fetched_branch_is_the_remotes),
        cmocka_unit_test(a_tag_that_the_remote_moved_is_refused),
        cmocka_unit_test(a_second_try_keeps_the_commit_of_the_first),
        cmocka_unit_test(a_remote_that_does_not_answer_is_named),
    };
    return cmocka_run_group_tests_name("git.checkout, fetching", tests, NULL, NULL);
}
