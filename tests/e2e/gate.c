/* Gates: what a decision is bound to, who may make it, and what comes of it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

/* A run that changes something and then comes to a gate with these options, and to a second one. */
static const char *gated(const char *environment, const char *options)
{
    const char *path = kit_path("%s/%s.cfg", kit_folder(), environment);
    kit_write(path,
              kit_path("pipeline: { name = \"app\"; environment = \"%s\"; version = \"v2\"; previous = \"v1\"; };\n"
                       "checklist: { title = \"App\"; sections: ( { name = \"After\"; boxes: (\n"
                       "  { id = \"S\"; text = \"It is signed off\"; } ); } ); };\n"
                       "stages: ( { name = \"all\"; steps: (\n"
                       "  { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; },\n"
                       "  { id = \"sign-off\"; use = \"gate.approval\"; covers = [\"S\"]; interval = \"100ms\"; %s },\n"
                       "  { id = \"second\"; use = \"gate.approval\"; roles = [\"boss\"]; when = \"%s\"; } ); } );\n",
                       environment, options, strcmp(environment, "two") == 0 ? "yes" : "no"));
    return path;
}

static outcome start(const char *environment, const char *options)
{
    outcome o = belay("run", gated(environment, options), "--no-wait", NULL);
    assert_int_equal(o.status, 3);
    return o;
}

static outcome resume(int status)
{
    outcome o = belay("resume", "--no-wait", NULL);
    if (o.status != status)
        fail_msg("resume gave %d, expected %d:\n%s%s", o.status, status, o.out, o.err);
    return o;
}

static void approve(const char *gate, const char *role)
{
    assert_int_equal(belay("approve", "latest", gate, "--role", role, NULL).status, 0);
}

/* Such a decision is not recorded: it would not count. */
static void refuse(const char *gate, const char *role, const char *why)
{
    outcome o = belay("approve", "latest", gate, "--role", role, NULL);
    if (o.status != 1)
        fail_msg("approve gave %d, expected 1:\n%s%s", o.status, o.out, o.err);
    assert_holds(o.err, "so it was not recorded");
    assert_holds(o.err, why);
}

static void a_run_waits_until_every_role_has_approved(void **state)
{
    (void)state;
    outcome o = start("all", "roles = [\"tech-lead\", \"qa-lead\"]; distinct = false;");
    assert_holds(o.out, "step 'sign-off' waits: for tech-lead, qa-lead");
    assert_holds(belay("status", NULL).out, "waits: for tech-lead");
    approve("sign-off", "tech-lead");
    o = resume(3);
    assert_holds(o.out, "waits: for qa-lead");
    approve("sign-off", "qa-lead");
    o = resume(0);
    assert_holds(belay("logs", "latest", "sign-off", NULL).out, "decisions.txt");
}

/* A gate says in the plan whom it waits for: that is no change. */
static void a_plan_does_not_count_gates_as_changes(void **state)
{
    (void)state;
    outcome o = belay("plan", gated("counted", "roles = [\"tech-lead\"];"), NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "tech-lead");
    assert_holds(o.out, "3 steps: 1 changes something, 2 only check.");
}

static void one_no_takes_the_run_back(void **state)
{
    (void)state;
    start("no", "roles = [\"qa-lead\", \"boss\"];");
    assert_int_equal(
        belay("reject", "latest", "sign-off", "--role", "qa-lead", "--reason", "costs are wrong", NULL).status, 0);
    assert_holds(resume(10).out, "rejected by ");
    assert_holds(belay("history", NULL).out, "costs are wrong");
    outcome o = belay("approve", "latest", "sign-off", "--role", "boss", NULL);
    assert_int_equal(o.status, 2);
    assert_holds(o.err, "has ended: it is rolled back");
}

static void unknown_gates_and_roles_are_named(void **state)
{
    (void)state;
    start("names", "roles = [\"qa-lead=alice\"];");
    outcome o = belay("approve", "latest", "sign-of", "--role", "qa-lead", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "has no gate 'sign-of'");
    assert_holds(o.err, "its gates: sign-off");
    o = belay("approve", "latest", "sign-off", "--role", "qa", NULL);
    assert_holds(o.err, "its roles: qa-lead");
    assert_holds(belay("approve", "latest", "sign-off", NULL).err, "--role is missing");
    assert_int_equal(belay("rollback", "latest", NULL).status, 10);
}

static void who_has_no_such_role_does_not_count(void **state)
{
    (void)state;
    start("who", "roles = [\"qa-lead=nobody-here\"];");
    refuse("sign-off", "qa-lead", "that person does not have this role");
    assert_holds(resume(3).out, "waits: for qa-lead");
    assert_int_equal(belay("rollback", "latest", NULL).status, 10);
    start("own", "roles = [\"qa-lead\"]; own_run = false;");
    refuse("sign-off", "qa-lead", "nobody approves a run of their own");
    assert_holds(resume(3).out, "waits: for qa-lead");
    assert_int_equal(belay("rollback", "latest", NULL).status, 10);
    start("distinct", "roles = [\"qa-lead\", \"boss\"];");
    approve("sign-off", "qa-lead");
    refuse("sign-off", "boss", "one person cannot speak for two roles");
    assert_holds(resume(3).out, "waits: for boss");
    assert_int_equal(belay("rollback", "latest", NULL).status, 10);
}

static void what_is_found_later_voids_an_approval(void **state)
{
    (void)state;
    start("two", "roles = [\"qa-lead\"];");
    approve("second", "boss"); /* before the first gate has passed */
    approve("sign-off", "qa-lead");
    assert_holds(resume(3).out, "the run has found something new since");
    approve("second", "boss");
    (void)resume(0);
}

static void nobody_decides_in_time(void **state)
{
    (void)state;
    outcome o = belay("run", gated("late", "roles = [\"qa-lead\"]; expires = \"1s\";"), NULL);
    assert_int_equal(o.status, 10);
    assert_holds(o.out, "nobody decided in time: qa-lead");
}

/* Waits until the gate was asked, sets the clock four days ahead, and approves once it was asked again. */
static _Noreturn void step_the_clock(const char *ahead)
{
    static const char asked[] = "SELECT count(*) FROM phases WHERE verdict = 'not yet'";
    const char *store = kit_path("%s/belay.db", belay_state());
    const int before = atoi(kit_output_of("sqlite3", store, asked, NULL));
    while (atoi(kit_output_of("sqlite3", store, asked, NULL)) == before)
        usleep(50000);
    kit_write(ahead, "");
    const int then = atoi(kit_output_of("sqlite3", store, asked, NULL));
    for (int i = 0; i < 100 && atoi(kit_output_of("sqlite3", store, asked, NULL)) < then + 3; i++)
        usleep(50000);
    _exit(belay("approve", "latest", "sign-off", "--role", "qa-lead", NULL).status);
}

static void a_clock_that_steps_ahead_closes_no_gate(void **state)
{
    (void)state;
    if (kit_status_of("which", "sqlite3", NULL) != 0)
        skip();
    const char *ahead = kit_path("%s/ahead", kit_folder()), *pipeline = gated("ahead", "roles = [\"qa-lead\"];");
    const pid_t other = fork();
    if (other == 0)
        step_the_clock(ahead);
    setenv("BELAY_CLOCK_BACK", ahead, 1);
    setenv("BELAY_CLOCK_BACK_BY", "-345600", 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    setenv("LD_PRELOAD", kit_path("%s/tests/preload/clock_back.so", getenv("BELAY_BUILD_DIR")), 1);
    outcome o = belay("run", pipeline, NULL);
    unsetenv("LD_PRELOAD");
    int status = -1;
    (void)waitpid(other, &status, 0);
    if (o.status != 0 || status != 0)
        fail_msg("run gave %d, approve %d:\n%s%s", o.status, status, o.out, o.err);
}

/* The command that a waiting gate prints is copied as it is. */
static void the_command_that_a_gate_prints_works(void **state)
{
    (void)state;
    outcome o = start("hint", "roles = [\"qa-lead\"]; require_reason = true;");
    char *command = strdup(kit_output_of("sqlite3", kit_path("%s/belay.db", belay_state()),
                                         "SELECT hint FROM phases WHERE hint <> '' AND run = (SELECT id FROM "
                                         "runs ORDER BY seq DESC LIMIT 1)",
                                         NULL));
    command[strcspn(command, "\n")] = '\0';
    assert_holds(command, " sign-off --role qa-lead --reason WHY");
    o.out = kit_output_of("sh", "-c", kit_path("%s/bin/%s", getenv("BELAY_BUILD_DIR"), command), NULL);
    assert_holds(o.out, "approved as qa-lead");
    free(command);
    (void)resume(0);
    o = belay("try", "gate.approval", "--set", "roles=lead", "--set", "ready=1s", NULL);
    assert_holds_not(o.out, "(null)");
    assert_holds_not(o.err, "(null)");
}

/* ---- decisions by evidence --------------------------------------------------------------------------------------- */

/* Two boxes, of which the second may stay open, a step that measures 3 tests, and a decision with these options. */
static const char *deciding(const char *environment, const char *second, const char *options)
{
    const char *path = kit_path("%s/%s.cfg", kit_folder(), environment);
    kit_write(
        path,
        kit_path(
            "pipeline: { name = \"app\"; environment = \"%s\"; version = \"v2\"; previous = \"v1\"; };\n"
            "checklist: { title = \"App\"; sections: ( { name = \"All\"; boxes: (\n"
            "  { id = \"1\"; text = \"Tests\"; }, { id = \"2\"; text = \"More\"; }, { id = \"G\"; text = \"GO\"; } "
            "); } ); };\n"
            "stages: ( { name = \"all\"; steps: (\n"
            "  { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; },\n"
            "  { id = \"tests\"; use = \"shell.check\"; covers = [\"1\"]; report = \"counts\"; argv = [\"echo\", \"3 "
            "passed\"]; },\n"
            "  { id = \"more\"; use = \"shell.check\"; covers = [\"2\"]; %s },\n"
            "  { id = \"go\"; use = \"gate.decision\"; covers = [\"G\"]; interval = \"100ms\"; %s } ); } );\n",
            environment, second, options));
    return path;
}

#define HOLDS   "argv = [\"true\"];"
#define SKIPPED "argv = [\"true\"]; when = \"no\";"
#define WARNS   "argv = [\"false\"]; on_failure = \"warn\";"

static outcome decide(const char *environment, const char *second, const char *options, int status)
{
    outcome o = belay("run", deciding(environment, second, options), "--no-wait", NULL);
    if (o.status != status)
        fail_msg("run gave %d, expected %d:\n%s%s", o.status, status, o.out, o.err);
    return o;
}

static void evidence_that_is_whole_is_a_go(void **state)
{
    (void)state;
    decide("go", HOLDS,
           "boxes = [\"1\", \"2\"]; steps = [\"tests\"]; no_go_if = [\"tests.tests < 3\", \"tests.failed > 0\"];", 0);
    assert_holds(
        belay("checklist", NULL).out,
        "GO: all that was asked for holds; boxes 1, 2; steps tests; never tests.tests \\< 3, tests.failed \\> 0");
    assert_holds(belay("checklist", "--format", "html", NULL).out,
                 "<p class=said>GO: all that was asked for holds; boxes 1, 2");
}

static void whatever_lacks_is_a_no_go_that_takes_the_run_back(void **state)
{
    (void)state;
    outcome o = decide("lacks", SKIPPED, "boxes = [\"1\", \"2\"];", 10);
    assert_holds(o.out, "NO-GO: box 2 is open (more: it was skipped)");
    o = decide("warned", WARNS, "steps = [\"tests\", \"more\"];", 10);
    assert_holds(o.out, "NO-GO: step more is warned");
    o = decide("limit", HOLDS, "no_go_if = [\"tests.tests >= 3\", \"tests.p95 > 500ms\"];", 10);
    assert_holds(o.out, "NO-GO: tests.tests is 3  (>= 3); tests.p95 was not measured");
}

/* Thresholds of a gate are those of fail_if. */
static void limits_know_what_fail_if_knows(void **state)
{
    (void)state;
    static const struct {
        const char *limit, *said;
    } cases[] = {
        {"tests.tests == 3", "NO-GO: tests.tests is 3"},
        {"tests.tests != 3", NULL},
        {"tests.tests outside 1..5", NULL},
        {"tests.tests outside 4..5", "NO-GO: tests.tests is 3"},
        {"tests.time > 2d", "tests.time was not measured"}, /* so the unit was understood */
        {"tests.size > 1TB", "tests.size was not measured"},
        {"tests.size > 1.5TiB/h", "tests.size was not measured"},
        {"tests.tests > 2d", "is not in the unit of what was measured"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        outcome o = decide(kit_path("limit%zu", i), HOLDS, kit_path("no_go_if = [\"%s\"];", cases[i].limit),
                           cases[i].said ? 10 : 0);
        if (cases[i].said)
            assert_holds(o.out, cases[i].said);
    }
}

static void only_a_named_role_with_a_reason_overrules(void **state)
{
    (void)state;
    outcome o = decide("overrule", SKIPPED, "boxes = [\"2\"]; roles = [\"manager\"];", 3);
    assert_holds(o.out, "waits: for manager to overrule a NO-GO, with --reason: box 2 is open");
    approve("go", "manager");
    resume(3);
    assert_int_equal(belay("approve", "latest", "go", "--role", "boss", "--reason", "x", NULL).status, 1);
    assert_int_equal(
        belay("approve", "latest", "go", "--role", "manager", "--reason", "known, mended in v3", NULL).status, 0);
    resume(0);
    o = belay("checklist", NULL);
    assert_holds(o.out, "GO, though box 2 is open (more: it was skipped)");
    assert_holds(o.out, "manager: overruled by ");
    assert_holds(o.out, ": known, mended in v3");
}

static void a_person_may_say_no_to_a_go(void **state)
{
    (void)state;
    decide("no-to-go", SKIPPED, "boxes = [\"2\"]; roles = [\"manager\"];", 3);
    assert_int_equal(belay("reject", "latest", "go", "--role", "manager", "--reason", "not on a Friday", NULL).status,
                     0);
    assert_holds(resume(10).out, "NO-GO by ");
}

static void evidence_that_there_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *options, *problem;
    } cases[] = {
        {"boxes = [\"7.1\"];", "the pipeline has no box '7.1'"},
        {"steps = [\"test\"];", "the pipeline has no step 'test'"},
        {"no_go_if = [\"tests.p95 = 3\"];", "is no limit: it compares with none of"},
        {"no_go_if = [\"tests > 3\"];", "is no limit: it does not begin with STEP.METRIC"},
        {"no_go_if = [\"load.p95 > 3\"];", "the pipeline has no step 'load'"},
        {"", "a decision without evidence"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_holds(belay("run", deciding("refused", HOLDS, cases[i].options), NULL).out, cases[i].problem);
}

/* ---- signatures -------------------------------------------------------------------------------------------------- */

static const char *new_key(const char *name)
{
    const char *path = kit_path("%s/%s", kit_folder(), name);
    kit_output_of("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path, NULL);
    return path;
}

static outcome sign(const char *role, const char *key)
{
    return belay("approve", "latest", "sign-off", "--role", role, "--key", key, NULL);
}

/* The line of a list of signers for this key: "PRINCIPALS[ OPTIONS] KEY". */
static const char *line_of(const char *principals, const char *key)
{
    char *public_key = kit_read(kit_path("%s.pub", key));
    const char *line = kit_path("%s %s", principals, public_key);
    free(public_key);
    return line;
}

static const char *list_of(const char *lines)
{
    const char *allowed = kit_path("%s/allowed_signers", kit_folder());
    kit_write(allowed, lines);
    return allowed;
}

static void must_not_sign(const char *role, const char *key, const char *why)
{
    outcome o = sign(role, key);
    if (o.status != 1)
        fail_msg("approve gave %d, expected 1:\n%s%s", o.status, o.out, o.err);
    assert_holds(o.err, why);
}

static void only_signatures_of_allowed_keys_count(void **state)
{
    (void)state;
    if (kit_status_of("which", "ssh-keygen", NULL) != 0)
        skip();
    const char *alice = new_key("alice"), *mallory = new_key("mallory");
    const char *allowed = list_of(line_of("alice@example.org", alice));
    start("signed", kit_path("roles = [\"qa-lead=alice@example.org\"]; allowed_signers = \"%s\";", allowed));
    refuse("sign-off", "qa-lead", "it is not signed");
    must_not_sign("qa-lead", mallory, "its signature is of nobody in the list of signers");
    assert_int_equal(sign("qa-lead", kit_path("%s/no-such-key", kit_folder())).status, 1);
    assert_int_equal(sign("qa-lead", alice).status, 0);
    (void)resume(0);
    const char *found = kit_output_of("find", belay_state(), "-name", "decisions.txt", "-exec", "cat", "{}", "+", NULL);
    assert_holds(found, "qa-lead: approved by alice@example.org (signed) at ");
    /* What would not have counted was not recorded; the one that counted stands under the name of its key. */
    json_t *filled = json_loads(belay("checklist", "--format", "json", NULL).out, 0, NULL);
    const json_t *said = json_object_get(filled, "approvals");
    assert_int_equal(json_array_size(said), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(said, 0), "person")), "alice@example.org");
    json_decref(filled);
}

static void a_key_that_cannot_count_is_refused_with_the_reason(void **state)
{
    (void)state;
    if (kit_status_of("which", "ssh-keygen", NULL) != 0)
        skip();
    const char *key = new_key("key");
    const struct {
        const char *name, *principals, *why;
    } cases[] = {
        {"expired", "alice@x valid-before=\"20200101\"", "key has expired"},
        {"early", "alice@x valid-after=\"29990101\"", "key is not yet valid"},
        {"namespace", "alice@x namespaces=\"git\"", "not permitted for use in signature namespace"},
        {"other", "bob@x", "its key is of bob@x, who does not have this role"},
        {"negated", "*@x,!alice@x", "does not have this role"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *allowed = list_of(line_of(cases[i].principals, key));
        start(cases[i].name, kit_path("roles = [\"lead=alice@x\"]; allowed_signers = \"%s\";", allowed));
        must_not_sign("lead", key, cases[i].why);
        assert_int_equal(belay("rollback", "latest", NULL).status, 10);
    }
}

static void each_principal_of_a_line_is_the_person(void **state)
{
    (void)state;
    if (kit_status_of("which", "ssh-keygen", NULL) != 0)
        skip();
    static const char *const principals[] = {"lead@x,alice@x", "*@x", "*@x,!bob@x", "bob@y,*@x"};
    const char *key = new_key("key");
    for (size_t i = 0; i < sizeof principals / sizeof *principals; i++) {
        const char *allowed = list_of(line_of(principals[i], key));
        start(kit_path("p%zu", i), kit_path("roles = [\"lead=alice@x\"]; allowed_signers = \"%s\";", allowed));
        outcome o = sign("lead", key);
        if (o.status != 0)
            fail_msg("%s: %s", principals[i], o.err);
        assert_holds(resume(0).out, "is live on");
        assert_holds(belay("show", "latest", NULL).out, "approved by alice@x (signed)");
    }
}

/* One key that a pattern gives to two people is one person. */
static void a_key_speaks_for_one_role(void **state)
{
    (void)state;
    if (kit_status_of("which", "ssh-keygen", NULL) != 0)
        skip();
    const char *key = new_key("key"), *other = new_key("other");
    const char *allowed = list_of(kit_path("%s%s", line_of("*@x", key), line_of("bob@x", other)));
    start("shared", kit_path("roles = [\"lead=alice@x\", \"qa=bob@x\"]; allowed_signers = \"%s\";", allowed));
    assert_int_equal(sign("lead", key).status, 0);
    must_not_sign("qa", key, "one person cannot speak for two roles");
    assert_int_equal(sign("qa", other).status, 0);
    assert_holds(resume(0).out, "is live on");
}

/* Where root deploys and people sign, the key says who it was, not the user. */
static void a_run_of_ones_own_is_told_by_the_principal(void **state)
{
    (void)state;
    if (kit_status_of("which", "ssh-keygen", NULL) != 0)
        skip();
    const char *user = kit_output_of("id", "-un", NULL), *key = new_key("key");
    char *me = strdup(user);
    me[strcspn(me, "\n")] = '\0';
    const char *allowed = list_of(line_of(kit_path("alice@x,%s@x", me), key));
    start("mine", kit_path("roles = [\"lead=%s@x\"]; own_run = false; allowed_signers = \"%s\";", me, allowed));
    must_not_sign("lead", key, "nobody approves a run of their own");
    assert_int_equal(belay("rollback", "latest", NULL).status, 10);
    start("hers", kit_path("roles = [\"lead=alice@x\"]; own_run = false; allowed_signers = \"%s\";", allowed));
    assert_int_equal(sign("lead", key).status, 0);
    (void)resume(0);
    free(me);
}

static void the_newest_decision_of_a_signer_counts(void **state)
{
    (void)state;
    start("newest", "roles = [\"lead\"];");
    approve("sign-off", "lead");
    assert_int_equal(belay("reject", "latest", "sign-off", "--role", "lead", "--reason", "no", NULL).status, 0);
    assert_holds(resume(10).out, "rejected by ");
    start("newest2", "roles = [\"lead\"];");
    assert_int_equal(belay("reject", "latest", "sign-off", "--role", "lead", "--reason", "no", NULL).status, 0);
    approve("sign-off", "lead");
    (void)resume(0);
}

static void a_list_of_signers_that_changed_voids_a_decision(void **state)
{
    (void)state;
    if (kit_status_of("which", "ssh-keygen", NULL) != 0)
        skip();
    const char *key = new_key("key"), *allowed = list_of(line_of("alice@x", key));
    start("list", kit_path("roles = [\"lead=alice@x\"]; allowed_signers = \"%s\";", allowed));
    assert_int_equal(sign("lead", key).status, 0);
    kit_write(allowed, kit_path("%s# a word\n", line_of("alice@x", key)));
    assert_holds(resume(3).out, "the roles or the list of signers have changed since");
    assert_int_equal(sign("lead", key).status, 0);
    (void)resume(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_waits_until_every_role_has_approved),
        cmocka_unit_test(a_plan_does_not_count_gates_as_changes),
        cmocka_unit_test(one_no_takes_the_run_back),
        cmocka_unit_test(unknown_gates_and_roles_are_named),
        cmocka_unit_test(who_has_no_such_role_does_not_count),
        cmocka_unit_test(what_is_found_later_voids_an_approval),
        cmocka_unit_test(nobody_decides_in_time),
        cmocka_unit_test(a_clock_that_steps_ahead_closes_no_gate),
        cmocka_unit_test(the_command_that_a_gate_prints_works),
        cmocka_unit_test(evidence_that_is_whole_is_a_go),
        cmocka_unit_test(whatever_lacks_is_a_no_go_that_takes_the_run_back),
        cmocka_unit_test(limits_know_what_fail_if_knows),
        cmocka_unit_test(only_a_named_role_with_a_reason_overrules),
        cmocka_unit_test(a_person_may_say_no_to_a_go),
        cmocka_unit_test(evidence_that_there_cannot_be_is_refused),
        cmocka_unit_test(only_signatures_of_allowed_keys_count),
        cmocka_unit_test(a_key_that_cannot_count_is_refused_with_the_reason),
        cmocka_unit_test(each_principal_of_a_line_is_the_person),
        cmocka_unit_test(a_key_speaks_for_one_role),
        cmocka_unit_test(a_run_of_ones_own_is_told_by_the_principal),
        cmocka_unit_test(the_newest_decision_of_a_signer_counts),
        cmocka_unit_test(a_list_of_signers_that_changed_voids_a_decision),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
