/* Servers of the test's own, which end with it; where they are not installed the program is skipped. */
#include <string.h>

#include <belay/testkit.h>

static void postgres_answers(void **state)
{
    (void)state;
    const char *url = kit_postgres_database("postgres");
    assert_string_equal(kit_output_of("psql", "-X", "-At", "-c", "select 6 * 7", url, NULL), "42\n");
}

static void redis_answers(void **state)
{
    (void)state;
    /* redis-cli of that age takes no URL without a user. */
    const char *url = kit_path("redis://default%s", kit_redis_url() + strlen("redis://"));
    assert_string_equal(kit_output_of("redis-cli", "--no-auth-warning", "-u", url, "ping", NULL), "PONG\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(postgres_answers), cmocka_unit_test(redis_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
