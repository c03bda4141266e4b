/* Who decides what git does: programs that a repository's configuration names, trees of other users, filters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git_world.h"

#define NOBODY "65534"

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is missing from: %s", part, text);
}

/* A folder that every user may reach and write to; kit's own are private. */
static char open_folder[] = "/tmp/belay-git-trust-XXXXXX";

static int make_open_folder(void **state)
{
    (void)state;
    return mkdtemp(open_folder) && chmod(open_folder, 0777) == 0 ? 0 : -1;
}

static int remove_open_folder(void **state)
{
    (void)state;
    (void)kit_output_of("rm", "-rf", open_folder, NULL);
    return 0;
}

static const char *script(const char *name, const char *text)
{
    const char *path = kit_path("%s/%s", open_folder, name);
    kit_write(path, text);
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

/* A program that leaves a trace with the id of the user as whom it ran. */
static const char *tracer(const char *name)
{
    return script(name, kit_path("#!/bin/sh\nid -u >>%s/trace-%s\ncat\n", open_folder, name));
}

static const char *trace(const char *name)
{
    const char *path = kit_path("%s/trace-%s", open_folder, name);
    return access(path, F_OK) == 0 ? git_world_trim(kit_output_of("sort", "-u", path, NULL)) : "";
}

static git_world new_world(const char *name)
{
    git_world made = git_world_new(), w = {kit_path("%s/%s", open_folder, name), made.v1, made.v2};
    (void)kit_output_of("cp", "-a", made.path, w.path, NULL);
    return w;
}

static void commit(const git_world *w, const char *tag)
{
    (void)git_says(w, "-c", "filter.pack.required=false", "add", "-A");
    (void)git_says(w, "-c", "user.name=kit", "-c", "user.email=kit@example.org", "commit", "-q", "-m", tag);
    (void)git_says(w, "tag", tag);
    (void)git_says(w, "checkout", "-q", "main");
}

/* v3 is v1 and files of the filter `pack`; the work tree stays at main. */
static void add_filtered_release(const git_world *w, const char *filter, const char *content)
{
    (void)git_says(w, "checkout", "-q", "--detach", "main");
    kit_write(kit_path("%s/.gitattributes", w->path), kit_path("*.bin filter=%s\n", filter));
    kit_write(kit_path("%s/m.bin", w->path), content);
    kit_write(kit_path("%s/n.bin", w->path), content);
    commit(w, "v3");
}

static void root_runs_git_as_the_owner_of_the_tree(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    git_world w = new_world("owned");
    (void)git_says(&w, "config", "filter.x.smudge", tracer("owner-smudge"));
    (void)git_says(&w, "config", "filter.x.clean", tracer("owner-clean"));
    kit_write(kit_path("%s/.git/info/attributes", w.path), "* filter=x\n");
    (void)kit_output_of("chown", "-R", NOBODY ":" NOBODY, w.path, NULL);
    kit_step *s = git_world_step(&w, "v2");
    if (kit_run(s, KIT_PREPARE) != BELAY_OK || kit_run(s, KIT_EXECUTE) != BELAY_OK)
        fail_msg("%s", kit_summary(s));
    assert_string_equal(trace("owner-smudge"), NOBODY);
    const char *added = kit_path("%s/added00", w.path);
    assert_string_equal(git_world_trim(kit_output_of("stat", "-c", "%u", added, NULL)), NOBODY);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(trace("owner-smudge"), NOBODY);
    assert_int_not_equal(access(added, F_OK), 0);
    kit_step_free(s);
}

static void a_tree_that_lets_git_write_elsewhere_is_refused(void **state)
{
    (void)state;
    git_world w = new_world("elsewhere");
    const char *victim = kit_path("%s/victim", open_folder);
    assert_int_equal(mkdir(victim, 0700), 0);
    (void)kit_output_of("cp", "-a", kit_path("%s/file01", w.path), victim, NULL);
    (void)git_says(&w, "config", "core.worktree", victim);
    const char *before = kit_digest(victim);
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_says(kit_summary(s), "core.worktree");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_string_equal(kit_digest(victim), before);
    kit_step_free(s);
}

static void a_configuration_that_others_may_write_is_refused(void **state)
{
    (void)state;
    static const char *const places[] = {".git", ".git/config"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        git_world w = git_world_new();
        assert_int_equal(chmod(kit_path("%s/%s", w.path, places[i]), 0777), 0);
        kit_step *s = git_world_step(&w, "v2");
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
        assert_says(kit_summary(s), kit_path("others may write to '%s/%s'", w.path, places[i]));
        assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
        kit_step_free(s);
    }
}

static void of_a_linked_repository_the_target_counts(void **state)
{
    (void)state;
    git_world w = git_world_new();
    const char *moved = kit_path("%s.moved", w.path), *dot_git = kit_path("%s/.git", w.path);
    assert_int_equal(rename(dot_git, moved), 0);
    assert_int_equal(symlink(moved, dot_git), 0);
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(chmod(moved, 0777), 0);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_says(kit_summary(s), "others may write to");
    kit_step_free(s);
}

static void a_plan_runs_no_program_that_the_repository_names(void **state)
{
    (void)state;
    static const char *const keys[] = {"filter.x.smudge",
                                       "filter.x.clean",
                                       "filter.y.process",
                                       "remote.origin.uploadpack",
                                       "core.sshCommand",
                                       "core.fsmonitor",
                                       "core.gitProxy",
                                       "core.askPass",
                                       "credential.helper",
                                       "core.alternateRefsCommand",
                                       "diff.external",
                                       "diff.x.textconv",
                                       "diff.x.command",
                                       "core.pager",
                                       "alias.status",
                                       "gpg.program",
                                       "uploadpack.packObjectsHook"};
    git_world remote = new_world("remote"), w = new_world("planned");
    const char *program = tracer("plan");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        (void)git_says(&w, "config", "--file", kit_path("%s/.git/included", w.path), keys[i], program);
    (void)git_says(&w, "config", "filter.x.required", "true");
    (void)git_says(&w, "config", "remote.origin.url", remote.path);
    (void)git_says(&w, "config", "include.path", "included");
    (void)kit_output_of("touch", kit_path("%s/file01", w.path), NULL);
    kit_write(kit_path("%s/.git/info/attributes", w.path), "* filter=x diff=x\n");
    kit_step *s = git_world_step(&w, "v2");
    kit_fact(s, "dry_run", "1");
    kit_set(s, "fetch", "true");
    if (kit_run(s, KIT_PREPARE) != BELAY_OK)
        fail_msg("%s", kit_summary(s));
    assert_string_equal(trace("plan"), "");
    assert_says(kit_plan(s), "check out v2");
    assert_says(kit_log(s), "the remote is not asked in a plan: 'remote.origin.uploadpack'");
    kit_set(s, "ref", "v9");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_says(kit_plan(s), "fetch, then check out v9");
    assert_string_equal(trace("plan"), "");
    kit_step_free(s);
}

static void a_submodules_monitor_does_not_run(void **state)
{
    (void)state;
    git_world w = new_world("outer"), inner = new_world("inner");
    (void)git_says(&w, "-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.path, "sub");
    commit(&w, "v3");
    (void)git_says(&w, "checkout", "-q", "v3");
    (void)git_says(&w, "config", "--file", kit_path("%s/.git/modules/sub/config", w.path), "core.fsmonitor",
                   tracer("monitor"));
    kit_step *s = git_world_step(&w, "v2");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_string_equal(trace("monitor"), "");
    kit_step_free(s);
}

static void a_configured_ssh_command_is_obeyed(void **state)
{
    (void)state;
    static const char *const names[] = {"ssh", "deploy-ssh"};
    git_world remote = new_world("far");
    (void)git_says(&remote, "tag", "v7", "v2");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        git_world w = new_world(kit_path("near%zu", i));
        const char *ssh = script(names[i], kit_path("#!/bin/sh\necho \"$@\" >>%s/trace-%s\n"
                                                    "for last; do :; done\neval \"$last\"\n",
                                                    open_folder, names[i]));
        (void)git_says(&w, "remote", "add", "origin", kit_path("ssh://far.example%s", remote.path));
        (void)git_says(&w, "config", "core.sshCommand", kit_path("%s -i /etc/key", ssh));
        (void)git_says(&w, "config", "ssh.variant", "ssh");
        kit_step *s = git_world_step(&w, "v7");
        kit_set(s, "fetch", "true");
        if (kit_run(s, KIT_PREPARE) != BELAY_OK || kit_run(s, KIT_EXECUTE) != BELAY_OK)
            fail_msg("%s", kit_summary(s));
        assert_says(trace(names[i]), "-i /etc/key");
        assert_int_equal(strstr(trace(names[i]), "-oBatchMode=yes") != NULL, strcmp(names[i], "ssh") == 0);
        kit_step_free(s);
    }
}

static void a_required_filter_that_fails_is_found_before_the_checkout(void **state)
{
    (void)state;
    git_world w = git_world_new();
    add_filtered_release(&w, "pack", "ptr\n");
    (void)git_says(&w, "config", "filter.pack.smudge", "false");
    (void)git_says(&w, "config", "filter.pack.required", "true");
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v3");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_says(kit_summary(s), "try the filter 'pack' of 'm.bin'");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_string_equal(git_world_state(&w), before);
    (void)git_says(&w, "config", "filter.pack.smudge", "tr a-z A-Z");
    (void)git_says(&w, "config", "filter.pack.clean", "tr A-Z a-z");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    char *content = kit_read(kit_path("%s/m.bin", w.path));
    assert_string_equal(git_world_trim(content), "PTR");
    free(content);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

/* The trial takes one file; the key or the network is gone when the next one is written. */
static void a_filter_that_fails_half_way_is_rolled_back_without_it(void **state)
{
    (void)state;
    git_world w = git_world_new();
    add_filtered_release(&w, "pack", "ptr\n");
    const char *once = script("once", kit_path("#!/bin/sh\necho >>%s/calls\n"
                                               "[ $(wc -l <%s/calls) -le 2 ] || exit 1\ncat\n",
                                               open_folder, open_folder));
    (void)git_says(&w, "config", "filter.pack.smudge", once);
    (void)git_says(&w, "config", "filter.pack.clean", "false");
    (void)git_says(&w, "config", "filter.pack.required", "true");
    const char *before = git_world_state(&w);
    kit_step *s = git_world_step(&w, "v3");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_says(kit_summary(s), "check out the release");
    if (kit_run(s, KIT_ROLLBACK) != BELAY_OK)
        fail_msg("%s", kit_summary(s));
    assert_string_equal(git_says(&w, "status", "--porcelain"), "");
    assert_string_equal(git_world_state(&w), before);
    kit_step_free(s);
}

static void stand_ins_of_a_filter_that_is_not_configured_are_refused(void **state)
{
    (void)state;
    git_world w = git_world_new();
    add_filtered_release(&w, "lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n");
    kit_step *s = git_world_step(&w, "v3");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_says(kit_summary(s), "'m.bin' needs the filter 'lfs', which is not configured");
    kit_step_free(s);
    w = git_world_new();
    add_filtered_release(&w, "tidy", "text\n");
    s = git_world_step(&w, "v3");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_says(kit_log(s), "'m.bin' names the filter 'tidy', which is not configured");
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_runs_git_as_the_owner_of_the_tree),
        cmocka_unit_test(a_tree_that_lets_git_write_elsewhere_is_refused),
        cmocka_unit_test(a_configuration_that_others_may_write_is_refused),
        cmocka_unit_test(of_a_linked_repository_the_target_counts),
        cmocka_unit_test(a_plan_runs_no_program_that_the_repository_names),
        cmocka_unit_test(a_submodules_monitor_does_not_run),
        cmocka_unit_test(a_configured_ssh_command_is_obeyed),
        cmocka_unit_test(a_required_filter_that_fails_is_found_before_the_checkout),
        cmocka_unit_test(a_filter_that_fails_half_way_is_rolled_back_without_it),
        cmocka_unit_test(stand_ins_of_a_filter_that_is_not_configured_are_refused),
    };
    return cmocka_run_group_tests_name("git.checkout, whom it obeys", tests, make_open_folder, remove_open_folder);
}
