/* belay resume --due: what a timer calls goes on with a run that waits, when it may, and touches nothing else. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

/* A run in an environment of its own, left at this step. */
static void leave(const char *environment, const char *step)
{
    const char *path = kit_path("%s/%s.cfg", kit_folder(), environment);
    kit_write(path, kit_path("pipeline: { name = \"app\"; environment = \"%s\"; version = \"v2\"; };\n"
                             "stages: ( { name = \"all\"; steps: (\n"
                             "  { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; },\n"
                             "  { id = \"step\"; %s } ); } );\n",
                             environment, step));
    outcome o = belay("run", path, "--no-wait", NULL);
    if (o.status != 3)
        fail_msg("run gave %d:\n%s%s", o.status, o.out, o.err);
}

static outcome due(const char *environment)
{
    return belay("resume", "--due", "--environment", environment, "--plain", NULL);
}

static void nothing_is_done(const char *environment)
{
    const char *before = belay("show", "latest", "--format", "json", NULL).out;
    outcome o = due(environment);
    if (o.status != 0 || *o.out || *o.err)
        fail_msg("resume --due gave %d:\n%s%s", o.status, o.out, o.err);
    assert_string_equal(belay("show", "latest", "--format", "json", NULL).out, before);
}

static void a_gate_is_asked_again_once_somebody_has_decided(void **state)
{
    (void)state;
    leave("gate", "use = \"gate.approval\"; roles = [\"qa-lead\"];");
    nothing_is_done("gate");
    nothing_is_done("another-one");
    assert_int_equal(belay("approve", "latest", "step", "--role", "qa-lead", NULL).status, 0);
    assert_int_equal(due("gate").status, 0);
    assert_holds(belay("history", "--environment", "gate", NULL).out, "committed");
    nothing_is_done("gate");
}

static void a_decision_that_is_not_enough_leaves_it_waiting(void **state)
{
    (void)state;
    leave("two", "use = \"gate.approval\"; roles = [\"qa-lead\", \"boss\"]; distinct = false;");
    assert_int_equal(belay("approve", "latest", "step", "--role", "qa-lead", NULL).status, 0);
    assert_int_equal(due("two").status, 3);
    nothing_is_done("two");
    assert_int_equal(belay("reject", "latest", "step", "--role", "boss", NULL).status, 0);
    assert_int_equal(due("two").status, 10);
}

static void a_soak_goes_on_when_its_next_sample_is_due(void **state)
{
    (void)state;
    leave("soak", "use = \"shell.check\"; argv = [\"true\"]; soak = \"3s\"; interval = \"3s\";");
    nothing_is_done("soak");
    sleep(4);
    assert_int_equal(due("soak").status, 0);
    assert_holds(belay("history", "--environment", "soak", NULL).out, "committed");
}

static void what_a_person_has_to_mend_is_left_alone(void **state)
{
    (void)state;
    leave("mend", "use = \"shell.check\"; argv = [\"false\"]; on_failure = \"pause\";");
    nothing_is_done("mend");
}

static void it_takes_an_environment_and_no_run(void **state)
{
    (void)state;
    outcome o = belay("resume", "--due", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "--due takes an environment, and no run");
    o = belay("resume", "latest", "--due", "--environment", "gate", NULL);
    assert_int_equal(o.status, 1);
    o = belay("resume", "--environment", "gate", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "--environment goes with --due only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gate_is_asked_again_once_somebody_has_decided),
        cmocka_unit_test(a_decision_that_is_not_enough_leaves_it_waiting),
        cmocka_unit_test(a_soak_goes_on_when_its_next_sample_is_due),
        cmocka_unit_test(what_a_person_has_to_mend_is_left_alone),
        cmocka_unit_test(it_takes_an_environment_and_no_run),
    };
    return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
