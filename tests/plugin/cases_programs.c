/* The plugins that need no server keep every promise that a case can tell, killed at a sample of their system calls. */
#include "cases.h"
#include "kit.h"

static void the_host_plugin_keeps_its_promises(void **state)
{
    (void)state;
    /* Another case of the same kind gives the secret, and no file. */
    cases_check("host", 0, (const unproved[]){{"X1", "host.env", "the case gives no secret"}, {0}});
}

static void git_keeps_its_promises(void **state)
{
    (void)state;
    cases_check("git", 60, (const unproved[]){{0}});
}

static void shell_keeps_its_promises(void **state)
{
    (void)state;
    cases_check("shell", 60, (const unproved[]){{0}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_plugin_keeps_its_promises),
        cmocka_unit_test(git_keeps_its_promises),
        cmocka_unit_test(shell_keeps_its_promises),
    };
    return cmocka_run_group_tests_name("the cases of plugins without servers", tests, NULL, NULL);
}
