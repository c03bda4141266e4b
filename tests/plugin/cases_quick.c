/* A plugin whose proofs take no time keeps every promise that a case can tell. */
#include "cases.h"
#include "kit.h"

static void the_gate_keeps_its_promises(void **state)
{
    (void)state;
    cases_check("gate", 0, (const unproved[]){{0}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gate_keeps_its_promises),
    };
    return cmocka_run_group_tests_name("the cases of the gate", tests, NULL, NULL);
}
