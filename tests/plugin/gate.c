/* The gate's plugin alone: what it makes of the facts that it is given. */
#include <string.h>

#include "kit.h"

static kit_step *gate(const char *waited)
{
    kit_step *s = kit_step_new("gate.approval");
    kit_set_list(s, "roles", "lead", NULL);
    kit_set(s, "expires", "72h");
    kit_fact(s, "run.id", "20261123-184512-k7f2");
    kit_fact(s, "step.started_at", "1000000000.000"); /* the wall clock has stepped since */
    kit_fact(s, "step.waited", waited);
    return s;
}

static void only_the_time_that_was_waited_closes_it(void **state)
{
    (void)state;
    kit_step *s = gate("2.000");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    kit_step_free(s);
    s = gate("259201.000");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "nobody decided in time"));
    kit_step_free(s);
}

static void a_decision_of_which_belay_does_not_say_that_it_counts_does_not(void **state)
{
    (void)state;
    kit_step *s = gate("2.000");
    kit_fact(s, "step.approvals",
             "[{\"role\":\"lead\",\"decision\":\"approve\",\"reason\":\"\",\"user\":\"eve\",\"at\":1}]");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    kit_fact(s, "step.approvals",
             "[{\"role\":\"lead\",\"decision\":\"approve\",\"reason\":\"\",\"person\":\"ada\",\"counts\":true,"
             "\"signed\":true,\"at\":1}]");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_time_that_was_waited_closes_it),
        cmocka_unit_test(a_decision_of_which_belay_does_not_say_that_it_counts_does_not),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
