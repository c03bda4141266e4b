/* The plugins that ask web servers and Redis keep every promise that a case can tell; each case starts its server. */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "kit.h"

static void http_keeps_its_promises(void **state)
{
    (void)state;
    /* They take a secret only for servers that ask for a password; these do not. */
    cases_check("http", 0, (const unproved[]){{0}});
}

static void redis_keeps_its_promises(void **state)
{
    (void)state;
    cases_check("redis", 0, (const unproved[]){{0}});
}

static void grafana_keeps_its_promises(void **state)
{
    (void)state;
    cases_check("grafana", 60, (const unproved[]){{0}});
}

int main(void)
{
    if (kit_status_of("sh", "-c", "command -v redis-server && command -v prometheus && command -v python3", NULL) !=
        0) {
        puts("skipped: redis-server, prometheus or python3 is not installed");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_keeps_its_promises),
        cmocka_unit_test(redis_keeps_its_promises),
        cmocka_unit_test(grafana_keeps_its_promises),
    };
    return cmocka_run_group_tests_name("the cases of plugins that ask servers", tests, NULL, NULL);
}
