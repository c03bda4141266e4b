/* requires: production deploys only what was signed off on staging, as the store knows it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

static const char *repo(void)
{
    static const char *path;
    if (!path)
        path = kit_path("%s/repo", kit_folder());
    return path;
}

static void git(const char *verb, const char *a, const char *b)
{
    kit_output_of("git", "-C", repo(), "-c", "user.name=t", "-c", "user.email=t@example.org", verb, a, b, NULL);
}

static int make_repo(void **state)
{
    (void)state;
    if (kit_status_of("which", "git", NULL) != 0)
        _exit(77);
    (void)belay_state();
    kit_output_of("git", "init", "-q", "-b", "main", repo(), NULL);
    git("commit", "--allow-empty", "-qmone");
    git("tag", "v1", "HEAD");
    git("commit", "--allow-empty", "-qmtwo");
    git("tag", "v2", "HEAD");
    return 0;
}

/* A pipeline named after the test, so that tests do not see each other's runs. */
static const char *pipeline(const char *name, const char *environment, const char *requires, const char *steps)
{
    const char *path = kit_path("%s/%s-%s.cfg", kit_folder(), name, environment);
    kit_write(
        path,
        kit_path("pipeline: { name = \"%s\"; environment = \"%s\"; version = \"v2\"; protected = \"false\"; };\n"
                 "vars: { gate = \"yes\"; ref = \"v2\"; };\n%s\n"
                 "stages: ( { name = \"all\"; steps: ( %s\n"
                 "  { id = \"checkout\"; use = \"git.checkout\"; repo = \"%s\"; ref = \"${vars.ref}\"; },\n"
                 "  { id = \"sign-off\"; use = \"gate.approval\"; when = \"${vars.gate}\"; roles = [\"boss\"]; }\n"
                 "); } );\n",
                 name, environment, requires, steps, repo()));
    return path;
}

static const char *staging(const char *name)
{
    return pipeline(name, "staging", "", "");
}

static const char *production(const char *name, const char *within)
{
    return pipeline(name, "production",
                    kit_path("requires: { environment = \"staging\"; signed_off_within = \"%s\"; };", within), "");
}

static void expect(outcome o, int status)
{
    if (o.status != status)
        fail_msg("status %d, expected %d:\n%s%s", o.status, status, o.out, o.err);
}

/* Deploys to staging up to its gate, and through it. */
static void sign_off(const char *name)
{
    expect(belay("run", staging(name), "--no-wait", NULL), 3);
    expect(belay("approve", "latest", "sign-off", "--role", "boss", NULL), 0);
    expect(belay("resume", "--no-wait", NULL), 0);
}

static outcome deploy(const char *name)
{
    return belay("run", production(name, "48h"), "--no-wait", NULL);
}

static void refused(outcome o, const char *why)
{
    expect(o, 2);
    assert_holds(o.err, "production requires that v2 was signed off on staging");
    assert_holds(o.err, why);
}

static void what_was_signed_off_is_deployed_and_asks_its_own_gate(void **state)
{
    (void)state;
    sign_off("good");
    outcome o = deploy("good");
    expect(o, 3);
    assert_holds(o.out, "v2 was signed off on staging by run ");
    assert_holds(o.out, "step 'sign-off' waits");
    expect(belay("approve", "latest", "sign-off", "--role", "boss", NULL), 0);
    expect(belay("resume", "--no-wait", NULL), 0);
}

static void what_staging_never_saw_is_refused(void **state)
{
    (void)state;
    refused(deploy("never"), "no run of never v2 on staging is recorded here");
    assert_int_equal(belay("show", "latest", NULL).status, 0);
    assert_holds_not(belay("show", "latest", NULL).out, "never"); /* no run was made */
    assert_holds_not(belay("history", NULL).out, "never");
}

static void another_version_on_staging_is_named(void **state)
{
    (void)state;
    expect(belay("run", staging("older"), "--set", "vars.gate=no", "--set", "pipeline.version=v1", NULL), 0);
    refused(deploy("older"), "the newest one there is of v1");
}

static void a_run_that_still_waits_is_not_signed_off(void **state)
{
    (void)state;
    expect(belay("run", staging("waits"), "--no-wait", NULL), 3);
    refused(deploy("waits"), "has not ended: it is paused");
    expect(belay("rollback", "latest", NULL), 10);
    refused(deploy("waits"), "is rolled back");
}

static void a_deploy_that_was_taken_back_since_is_refused(void **state)
{
    (void)state;
    sign_off("back");
    expect(belay("rollback", "latest", NULL), 10);
    refused(deploy("back"), "is rolled back");
}

static void a_gate_that_was_left_out_signs_nothing(void **state)
{
    (void)state;
    expect(belay("run", staging("skipped"), "--set", "vars.gate=no", NULL), 0);
    refused(deploy("skipped"), "was not signed off: gate 'sign-off' did not pass");
}

static void a_pipeline_without_gates_signs_nothing(void **state)
{
    (void)state;
    const char *path = kit_path("%s/gateless.cfg", kit_folder());
    kit_write(path, kit_path("pipeline: { name = \"gateless\"; environment = \"staging\"; version = \"v2\"; };\n"
                             "stages: ( { name = \"all\"; steps: (\n"
                             "  { id = \"checkout\"; use = \"git.checkout\"; repo = \"%s\"; ref = \"v2\"; } ); } );\n",
                             repo()));
    expect(belay("run", path, NULL), 0);
    refused(deploy("gateless"), "was not signed off: it had no gate");
}

static void a_sign_off_grows_old(void **state)
{
    (void)state;
    sign_off("old");
    sleep(2);
    refused(belay("run", production("old", "1s"), NULL), "ago; the pipeline allows 1.0 s");
}

static void another_commit_of_the_same_name_touches_nothing(void **state)
{
    (void)state;
    sign_off("moved");
    outcome o = belay("run", production("moved", "48h"), "--set", "vars.ref=v1", "--no-wait", NULL);
    expect(o, 2);
    assert_holds(o.out, "deployed the commit ");
    assert_holds(o.out, "what was signed off is another commit under the name v2");
}

static void a_tag_that_moves_after_the_checks_is_taken_back(void **state)
{
    (void)state;
    sign_off("late");
    const char *steps =
        kit_path("{ id = \"move\"; use = \"shell.run\"; argv = [\"git\", \"-C\", \"%s\", \"tag\", \"-f\","
                 " \"v2\", \"v1\"]; undo = [\"true\"]; },",
                 repo());
    outcome o = belay(
        "run",
        pipeline("late", "production", "requires: { environment = \"staging\"; signed_off_within = \"48h\"; };", steps),
        "--no-wait", NULL);
    git("tag", "-f", "v2");
    expect(o, 10);
    assert_holds(o.out, "another commit under the name v2");
}

static void what_cannot_be_held_is_found_by_validate(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"requires = 3;", "'requires' is a number; it must be a group"},
        {"requires: { environment = \"staging\"; };", "'requires' lacks 'signed_off_within'"},
        {"requires: { enviroment = \"staging\"; signed_off_within = \"1h\"; };", "did you mean 'environment'"},
        {"requires: { environment = \"production\"; signed_off_within = \"1h\"; };", "which this pipeline deploys to"},
        {"requires: { environment = \"Prod\"; signed_off_within = 5; };", "requires.environment cannot be 'Prod'"},
        {"requires: { environment = \"staging\"; signed_off_within = 5; };", "'signed_off_within' lacks its unit"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        outcome o = belay("validate", pipeline("wrong", "production", wrong[i][0], ""), NULL);
        expect(o, 1);
        assert_holds(o.err, wrong[i][1]);
    }
    const char *path = kit_path("%s/commitless.cfg", kit_folder());
    kit_write(
        path,
        "pipeline: { name = \"x\"; environment = \"production\"; version = \"v2\"; protected = \"false\"; };\n"
        "requires: { environment = \"staging\"; signed_off_within = \"1h\"; };\n"
        "stages: ( { name = \"all\"; steps: ( { id = \"a\"; use = \"shell.check\"; argv = [\"true\"]; } ); } );\n");
    assert_holds(belay("validate", path, NULL).err, "no step resolves the commit that is deployed");
}

static void the_pipeline_of_production_asks_for_staging_and_for_people(void **state)
{
    (void)state;
    const char *path = kit_path("%s/conf/production.cfg", getenv("BELAY_SOURCE_DIR"));
    outcome o = belay("run", path, "--set", "pipeline.protected=false", "--set", "vars.root=/nowhere", NULL);
    expect(o, 2);
    assert_holds(o.err, "production requires that v1.8.0 was signed off on staging: no run of temponest v1.8.0");
    char *text = kit_read(path);
    assert_holds(text, "signed_off_within = \"48h\"");
    assert_holds(text, "gate.approval");
    free(text);
}

/* That a gate passed is a row that whoever has the state folder can write. */
static void a_sign_off_without_its_decisions_signs_nothing(void **state)
{
    (void)state;
    if (kit_status_of("which", "sqlite3", NULL) != 0)
        skip();
    sign_off("forged");
    kit_output_of("sqlite3", kit_path("%s/belay.db", belay_state()),
                  "DELETE FROM approvals WHERE run = (SELECT id FROM runs ORDER BY seq DESC LIMIT 1)", NULL);
    outcome o = deploy("forged");
    expect(o, 2);
    assert_holds(o.err, "was changed: ");
    assert_holds(o.err, "gate 'sign-off' passed, but no decision that counts approves it as boss");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_off_is_deployed_and_asks_its_own_gate),
        cmocka_unit_test(what_staging_never_saw_is_refused),
        cmocka_unit_test(another_version_on_staging_is_named),
        cmocka_unit_test(a_run_that_still_waits_is_not_signed_off),
        cmocka_unit_test(a_deploy_that_was_taken_back_since_is_refused),
        cmocka_unit_test(a_gate_that_was_left_out_signs_nothing),
        cmocka_unit_test(a_pipeline_without_gates_signs_nothing),
        cmocka_unit_test(a_sign_off_grows_old),
        cmocka_unit_test(a_sign_off_without_its_decisions_signs_nothing),
        cmocka_unit_test(another_commit_of_the_same_name_touches_nothing),
        cmocka_unit_test(a_tag_that_moves_after_the_checks_is_taken_back),
        cmocka_unit_test(the_pipeline_of_production_asks_for_staging_and_for_people),
        cmocka_unit_test(what_cannot_be_held_is_found_by_validate),
    };
    return cmocka_run_group_tests_name("requires", tests, make_repo, NULL);
}
