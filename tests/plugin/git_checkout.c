#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git_world.h"

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is missing from: %s", part, text);
}

static void execute_checks_out_the_tags_commit_and_rollback_returns_to_the_branch(void **state)
{
    (void)state;
    git_world w = git_world_new();
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_string_equal(git_world_state(&w), before);
    assert_says(kit_plan(s), "check out v2");
    assert_says(kit_plan(s), "go back to branch main");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_string_equal(git_says(&w, "rev-parse", "HEAD"), w.v2);
    assert_string_equal(kit_output(s, "commit"), w.v2);
    assert_string_equal(kit_output(s, "previous"), w.v1);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(git_world_state(&w), before);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void rollback_returns_to_a_detached_commit(void **state)
{
    (void)state;
    git_world w = git_world_new();
    (void)git_says(&w, "checkout", "-q", "--detach", "v1");
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, w.v2);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void nothing_is_done_when_the_release_is_there(void **state)
{
    (void)state;
    git_world w = git_world_new();
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v1");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_NOTHING);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_string_equal(kit_output(s, "commit"), w.v1);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_NOTHING);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void files_are_for_those_who_may_read_the_top_of_the_work_tree(void **state)
{
    (void)state;
    static const struct {
        mode_t top;
        const char *files;
    } cases[] = {{0755, "644"}, {0775, "664"}, {0750, "640"}, {0700, "600"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        git_world w = git_world_new();
        assert_int_equal(chmod(w.path, cases[i].top), 0);
        kit_step *s = git_world_step(&w, "v2");
        assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
        const char *changed = git_world_trim(git_says(&w, "diff", "--name-only", "--diff-filter=AM", w.v1, w.v2));
        const char *file = kit_path("%s/%.*s", w.path, (int)strcspn(changed, "\n"), changed);
        assert_string_equal(git_world_trim(kit_output_of("stat", "-c", "%a", file, NULL)), cases[i].files);
        kit_step_free(s);
    }
}

static void a_missing_tag_names_the_nearest(void **state)
{
    (void)state;
    git_world w = git_world_new();
    (void)git_says(&w, "tag", "v1.8.0");
    (void)git_says(&w, "tag", "v1.8.0-rc1");
    kit_step *s = git_world_step(&w, "v1.8.1");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_says(kit_summary(s), "no tag, branch or commit 'v1.8.1'; the nearest tags: v1.8.0, ");
    assert_string_equal(kit_option_to_blame(s), "ref");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    kit_step_free(s);
}

static void names_that_git_would_read_as_options_or_expressions_are_harmless(void **state)
{
    (void)state;
    static const struct {
        const char *ref;
        belay_status status;
    } cases[] = {
        {"--upload-pack=touch /tmp/x", BELAY_E_CONFIG},
        {"-f", BELAY_E_FAIL},
        {"--detach", BELAY_E_FAIL},
        {"v1~0", BELAY_E_CONFIG},
        {"v1^{}", BELAY_E_CONFIG},
        {"main@{1}", BELAY_E_CONFIG},
        {"v1..v2", BELAY_E_CONFIG},
        {":/v1", BELAY_E_CONFIG},
        {"", BELAY_E_CONFIG},
        {"HEAD", BELAY_E_FAIL},
    };
    git_world w = git_world_new();
    const char *before = git_world_state(&w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_step *s = git_world_step(&w, cases[i].ref);
        belay_status prepared = kit_run(s, KIT_PREPARE), executed = kit_run(s, KIT_EXECUTE);
        if (prepared != cases[i].status || executed != cases[i].status)
            fail_msg("'%s': %d, %d: %s", cases[i].ref, prepared, executed, kit_summary(s));
        kit_step_free(s);
    }
    assert_string_equal(git_world_state(&w), before);
}

static void uncommitted_changes_are_refused_and_named(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_write(kit_path("%s/file00", w.path), "edited\n");
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_says(kit_summary(s), "file00");
    assert_string_equal(kit_option_to_blame(s), "allow_dirty");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void allowed_changes_are_kept_there_and_back(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_write(kit_path("%s/file00", w.path), "edited\n"); /* v2 leaves file00 as it is */
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v2");
    kit_set(s, "allow_dirty", "true");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_string_equal(git_says(&w, "show", "HEAD:file01"), "1 of v2, which is longer");
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void untracked_files_are_not_dirt(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_write(kit_path("%s/notes", w.path), "mine\n");
    kit_write(kit_path("%s/.env", w.path), "TOKEN=1\n");
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void an_ignored_file_that_the_release_would_overwrite_is_refused(void **state)
{
    (void)state;
    git_world w = git_world_new();
    (void)git_says(&w, "checkout", "-q", "v2");
    kit_write(kit_path("%s/.env", w.path), "from the release\n");
    (void)git_says(&w, "add", "-f", ".env");
    (void)git_says(&w, "-c", "user.name=kit", "-c", "user.email=kit@example.org", "commit", "-q", "-m", "v3");
    (void)git_says(&w, "tag", "v3");
    (void)git_says(&w, "checkout", "-q", "main");
    kit_write(kit_path("%s/.env", w.path), "mine\n");
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v3");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_says(kit_summary(s), "'.env'");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void rollback_refuses_when_someone_else_moved_head(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    (void)git_says(&w, "checkout", "-q", "-b", "elsewhere");
    (void)git_says(&w, "-c", "user.name=kit", "-c", "user.email=kit@example.org", "commit", "-q", "--allow-empty", "-m",
                   "x");
    const char *moved = git_world_state(&w);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_FAIL);
    assert_says(kit_summary(s), "branch elsewhere");
    assert_says(kit_summary(s), "neither where it was (branch main");
    assert_string_equal(git_world_state(&w), moved);
    kit_step_free(s);
}

static void rollback_refuses_when_someone_else_moved_the_branch(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    (void)git_says(&w, "branch", "-f", "main", "v2");
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_FAIL);
    assert_says(kit_summary(s), "refs/heads/main");
    assert_string_equal(git_says(&w, "rev-parse", "HEAD"), w.v2);
    kit_step_free(s);
}

static void verify_asks_the_tree(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    kit_write(kit_path("%s/file01", w.path), "edited\n");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    (void)git_says(&w, "checkout", "-q", "-f", "main");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_says(kit_summary(s), "branch main");
    kit_step_free(s);
}

static void a_lock_of_another_git_is_named(void **state)
{
    (void)state;
    git_world w = git_world_new();
    kit_write(kit_path("%s/.git/index.lock", w.path), "");
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_says(kit_summary(s), "index.lock");
    kit_step_free(s);
}

static void what_is_no_work_tree_is_refused(void **state)
{
    (void)state;
    git_world w = {.path = kit_folder()};
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_says(kit_summary(s), "is not the top of a git work tree");
    kit_step_free(s);
}

static void hooks_of_the_repository_do_not_run(void **state)
{
    (void)state;
    git_world w = git_world_new();
    const char *hook = kit_path("%s/.git/hooks/post-checkout", w.path), *trace = kit_path("%s/trace", kit_folder());
    kit_write(hook, kit_path("#!/bin/sh\ntouch %s\n", trace));
    assert_int_equal(chmod(hook, 0755), 0);
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_not_equal(access(trace, F_OK), 0);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(execute_checks_out_the_tags_commit_and_rollback_returns_to_the_branch),
        cmocka_unit_test(rollback_returns_to_a_detached_commit),
        cmocka_unit_test(nothing_is_done_when_the_release_is_there),
        cmocka_unit_test(files_are_for_those_who_may_read_the_top_of_the_work_tree),
        cmocka_unit_test(a_missing_tag_names_the_nearest),
        cmocka_unit_test(names_that_git_would_read_as_options_or_expressions_are_harmless),
        cmocka_unit_test(uncommitted_changes_are_refused_and_named),
        cmocka_unit_test(allowed_changes_are_kept_there_and_back),
        cmocka_unit_test(untracked_files_are_not_dirt),
        cmocka_unit_test(an_ignored_file_that_the_release_would_overwrite_is_refused),
        cmocka_unit_test(rollback_refuses_when_someone_else_moved_head),
        cmocka_unit_test(rollback_refuses_when_someone_else_moved_the_branch),
        cmocka_unit_test(verify_asks_the_tree),
        cmocka_unit_test(a_lock_of_another_git_is_named),
        cmocka_unit_test(what_is_no_work_tree_is_refused),
        cmocka_unit_test(hooks_of_the_repository_do_not_run),
    };
    return cmocka_run_group_tests_name("git.checkout", tests, NULL, NULL);
}
