/*
 * Names that a shell would act on, or a program take for an option, given to the steps of a pipeline and run as a user
 * runs it: each is refused in words or handled as the name that it is, and nothing that it says is executed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

/* What each says, were it obeyed, is `touch pwned` in the folder where belay runs or in the one of the step. */
static const char *const names[] = {
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned;",
    "| touch pwned",
    "&& touch pwned #",
    "x\ntouch pwned\n",
    "'; touch pwned; '",
    "\"; touch pwned; \"",
    "--upload-pack=touch pwned",
    "--output=pwned",
    "-opwned",
    "--help",
    "ext::sh -c touch% pwned",
    "../../pwned",
    "%(touch pwned) %s%n",
    "a b  c",
    "\\",
};
#define NAMES (sizeof names / sizeof *names)

static const char *folder; /* where everything happens */

static void check_nothing_was_executed(const char *name)
{
    const char *found = kit_output_of("find", folder, "-name", "pwned*", NULL);
    if (*found || access("pwned", F_OK) == 0)
        fail_msg("'%s' was executed: %s", name, found);
}

/* A text as a pipeline file writes it. */
static const char *quoted(const char *s)
{
    char out[512];
    size_t n = 0;
    for (; *s && n + 5 < sizeof out; s++) {
        if (strchr("\"\\", *s))
            out[n++] = '\\';
        if (s[0] == '$' && s[1] == '{') /* no reference */
            out[n++] = '$';
        if (*s == '\n')
            n += (size_t)snprintf(out + n, 3, "\\n");
        else
            out[n++] = *s;
    }
    out[n] = '\0';
    return kit_path("\"%s\"", out);
}

static outcome run_step(const char *use, const char *options)
{
    const char *file = kit_path("%s/p.cfg", folder);
    kit_write(file, kit_path("pipeline: { name = \"shop\"; environment = \"staging\"; version = \"v1\"; };\n"
                             "stages: ( { name = \"main\"; steps: (\n"
                             "  { id = \"one\"; use = \"%s\"; timeout = \"20s\"; ready = \"1s\"; %s } ); } );\n",
                             use, options));
    return belay("run", file, "--plain", NULL);
}

/* Refused before anything was touched, or failed and taken back: never done, never anything else. */
static void assert_refused_in_words(outcome o, const char *name)
{
    if ((o.status != 1 && o.status != 2 && o.status != 10) || !(*o.err || *o.out))
        fail_msg("'%s': status %d\n%s\n%s", name, o.status, o.out, o.err);
    check_nothing_was_executed(name);
}

static void git_refs_and_remotes_are_names(void **state)
{
    (void)state;
    const char *repo = kit_path("%s/repo", folder);
    kit_output_of("git", "init", "-q", repo, NULL);
    kit_output_of("git", "-C", repo, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q",
                  "--allow-empty", "-m", "first", NULL);
    for (size_t i = 0; i < NAMES; i++) {
        assert_refused_in_words(run_step("git.checkout", kit_path("repo = \"%s\"; ref = %s;", repo, quoted(names[i]))),
                                names[i]);
        assert_refused_in_words(
            run_step("git.checkout",
                     kit_path("repo = \"%s\"; ref = \"v9\"; fetch = true; remote = %s;", repo, quoted(names[i]))),
            names[i]);
    }
}

static void a_tag_that_looks_like_an_option_is_checked_out_as_a_tag(void **state)
{
    (void)state;
    const char *repo = kit_path("%s/repo", folder);
    static const char *const tags[] = {"$(touch${IFS}pwned)", "--upload-pack=pwned", "a'b\"c;d", "--help"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        kit_output_of("git", "-C", repo, "update-ref", kit_path("refs/tags/%s", tags[i]), "HEAD", NULL);
        outcome o = run_step("git.checkout", kit_path("repo = \"%s\"; ref = %s;", repo, quoted(tags[i])));
        if (o.status != 0)
            fail_msg("'%s': %d %s %s", tags[i], o.status, o.out, o.err);
        check_nothing_was_executed(tags[i]);
    }
}

static void arguments_reach_a_program_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        outcome o = run_step("shell.run", kit_path("argv = [\"printf\", \"<%%s>\", %s]; undo = [\"true\", %s];",
                                                   quoted(names[i]), quoted(names[i])));
        assert_int_equal(o.status, 0);
        /* What it printed is kept with the step. */
        const char *first = kit_path("<%.*s", (int)strcspn(names[i], "\n"), names[i]);
        if (kit_status_of("grep", "-rqF", "--include=output.log", "--", first, belay_state(), NULL) != 0)
            fail_msg("printf did not get '%s'", names[i]);
        check_nothing_was_executed(names[i]);
    }
}

static void programs_and_folders_are_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        assert_refused_in_words(run_step("shell.run", kit_path("argv = [%s];", quoted(names[i]))), names[i]);
        assert_refused_in_words(run_step("shell.run", kit_path("argv = [\"true\"]; cwd = %s;", quoted(names[i]))),
                                names[i]);
    }
}

static void files_addresses_and_services_are_names(void **state)
{
    (void)state;
    static const struct {
        const char *use, *options;
    } steps[] = {
        {"host.disk", "paths = [%s]; min_free = \"1MB\";"},
        {"host.env", "file = %s; required = [\"A\"];"},
        {"http.health", "targets = [%s];"},
        {"postgres.migrations", "database = \"postgresql://u@127.0.0.1:1/x\"; dir = %s;"},
        {"docker.tag", "services = [\"web\"]; tag = %s; host = \"unix:///nonexistent\";"},
        {"docker.build", "services = [%s]; host = \"unix:///nonexistent\";"},
        {"docker.prune", "keep = [%s]; host = \"unix:///nonexistent\";"},
        {"grafana.query", "url = %s; token = \"0123456789\"; datasource = \"d\"; expr = \"up\";"},
        {"redis.info", "url = %s;"},
    };
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
        for (size_t i = 0; i < NAMES; i += 2) {
            const char *at = strstr(steps[k].options, "%s");
            const char *options = kit_path("%.*s%s%s", (int)(at - steps[k].options), steps[k].options, quoted(names[i]),
                                           at + strlen("%s"));
            assert_refused_in_words(run_step(steps[k].use, options), steps[k].use);
        }
}

static void names_on_the_command_line_are_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        const char *commands[][3] = {{"show", names[i], NULL},     {"logs", names[i], "one"},
                                     {"explain", names[i], NULL},  {"validate", names[i], NULL},
                                     {"rollback", names[i], NULL}, {"status", "--environment", names[i]}};
        for (size_t k = 0; k < sizeof commands / sizeof *commands; k++) {
            outcome o = belay(commands[k][0], commands[k][1], commands[k][2], NULL);
            if (o.status < 0 || o.status > 2)
                fail_msg("%s '%s': status %d: %s", commands[k][0], names[i], o.status, o.err);
            check_nothing_was_executed(names[i]);
        }
    }
}

static int set_up(void **state)
{
    (void)state;
    folder = kit_folder();
    return chdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(git_refs_and_remotes_are_names),
        cmocka_unit_test(a_tag_that_looks_like_an_option_is_checked_out_as_a_tag),
        cmocka_unit_test(arguments_reach_a_program_as_they_are),
        cmocka_unit_test(programs_and_folders_are_names),
        cmocka_unit_test(files_addresses_and_services_are_names),
        cmocka_unit_test(names_on_the_command_line_are_names),
    };
    return cmocka_run_group_tests_name("hostile names", tests, set_up, NULL);
}
