/* The plugin postgres keeps every promise that a case can tell, on a server of the test's own. */
#include <stdlib.h>

#include "cases.h"
#include "kit.h"

/* What a case cannot tell, and why. */
static const unproved list[] = {
    /* A proved dump stays when the run is taken back, and a trial works on a copy that it drops: nothing is to be
       restored. */
    {"D4", "postgres.backup", "execute changes nothing in world/"},
    {"C1", "postgres.backup", "execute changes nothing in world/"},
    {"C3", "postgres.backup", "execute changes nothing in world/"},
    {"D4", "postgres.trial", "execute changes nothing in world/"},
    {"C1", "postgres.trial", "execute changes nothing in world/"},
    {"C3", "postgres.trial", "execute changes nothing in world/"},
    /* Whose change is whose cannot be told from the content of a database: rollback puts back all of it, and says what
     * was written since. */
    {"D5", "postgres.backup", "the case has no 'foreign'"},
    {"D5", "postgres.trial", "the case has no 'foreign'"},
    {"D5", "postgres.migrate", "the case has no 'foreign'"},
    {"D5", "postgres.snapshot", "the case has no 'foreign'"},
    {"D5", "postgres.restore", "the case has no 'foreign'"},
    {0},
};

static void postgres_keeps_its_promises(void **state)
{
    (void)state;
    setenv("BELAY_CASE_POSTGRES", kit_postgres_url(), 1);
    cases_check("postgres", 12, list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(postgres_keeps_its_promises),
    };
    return cmocka_run_group_tests_name("the cases of postgres", tests, NULL, NULL);
}
