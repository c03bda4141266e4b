/* belay plugin check: each broken promise is found and named, and a plugin that keeps all of them passes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "program.h"
#include "run.h"

#define CANARY "canary-4711-yellow"

static const char *test_plugin(const char *name)
{
    return kit_path("%s/tests/plugins/%s.so", getenv("BELAY_BUILD_DIR"), name);
}

/* A case of the plugin "faulty": a world with one file. */
static const char *make_case(const char *kind, const char *more)
{
    const char *folder = kit_folder();
    kit_output_of("mkdir", kit_path("%s/world", folder), NULL);
    kit_write(kit_path("%s/world/file", folder), "old");
    kit_write(kit_path("%s/case.cfg", folder),
              kit_path("kind = \"%s\";\noptions = { file = \"${world}/file\"; };\n%s\n", kind, more));
    return folder;
}

/* Checks one proof of a kind of "faulty". */
static outcome prove(const char *kind, const char *proof, const char *more)
{
    return belay("plugin", "check", test_plugin("faulty"), "--only", proof, "--case", make_case(kind, more), NULL);
}

static void assert_found(const char *kind, const char *proof, const char *more, const char *sentence)
{
    outcome o = prove(kind, proof, more);
    assert_holds(o.out, kit_path("%s ", proof));
    assert_holds(o.out, "FAILED: ");
    assert_holds(o.out, sentence);
    assert_int_equal(o.status, 1);
}

static void a_good_plugin_passes_all_that_its_case_tells(void **state)
{
    (void)state;
    const char *folder = make_case("good", "secrets = { token = \"" CANARY "\"; };\n"
                                           "foreign = ( [\"sh\", \"-c\", \"echo mine > ${world}/file\"] );");
    outcome o = belay("plugin", "check", test_plugin("faulty"), "--case", folder, NULL);
    static const char *const ids[] = {"S1", "S2", "D1", "D2", "D3", "D4", "D5", "C1",
                                      "C2", "C3", "T1", "T2", "R1", "X1", "X2"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const char *row = strstr(o.out, kit_path("%s  ", ids[i]));
        assert_non_null(row);
        const char *line = kit_path("%.*s", (int)strcspn(row, "\n"), row);
        assert_holds(line, " proved");
    }
    assert_holds_not(o.out, "FAILED");
    assert_int_equal(o.status, 3); /* the other kinds have no case */
    assert_holds(o.out, "not proved: no case was given  [faulty.acts_first]");
}

static void what_nobody_tried_is_not_proved(void **state)
{
    (void)state;
    outcome o = belay("plugin", "check", kit_path("%s/plugins/host.so", getenv("BELAY_BUILD_DIR")), NULL);
    assert_int_equal(o.status, 3);
    assert_holds(o.out, "not proved: no case was given  [host.disk]");
    assert_holds(prove("good", "D5", "").out, "not proved: the case has no 'foreign'");
    assert_holds(prove("good", "X1", "").out, "not proved: the case gives no secret");
    assert_holds(prove("good", "D4", "setup = ( [\"rm\", \"${world}/file\"] );").out,
                 "not proved: execute of the case");
}

static void unusable_plugins_are_refused_with_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *name, *sentence;
    } plugins[] = {
        {"no_entry", "does not export belay_plugin_v1"},
        {"needs_newer", "needs interface 1.7"},
        {"crash_describe", "crash"},
        {"two-symbols", "it exports 'helper' besides belay_plugin_v1"},
        {"two-symbols-reserved", "it exports '__helper' besides belay_plugin_v1"},
        {"two-symbols-alike", "it exports 'belay_plugin_v1_helper' besides belay_plugin_v1"},
        {"two-symbols-thread", "it exports 'helper' besides belay_plugin_v1"},
        {"no-table", "the plugin's step 'step' counts metrics and has no table of them"},
    };
    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++) {
        outcome o = belay("plugin", "check", test_plugin(plugins[i].name), NULL);
        assert_int_equal(o.status, 1);
        assert_holds(o.out, "S1 ");
        assert_holds(o.out, "FAILED: ");
        assert_holds(o.out, plugins[i].sentence);
    }
}

static void a_constructor_that_acts_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *name, *sentence;
    } plugins[] = {
        {"constructor", "it changes files (unlink of /nonexistent/belay)"},
        {"constructor-shares", "it changes files (unlink of /dev/shm/belay-test-constructor)"},
        {"constructor-talks", "it opens or uses a socket (socketpair)"},
    };
    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++) {
        outcome o = belay("plugin", "check", test_plugin(plugins[i].name), NULL);
        assert_int_equal(o.status, 1);
        assert_holds(o.out, kit_path("FAILED: being loaded, %s", plugins[i].sentence));
    }
}

static void what_needs_more_than_every_host_has_is_found(void **state)
{
    (void)state;
    const char *home = kit_path("%s", getenv("HOME") ? getenv("HOME") : "/");
    setenv("HOME", home, 1);
    assert_holds(prove("needs_home", "D2", "").out, "proved");
    assert_found("needs_home", "D1", "", "time zone and a previous version, verify ended as '");
    assert_found("needs_previous", "D1", "", "verify returned -4 and no word");
    assert_holds(prove("asks_for_previous", "D1", "").out,
                 "proved: verify needs more, and says so: there is no previous version to compare with");
}

static void phases_that_only_look_are_held_to_it(void **state)
{
    (void)state;
    assert_found("writes_in_prepare", "D2", "", "prepare changes the world: 'file' is changed");
    assert_found("writes_elsewhere", "D2", "", "/count', outside of the case's world, by open");
}

static void acting_before_remembering_is_found_and_shown(void **state)
{
    (void)state;
    assert_found("acts_first", "C2", "", "before it remembers anything");
    assert_found("acts_first", "C1", "", "does not restore the world: 'file.new' is new");
}

static void a_trial_is_replayed_by_its_number(void **state)
{
    (void)state;
    outcome o = prove("acts_first", "C1", "");
    const char *replay = strstr(o.out, "Replay: --only ");
    assert_non_null(replay);
    const char *number = kit_path("%.*s", (int)strcspn(replay + 15, " \n"), replay + 15);
    assert_holds(number, "C1#");
    assert_found("acts_first", number, "", "FAILED");
    assert_holds(prove("good", "C1", "").out, "proved");
    assert_holds(prove("good", "C1#999999", "").out, "not proved: there are only");
    assert_holds(prove("good", "T1#99", "").out, "not proved: there are only 18 trials");
    assert_holds(prove("good", "C9", "").err, "--only takes a proof");
}

static void a_save_that_is_overwritten_by_a_retry_is_found(void **state)
{
    (void)state;
    assert_found("ignores_kept", "C1", "", "and executed again");
    assert_holds(prove("ignores_kept", "D4", "").out, "proved");
}

static void rollbacks_that_are_not_idempotent_or_overwrite_are_found(void **state)
{
    (void)state;
    assert_found("restores_once", "D4", "", "a second rollback returned -1");
    assert_found("overwrites", "D5", "foreign = ( [\"sh\", \"-c\", \"echo mine > ${world}/file\"] );",
                 "rollback overwrites it: 'file' is changed");
}

static void a_rollback_that_a_second_kill_breaks_is_found(void **state)
{
    (void)state;
    const char *foreign = "foreign = ( [\"sh\", \"-c\", \"echo mine > ${world}/file\"] );";
    assert_holds(prove("restores_in_parts", "D4", "").out, "proved");
    assert_holds(prove("restores_in_parts", "D5", foreign).out, "proved");
    assert_found("restores_in_parts", "C1", "", ", then killed at call ");
}

static void going_on_after_a_refusal_is_found(void **state)
{
    (void)state;
    assert_found("runs_and_hopes", "C3", "", "after its run() number 1 failed, execute says that all is well");
    assert_found("goes_on", "C3", "", "its first remember() failed, and still it acted");
}

static void processes_descriptors_and_deafness_are_found(void **state)
{
    (void)state;
    assert_found("leaves_process", "T2", "", "End what you start");
    assert_found("keeps_open", "R1", "", "leaves 1 file or socket open");
    assert_found("leaves_process_cancelled", "T2", "", "verify returned, but left ");
    assert_found("leaves_process_cancelled", "T1", "", "verify returned, but left ");
    assert_found("ignores_cancel", "T1", "", "verify does not stop within 5 s");
    assert_found("crashes_cancelled", "T1", "", "verify, cancelled, ended as 'crashed'");
}

static void secrets_that_get_out_are_found(void **state)
{
    (void)state;
    const char *secret = "secrets = { token = \"" CANARY "\"; };";
    assert_found("prints_secret", "X1", secret, "verify lets a secret out: in the log");
    assert_found("passes_secret", "X1", secret, "a secret among its arguments");
    assert_found("names_file_by_secret", "X1", secret, "a secret is in the name of a file or folder that it made");
    assert_found("links_to_secret", "X1", secret, "a secret is in the target of the link 'file.link' that it made");
    assert_holds_not(prove("prints_secret", "X1", secret).out, CANARY);
    assert_holds_not(prove("names_file_by_secret", "X1", secret).out, CANARY);
}

static void a_value_that_crashes_it_is_found(void **state)
{
    (void)state;
    assert_found("crashes_on_nothing", "X2", "secrets = { token = \"" CANARY "\"; };", "crashed");
}

static void an_option_that_is_known_later_must_not_crash_it(void **state)
{
    (void)state;
    assert_found("crashes_on_pending", "X2", "", "and, known later, [\"file\"] prepare ended as 'crashed'");
}

static void values_that_no_phase_was_given_prove_nothing(void **state)
{
    (void)state;
    outcome o = prove("unseen", "X2", "");
    assert_holds(o.out, "not proved: it has neither prepare nor verify");
    assert_int_equal(o.status, 3);
}

static void a_wrong_case_says_where(void **state)
{
    (void)state;
    assert_holds(prove("none", "D4", "").err, "case.cfg: the plugin has no kind 'none'");
    assert_holds(prove("good", "D4", "optoins = {};").err, "case.cfg:3: a case has no 'optoins'");
    assert_holds(prove("good", "D4", "setup = ( \"rm\" );").err, "case.cfg:3: a program is a list");
    assert_holds(prove("good", "D4", "secrets = { tokn = \"x\"; };").err, "did you mean 'token'");
    assert_holds(prove("good", "D4", "setup = ( [\"false\"] );").err, "'false' of case");
    assert_holds(prove("good", "D4", "setup = ;").err, "case.cfg:3: syntax error");
    outcome o = belay("plugin", "check", test_plugin("faulty"), "--case", kit_folder(), NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "a case is a folder with a case.cfg");
}

static const char *elsewhere_case(const char *kind, const char *reset, const char *observe)
{
    return kit_path("kind = \"%s\"; options = { file = \"${env:ELSEWHERE}/file\"; };\n%s\n%s\n", kind, reset, observe);
}

/* What a step does elsewhere than in the world, here in a folder of its own. */
static void what_lies_elsewhere_counts_as_the_case_observes_it(void **state)
{
    (void)state;
    const char *elsewhere = kit_folder(), *folder = kit_folder();
    setenv("ELSEWHERE", elsewhere, 1);
    const char *reset = "reset = ( [\"sh\", \"-c\", \"echo old > $ELSEWHERE/file\"] );";
    const char *observe = "observe = ( [\"cat\", \"${env:ELSEWHERE}/file\"] );";
    kit_write(kit_path("%s/case.cfg", folder), elsewhere_case("good", reset, ""));
    assert_holds(belay("plugin", "check", test_plugin("faulty"), "--only", "D4", "--case", folder, NULL).out,
                 "not proved: execute changes nothing in world/");
    kit_write(kit_path("%s/case.cfg", folder), elsewhere_case("good", reset, observe));
    assert_holds(belay("plugin", "check", test_plugin("faulty"), "--only", "D4", "--case", folder, NULL).out,
                 "D4   rollback restores the world, also twice        proved");
    kit_write(kit_path("%s/case.cfg", folder), elsewhere_case("restores_once", reset, observe));
    assert_holds(belay("plugin", "check", test_plugin("faulty"), "--only", "D4", "--case", folder, NULL).out,
                 "FAILED: ");
    unsetenv("ELSEWHERE");
}

static void a_case_brings_its_server_and_takes_it_along(void **state)
{
    (void)state;
    const char *folder = kit_folder(), *pid_file = kit_path("%s/pid", folder);
    const char *serve =
        kit_path("server = [\"sh\", \"-c\", \"echo $$ > %s; exec openssl s_server -nocert -quiet -accept "
                 "127.0.0.1:$0\", \"${port}\"];",
                 pid_file);
    outcome o = prove("good", "D4", serve);
    assert_holds(o.out, "proved");
    char *pid = kit_read(pid_file);
    pid[strcspn(pid, "\n")] = '\0';
    assert_int_not_equal(kit_status_of("kill", "-0", pid, NULL), 0);
    free(pid);
    o = prove("good", "D4", "server = [\"sh\", \"-c\", \"echo out of order; exit 3\"];");
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "the server 'sh' ended at once; it printed: out of order");
    assert_holds(prove("good", "D4", "server = [\"no-such-program\"];").err, "run 'no-such-program': No such file");
}

static void fewer_kills_are_a_sample_that_says_so(void **state)
{
    (void)state;
    outcome o = belay("plugin", "check", test_plugin("faulty"), "--only", "C1", "--kills", "6", "--case",
                      make_case("good", ""), NULL);
    assert_holds(o.out, ": a sample, each ");
    o = belay("plugin", "check", test_plugin("faulty"), "--only", "T1", "--kills", "6", "--case", make_case("good", ""),
              NULL);
    assert_holds(o.out, "proved: 5 cancellations, ");
    assert_holds(o.out, " before its end: a sample");
    o = belay("plugin", "check", test_plugin("faulty"), "--kills", "none", NULL);
    assert_holds(o.err, "--kills takes a whole number");
}

static void the_smallest_sample_is_still_one(void **state)
{
    (void)state;
    outcome o = belay("plugin", "check", test_plugin("faulty"), "--only", "C1", "--kills", "1", "--case",
                      make_case("good", ""), NULL);
    assert_holds(o.out, "proved: 3 kills at ");
    assert_holds(o.out, "1 of both: a sample, each ");
    o = belay("plugin", "check", test_plugin("faulty"), "--only", "C1", "--kills", "1", "--case",
              make_case("acts_first", ""), NULL);
    assert_holds(o.out, "FAILED: killed at ");
    o = belay("plugin", "check", test_plugin("faulty"), "--only", "T1", "--kills", "1", "--case", make_case("good", ""),
              NULL);
    assert_holds(o.out, "proved: 1 cancellations, 1 before its end: a sample");
    o = prove("good", "T1#6", "");
    assert_holds(o.out, "not proved: it ended before each of the 1 cancellations");
    assert_int_equal(o.status, 3);
}

static void reports_for_machines_say_the_same(void **state)
{
    (void)state;
    const char *folder = make_case("restores_once", ""), *junit = kit_path("%s/junit.xml", kit_folder());
    outcome o = belay("plugin", "check", test_plugin("faulty"), "--only", "D4", "--case", folder, "--json", "--junit",
                      junit, NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.out, "\"verdict\": \"FAILED\"");
    assert_holds(o.out, "\"id\": \"D4\"");
    char *xml = kit_read(junit);
    assert_holds(xml, "failures=\"1\"");
    assert_holds(xml, "<failure message=\"after execute, a second rollback returned -1");
    assert_holds(xml, "<skipped message=\"no case was given\"/>");
    free(xml);
}

static void reports_for_machines_are_text_whatever_a_name_holds(void **state)
{
    (void)state;
    const char *folder = make_case("writes_bytes_in_prepare", ""), *places = kit_folder();
    const char *junit = kit_path("%s/junit.xml", places), *plugin = kit_path("%s/caf\xe9.so", places);
    kit_output_of("cp", test_plugin("faulty"), plugin, NULL);
    outcome o = belay("plugin", "check", test_plugin("faulty"), "--only", "D2", "--case", folder, "--json", "--junit",
                      junit, NULL);
    assert_holds(o.out, "'file.caf\xef\xbf\xbd' is new");
    char *xml = kit_read(junit);
    assert_holds(xml, "file.caf\xef\xbf\xbd");
    assert_holds_not(xml, "\xe9");
    free(xml);
    o = belay("plugin", "check", plugin, "--only", "D2", "--json", "--junit", junit, NULL);
    assert_holds(o.out, "caf\xef\xbf\xbd.so\"");
    assert_holds_not(o.out, "(null)");
    xml = kit_read(junit);
    assert_holds_not(xml, "\xe9");
    free(xml);
}

static void where_nobody_may_trace_that_is_said_at_once(void **state)
{
    (void)state;
    static const char *const proofs[] = {"S2", "C1", "C2", "R1", "X1"};
    const char *folder = make_case("good", "secrets = { token = \"" CANARY "\"; };");
    const char *untraced = kit_path("%s/tests/untraced", getenv("BELAY_BUILD_DIR"));
    const char *program = kit_path("%s/bin/belay", getenv("BELAY_BUILD_DIR"));
    for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++) {
        const char *const argv[] = {untraced, program,   "plugin", "check", test_plugin("faulty"),
                                    "--only", proofs[i], "--case", folder,  NULL};
        char *out = NULL;
        int status = program_run(argv, 10000, PROGRAM_INHERIT, &out);
        assert_holds(out, "not proved: this machine does not let a process be traced");
        assert_holds_not(out, "FAILED");
        assert_int_equal(status, 3);
        free(out);
    }
}

static void a_signal_takes_all_that_was_begun_along(void **state)
{
    (void)state;
    const char *temporary = kit_folder(), *pids = kit_path("%s/pids", kit_folder());
    const char *serve =
        kit_path("server = [\"sh\", \"-c\", \"sleep 300 & echo $! $$ > %s; openssl s_server -nocert -quiet "
                 "-accept 127.0.0.1:$0\", \"${port}\"];",
                 pids);
    const char *folder = make_case("ignores_cancel", serve);
    const char *script =
        "\"$1\" plugin check \"$2\" --only D2 --case \"$3\" >&2 & belay=$!; "
        "until [ -s \"$4\" ] && [ $(wc -w </proc/$belay/task/$belay/children) -ge 2 ]; do sleep 0.1; done; "
        "kill -TERM $belay; wait $belay; echo $?";
    setenv("TMPDIR", temporary, 1);
    const char *status = kit_output_of("sh", "-c", script, "sh", kit_path("%s/bin/belay", getenv("BELAY_BUILD_DIR")),
                                       test_plugin("faulty"), folder, pids, NULL);
    unsetenv("TMPDIR");
    assert_int_equal(atoi(status), 128 + 15);
    assert_string_equal(kit_output_of("sh", "-c", "ls -A \"$1\" | grep belay-check || true", "sh", temporary, NULL),
                        "");
    /* What waits to be reaped has ended: the first process of a container may never do so. */
    const char *left = "alive() { grep -qs '^State:[[:space:]]*[^ZX[:space:]]' /proc/$1/status; }; "
                       "for p in $(cat \"$1\"); do for i in 1 2 3 4 5 6 7 8 9; do alive $p && sleep 0.2; done; "
                       "alive $p && echo $p; done; :";
    assert_string_equal(kit_output_of("sh", "-c", left, "sh", pids, NULL), "");
}

static void a_foreign_program_that_changes_nothing_proves_nothing(void **state)
{
    (void)state;
    outcome o = prove("good", "D5", "foreign = ( [\"true\"] );");
    assert_holds(o.out, "not proved: the case's 'foreign' changes nothing");
    assert_int_equal(o.status, 3);
}

static void an_empty_list_of_a_case_is_empty(void **state)
{
    (void)state;
    const char *folder = make_case("needs_no_words", "");
    assert_holds(belay("plugin", "check", test_plugin("faulty"), "--only", "D2", "--case", folder, NULL).out,
                 "not proved: verify of the case returned -4");
    kit_write(kit_path("%s/case.cfg", folder),
              "kind = \"needs_no_words\";\noptions = { file = \"${world}/file\"; words = []; };\n");
    assert_holds(belay("plugin", "check", test_plugin("faulty"), "--only", "D2", "--case", folder, NULL).out,
                 "D2   prepare and verify change nothing              proved");
}

static void nothing_is_left_behind(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    setenv("TMPDIR", folder, 1);
    (void)prove("leaves_process", "T2", "");
    unsetenv("TMPDIR");
    assert_string_equal(kit_output_of("ls", "-A", folder, NULL), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_plugin_passes_all_that_its_case_tells),
        cmocka_unit_test(what_nobody_tried_is_not_proved),
        cmocka_unit_test(unusable_plugins_are_refused_with_the_reason),
        cmocka_unit_test(a_constructor_that_acts_is_found),
        cmocka_unit_test(what_needs_more_than_every_host_has_is_found),
        cmocka_unit_test(phases_that_only_look_are_held_to_it),
        cmocka_unit_test(acting_before_remembering_is_found_and_shown),
        cmocka_unit_test(a_trial_is_replayed_by_its_number),
        cmocka_unit_test(a_save_that_is_overwritten_by_a_retry_is_found),
        cmocka_unit_test(rollbacks_that_are_not_idempotent_or_overwrite_are_found),
        cmocka_unit_test(a_rollback_that_a_second_kill_breaks_is_found),
        cmocka_unit_test(going_on_after_a_refusal_is_found),
        cmocka_unit_test(processes_descriptors_and_deafness_are_found),
        cmocka_unit_test(secrets_that_get_out_are_found),
        cmocka_unit_test(a_value_that_crashes_it_is_found),
        cmocka_unit_test(an_option_that_is_known_later_must_not_crash_it),
        cmocka_unit_test(values_that_no_phase_was_given_prove_nothing),
        cmocka_unit_test(a_wrong_case_says_where),
        cmocka_unit_test(what_lies_elsewhere_counts_as_the_case_observes_it),
        cmocka_unit_test(a_case_brings_its_server_and_takes_it_along),
        cmocka_unit_test(fewer_kills_are_a_sample_that_says_so),
        cmocka_unit_test(the_smallest_sample_is_still_one),
        cmocka_unit_test(reports_for_machines_say_the_same),
        cmocka_unit_test(reports_for_machines_are_text_whatever_a_name_holds),
        cmocka_unit_test(where_nobody_may_trace_that_is_said_at_once),
        cmocka_unit_test(a_signal_takes_all_that_was_begun_along),
        cmocka_unit_test(a_foreign_program_that_changes_nothing_proves_nothing),
        cmocka_unit_test(an_empty_list_of_a_case_is_empty),
        cmocka_unit_test(nothing_is_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
