/* The plugin postgres keeps every promise that a case can tell, on a server of the test's own. */
#include <stdlib.h>

#include "cases.h"
#include "kit.h"

static void postgres_keeps_its_promises(void **state)
{
    (void)state;
    setenv("BELAY_CASE_POSTGRES", kit_postgres_url(), 1);
    cases_check("postgres", 40, (const unproved[]){{0}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(postgres_keeps_its_promises),
    };
    return cmocka_run_group_tests_name("the cases of postgres", tests, NULL, NULL);
}
