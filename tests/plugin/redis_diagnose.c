/* redis.diagnose with real causes, on a real server. */
#include <string.h>

#include "collector.h"

static kit_step *step(const char *url)
{
    kit_step *s = kit_step_new("redis.diagnose");
    kit_set(s, "url", url);
    return s;
}

static void a_sound_server_gives_its_info_and_no_finding(void **state)
{
    (void)state;
    kit_step *s = step(kit_redis_url());
    assert_string_equal(collector_findings(s), "");
    collector_found(kit_artifact(s, "info.txt"), "keyspace_hits:");
    kit_step_free(s);
}

static void why_there_is_no_session_is_found(void **state)
{
    (void)state;
    const char *at = strchr(kit_redis_url(), '@');
    const int nobody = kit_free_port();
    const struct {
        const char *url, *says;
    } cases[] = {
        {kit_path("redis://:not-the-password%s", at), "Redis refused AUTH: WRONGPASS"},
        {kit_path("redis://%s", at + 1), "Redis refused SELECT: NOAUTH"},
        {kit_path("redis://127.0.0.1:%d/0", nobody),
         kit_path("no connection to Redis at 127.0.0.1:%d: Connection refused", nobody)},
        {"redis://no-such-host.invalid/0", "no connection to Redis at no-such-host.invalid:6379: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_step *s = step(cases[i].url);
        collector_found(collector_findings(s), "{\"weight\": 88, \"text\": \"");
        collector_found(kit_artifact(s, "findings.jsonl"), cases[i].says);
        assert_null(strstr(kit_artifact(s, "findings.jsonl"), "not-the-password"));
        kit_step_free(s);
    }
}

static void cli(const char *name, const char *value)
{
    const char *rest = strstr(kit_redis_url(), "://:"); /* redis-cli wants a user's name where there is a password */
    kit_output_of("redis-cli", "--no-auth-warning", "-u", kit_path("redis://default:%s", rest + 4), "CONFIG", "SET",
                  name, value, NULL);
}

static void a_server_that_is_full_and_evicts_nothing_is_found(void **state)
{
    (void)state;
    (void)kit_redis_url();
    cli("maxmemory-policy", "noeviction");
    cli("maxmemory", "1");
    kit_step *s = step(kit_redis_url());
    const char *found = collector_findings(s);
    cli("maxmemory", "0");
    collector_found(found, "{\"weight\": 92, \"text\": \"Redis is full and refuses to write");
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_server_gives_its_info_and_no_finding),
        cmocka_unit_test(why_there_is_no_session_is_found),
        cmocka_unit_test(a_server_that_is_full_and_evicts_nothing_is_found),
    };
    return cmocka_run_group_tests_name("redis.diagnose", tests, NULL, NULL);
}
