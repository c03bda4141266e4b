#include <math.h>
#include <string.h>

#include "kit.h"

static kit_step *info(const char *url)
{
    kit_step *s = kit_step_new("redis.info");
    kit_set(s, "url", url);
    return s;
}

static void reads_version_role_and_figures(void **state)
{
    (void)state;
    kit_step *s = info(kit_redis_url());
    kit_set_list(s, "expect", "role=master", "loading=0", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_string_equal(kit_output(s, "role"), "master");
    assert_non_null(kit_output(s, "version"));
    bool valkey =
        strstr(kit_output_of("redis-server", "--version", NULL), "Valkey"); /* as a row of the matrix has it */
    assert_string_equal(kit_output(s, "server_name"), valkey ? "valkey" : "redis");
    assert_int_equal(*kit_output(s, "valkey_version") != '\0', valkey);
    assert_true(kit_measured(s, "used_memory") > 100000);
    assert_true(kit_measured(s, "keys") == 0);
    kit_step_free(s);
}

static void a_field_that_differs_is_a_failure(void **state)
{
    (void)state;
    kit_step *s = info(kit_redis_url());
    kit_set_list(s, "expect", "role=slave", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_string_equal(kit_summary(s), "role is master, expected slave");
    kit_set_list(s, "expect", "no_such_field=1", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "no field 'no_such_field'"));
    kit_step_free(s);
}

static void a_wrong_password_says_so_and_shows_it_not(void **state)
{
    (void)state;
    const char *at = strchr(kit_redis_url(), '@');
    kit_step *s = info(kit_path("redis://:not-the-password%s", at));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "refused AUTH"));
    assert_null(strstr(kit_summary(s), "not-the-password"));
    kit_step_free(s);
}

static void no_server_is_an_error(void **state)
{
    (void)state;
    const int nobody = kit_free_port();
    kit_step *s = info(kit_path("redis://127.0.0.1:%d/0", nobody));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_non_null(strstr(kit_summary(s), kit_path("no connection to Redis at 127.0.0.1:%d", nobody)));
    assert_non_null(strstr(kit_hint(s), "start the server"));
    kit_step_free(s);
}

static const char *garble(const char *request)
{
    (void)request;
    return "HTTP/1.1 200 OK\r\n\r\nthis is no Redis";
}

static void a_server_that_is_no_redis_is_an_error(void **state)
{
    (void)state;
    int port = kit_web_start(garble);
    kit_step *s = info(kit_path("redis://127.0.0.1:%d/0", port));
    kit_set(s, "connect_timeout", "500ms");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    kit_step_free(s);
    kit_web_stop(port);
}

static void an_address_is_refused_by_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const struct {
        const char *url, *says;
    } bad[] = {
        {"redis://", "it names no host"},
        {"redis://h:port/0", "its port is not a number from 1 to 65535"},
        {"redis://h:70000", "its port is not a number from 1 to 65535"},
        {"redis://h/x", "its database is not a number"},
        {"redis://::1:6379/0", "an IPv6 address in it lacks its brackets"},
        {"redis://[::1/0", "an IPv6 address in it lacks its ']'"},
        {"redis://:%zz@h/0", "a '%' in it is not followed by two hexadecimal digits"},
        {"redis://h/0?ssl_cert_reqs=none", "it has parameters behind '?'"},
        {"unix://relative", "the path of its socket does not begin with '/'"},
        {"http://h/", "the scheme \"http\""},
        {"redis-sentinel://h:26379/mymaster", "the scheme \"redis-sentinel\""},
        {"h:6379", "the address has no scheme"},
        {"docker:///0", "it names no host"},
        {"docker://-x/0", "the address names no container"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        kit_step *s = info(bad[i].url);
        assert_int_equal(kit_run(s, i + 1 < sizeof bad / sizeof *bad ? KIT_PREPARE : KIT_VERIFY), BELAY_E_CONFIG);
        assert_string_equal(kit_option_to_blame(s), "url");
        if (!strstr(kit_summary(s), bad[i].says) || strstr(kit_hint(s), "tunnel"))
            fail_msg("%s: %s (%s)", bad[i].url, kit_summary(s), kit_hint(s));
        kit_step_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_version_role_and_figures),
        cmocka_unit_test(a_field_that_differs_is_a_failure),
        cmocka_unit_test(a_wrong_password_says_so_and_shows_it_not),
        cmocka_unit_test(no_server_is_an_error),
        cmocka_unit_test(a_server_that_is_no_redis_is_an_error),
        cmocka_unit_test(an_address_is_refused_by_what_is_wrong_with_it),
    };
    return cmocka_run_group_tests_name("redis.info", tests, NULL, NULL);
}
