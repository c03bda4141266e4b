/* What every command says to good and bad arguments, and with which exit status. */
#include <stdlib.h>
#include <string.h>

#include "kit.h"
#include "run.h"

static void no_command_is_a_usage_error(void **state)
{
    (void)state;
    outcome o = belay("", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "there is no command ''");
    assert_int_equal(belay("--help", NULL).status, 0);
    assert_string_equal(belay("-h", NULL).out, belay("--help", NULL).out);
    assert_holds(belay("--version", NULL).out, "plugin interface 1.");
}

static void misspelt_commands_and_options_name_the_right_word(void **state)
{
    (void)state;
    outcome o = belay("rolback", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "did you mean 'belay rollback'?");
    o = belay("run", "x.cfg", "--verbos", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "did you mean '--verbose'?");
    o = belay("run", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "belay run needs FILE");
    o = belay("plugin", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "belay plugin needs a second word: new, try, check, doc");
    o = belay("history", "--limit", "many", NULL);
    assert_holds(o.err, "--limit takes a whole number from 1 to 1000000, not 'many'");
    static const char *const numbers[] = {"0", "-1", "2000000"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        o = belay("history", "--limit", numbers[i], NULL);
        assert_int_equal(o.status, 1);
        assert_holds(o.err, "from 1 to 1000000");
    }
    o = belay("status", "extra", NULL);
    assert_holds(o.err, "what is 'extra' for?");
}

static void every_command_has_help_with_an_example(void **state)
{
    (void)state;
    static const char *const names[] = {
        "plan",    "run",        "resume",     "rollback",     "checklist",  "approve",   "reject", "status",
        "history", "show",       "logs",       "validate",     "plugins",    "explain",   "doctor", "discard",
        "try",     "plugin new", "plugin try", "plugin check", "plugin doc", "completion"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *space = strchr(names[i], ' ');
        const char *first = space ? kit_path("%.*s", (int)(space - names[i]), names[i]) : names[i];
        outcome o = space ? belay(first, space + 1, "--help", NULL) : belay(first, "--help", NULL);
        assert_int_equal(o.status, 0);
        assert_holds(o.out, kit_path("usage: belay %s", names[i]));
        assert_holds(o.out, kit_path("Example: belay %s", names[i]));
    }
}

/* As a shell does it: belay writes there, or to a reader that leaves. */
static int status_of_shell(const char *command)
{
    (void)belay_state();
    return kit_status_of("bash", "-c",
                         kit_path("set -o pipefail; belay=%s/bin/belay; %s", getenv("BELAY_BUILD_DIR"), command), NULL);
}

static void output_that_is_lost_is_no_success(void **state)
{
    (void)state;
    static const char *const asked[] = {"--help",     "--version", "explain",         "explain --json",
                                        "plugins",    "history",   "history --json",  "status --json",
                                        "run --help", "doctor",    "completion bash", "plugins --json"};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const char *said = kit_path("%s/said", kit_folder());
        assert_int_equal(status_of_shell(kit_path("$belay %s > /dev/full 2> %s", asked[i], said)), 1);
        kit_output_of("grep", "-q", "standard output cannot be written", said, NULL);
        assert_int_equal(status_of_shell(kit_path("$belay %s | true", asked[i])), 0);
    }
}

static void explain_describes_a_kind_and_finds_the_nearest(void **state)
{
    (void)state;
    outcome o = belay("explain", "http.health", NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "targets (list, required)");
    assert_holds(o.out, "A check: it changes nothing.");
    o = belay("explain", "http.helth", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "did you mean 'http.health'?");
    assert_holds(belay("explain", NULL).out, "redis.info");
}

static void explain_takes_a_plugins_name_and_a_steps(void **state)
{
    (void)state;
    outcome o = belay("explain", "host", NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "  host.disk ");
    assert_holds_not(o.out, "docker");
    o = belay("explain", "disk", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "did you mean 'host.disk'?");
}

/* Each as somebody writes it who has not read what the kind takes. */
static void a_wrong_option_is_answered_with_a_right_one(void **state)
{
    (void)state;
    static const struct {
        const char *step, *answer;
    } all[] = {
        {"use = \"disk\"; paths = [\"/\"];", "did you mean 'host.disk'?"},
        {"use = \"host.free\";", "the plugin 'host' has: host.disk, host.memory"},
        {"use = \"kubernetes.apply\";", "`belay explain` lists the kinds there are"},
        {"use = \"host.disk\"; min_free = \"1GB\";", "For example: paths = [\"/var/lib/docker\""},
        {"use = \"http.health\"; url = \"http://127.0.0.1/\";", "it takes: targets (required), "},
        {"use = \"docker.up\"; max_restarts = \"many\";", "for example: max_restarts = 0;"},
        {"use = \"docker.up\"; services = { a = 1; };", "for example: services = [\"agents\", \"scheduler\"];"},
        {"use = \"host.port\"; ports = [\"80\"]; state = 1;", "one of \"free\", \"open\""},
        {"use = \"host.disk\"; paths = []; min_free = \"1GB\";", "for example: paths = ["},
        {"use = \"docker.up\"; project = \"${vars.name}\";", "vars: { name = \"...\"; };"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const char *file = kit_path("%s/wrong.cfg", kit_folder());
        kit_write(file, kit_path("pipeline: { name = \"app\"; environment = \"local\"; version = \"v2\"; };\n"
                                 "stages: ( { name = \"all\"; steps: ( { id = \"x\"; %s } ); } );\n",
                                 all[i].step));
        outcome o = belay("validate", file, NULL);
        assert_int_equal(o.status, 1);
        assert_holds(o.err, all[i].answer);
    }
    outcome o = belay("try", "host.disk", "--set", "path=/", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "host.disk cannot be tried as it is given");
    assert_holds(o.err, "--set NAME=VALUE; `belay explain host.disk`");
}

static void plugins_lists_what_was_found_and_refuses_what_others_may_write(void **state)
{
    (void)state;
    assert_holds(belay("plugins", NULL).out, "postgres.snapshot");
    const char *folder = kit_folder();
    kit_write(kit_path("%s/bad.so", folder), "not a plugin");
    outcome o = belay("plugins", "--plugin-dir", folder, NULL);
    assert_holds(o.err, "bad.so refused");
    kit_output_of("chmod", "777", folder, NULL);
    o = belay("plugins", "--plugin-dir", folder, NULL);
    assert_holds(o.err, "chmod");
}

static void an_empty_store_is_no_error(void **state)
{
    (void)state;
    assert_holds(belay("status", NULL).out, "No runs are recorded yet.");
    assert_holds(belay("history", NULL).out, "No runs are recorded yet.");
    outcome o = belay("show", "latest", NULL);
    assert_int_equal(o.status, 1);
    o = belay("resume", NULL);
    assert_int_equal(o.status, 1);
    assert_int_equal(belay("doctor", NULL).status, 0);
}

static void all_problems_of_a_file_come_in_one_go(void **state)
{
    (void)state;
    const char *file = kit_path("%s/bad.cfg", kit_folder());
    kit_write(file, "pipeline: { name = \"x\"; environment = \"test\"; version = \"1\"; };\n"
                    "stages: ( { name = \"a\"; steps: (\n"
                    "  { id = \"one\"; use = \"host.dsik\"; },\n"
                    "  { id = \"two\"; use = \"host.disk\"; paths = [\"/\"]; min_fre = \"1GB\"; },\n"
                    "  { id = \"three\"; use = \"host.disk\"; paths = [\"/\"]; timeout = \"5 parsecs\"; },\n"
                    "  { id = \"four\"; use = \"http.health\"; needs = [\"tow\"]; }\n"
                    ") } );\n");
    outcome o = belay("validate", file, NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "bad.cfg:3: error: ");
    assert_holds(o.err, "host.disk");
    assert_holds(o.err, "bad.cfg:4: error: ");
    assert_holds(o.err, "min_free");
    assert_holds(o.err, "bad.cfg:5: error: ");
    assert_holds(o.err, "bad.cfg:6: error: ");
    assert_holds(o.err, "two");
    assert_holds(o.err, "targets");
    assert_int_equal(belay("run", file, NULL).status, 1);
    assert_int_equal(belay("plan", kit_path("%s/none.cfg", kit_folder()), NULL).status, 1);
}

static void try_runs_one_step_alone(void **state)
{
    (void)state;
    outcome o = belay("try", "host.disk", "--set", "paths=/", "--set", "min_free=1MB", NULL);
    assert_int_equal(o.status, 0);
    o = belay("try", "host.disk", "--set", "paths=/", "--set", "min_free=900TB", NULL);
    assert_int_not_equal(o.status, 0);
    assert_holds(o.out, "900");
    o = belay("try", "host.disk", "--set", "pahts=/", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "paths");
    assert_holds(belay("history", NULL).out, "No runs are recorded yet.");
}

static void try_runs_one_step_of_a_file(void **state)
{
    (void)state;
    const char *file = kit_path("%s/two.cfg", kit_folder());
    kit_write(file,
              "pipeline: { name = \"x\"; environment = \"test\"; version = \"1\"; }; vars: { word = \"good\"; };\n"
              "stages: ( { name = \"a\"; steps: (\n"
              "  { id = \"one\"; use = \"git.checkout\"; repo = \"/nowhere\"; ref = \"v1\"; },\n"
              "  { id = \"two\"; use = \"shell.check\"; needs = [\"one\"];\n"
              "    argv = [\"test\", \"${steps.one.commit}\", \"=\", \"${vars.word}\"]; } ); } );\n");
    const char *two = kit_path("%s#two", file);
    outcome o = belay("try", file, NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, kit_path("name it: belay try %s#STEP", file));
    assert_holds(belay("try", "git.checkout", NULL).err, "git.checkout:1: error: step 'try' lacks the option");
    o = belay("try", two, NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "step 'two' refers to outputs of steps that do not run: steps.one.commit");
    assert_holds(o.err, "--set NAME=VALUE");
    o = belay("try", two, "--set", "steps.one.commit=good", NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "The step passed.");
    o = belay("try", two, "--set", "steps.one.commit=good", "--set", "vars.word=bad", NULL);
    assert_int_equal(o.status, 2);
    assert_holds(o.out, "failed");
    assert_holds(belay("history", NULL).out, "No runs are recorded yet.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_command_is_a_usage_error),
        cmocka_unit_test(misspelt_commands_and_options_name_the_right_word),
        cmocka_unit_test(every_command_has_help_with_an_example),
        cmocka_unit_test(output_that_is_lost_is_no_success),
        cmocka_unit_test(explain_describes_a_kind_and_finds_the_nearest),
        cmocka_unit_test(explain_takes_a_plugins_name_and_a_steps),
        cmocka_unit_test(a_wrong_option_is_answered_with_a_right_one),
        cmocka_unit_test(plugins_lists_what_was_found_and_refuses_what_others_may_write),
        cmocka_unit_test(an_empty_store_is_no_error),
        cmocka_unit_test(all_problems_of_a_file_come_in_one_go),
        cmocka_unit_test(try_runs_one_step_alone),
        cmocka_unit_test(try_runs_one_step_of_a_file),
    };
    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
