/* Thresholds that compare with what the last committed run measured. */
#include "kit.h"
#include "run.h"

/* A run whose step counts so many passed tests. */
static outcome run_with(int passed)
{
    const char *path = kit_path("%s/baseline.cfg", kit_folder());
    kit_write(path, kit_path("pipeline: { name = \"app\"; environment = \"baseline\"; version = \"v2\"; };\n"
                             "stages: ( { name = \"all\"; steps: (\n"
                             "  { id = \"tests\"; use = \"shell.check\"; argv = [\"echo\", \"%d passed, 0 failed\"]; "
                             "report = \"counts\";\n"
                             "    fail_if = [\"passed < 0.9 * baseline\"]; } ); } );\n",
                             passed));
    return belay("run", path, NULL);
}

static void compares_with_the_last_committed_run(void **state)
{
    (void)state;
    outcome o = run_with(10);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "no committed run has measured passed yet; this one is the first");
    o = run_with(9);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "bad if < 0.9 * baseline, where that was 10");
    assert_holds_not(o.out, "this one is the first");
    o = run_with(8);
    assert_int_equal(o.status, 2);
    assert_holds(o.out, "passed is 8 (< 0.9 * baseline, where that was 9)");
    assert_int_equal(run_with(9).status, 0); /* what was not committed is no baseline */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(compares_with_the_last_committed_run)};
    return cmocka_run_group_tests_name("baseline", tests, NULL, NULL);
}
