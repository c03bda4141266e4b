#include <math.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"

static const char *answer(const char *request)
{
    static int asked;
    if (strstr(request, "GET /ok"))
        return KIT_WEB_OK("{\"status\": \"ok\"}");
    if (strstr(request, "GET /late")) /* healthy from the third time on */
        return ++asked < 3 ? "HTTP/1.1 503 Not Yet\r\nConnection: close\r\n\r\nstarting" : KIT_WEB_OK("ok");
    if (strstr(request, "GET /token"))
        return strstr(request, "X-Token: s3cret-token-1") ? KIT_WEB_OK("in") : "HTTP/1.1 401 No\r\n\r\nno";
    if (strstr(request, "GET /hang"))
        sleep(5);
    if (strstr(request, "GET /silent"))
        return NULL;
    return "HTTP/1.1 500 Broken\r\nConnection: close\r\n\r\nboom";
}

static int port;

static kit_step *health(const char *path)
{
    kit_step *s = kit_step_new("http.health");
    kit_set_list(s, "targets", kit_path("http://127.0.0.1:%d%s", port, path), NULL);
    return s;
}

static void passes_when_all_targets_answer(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("http.health");
    kit_set_list(s, "targets", kit_path("one=http://127.0.0.1:%d/ok", port),
                 kit_path("two=http://127.0.0.1:%d/ok?x=1", port), NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "answer/one") > 0);
    assert_false(isnan(kit_measured(s, "healthy_after/two")));
    kit_step_free(s);
}

static void waits_for_one_that_is_late(void **state)
{
    (void)state;
    kit_step *s = health("/late");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    assert_non_null(strstr(kit_summary(s), "HTTP 503: starting"));
    assert_int_equal(kit_verify_until(s, 10), BELAY_OK);
    kit_step_free(s);
}

static void names_the_last_of_many_that_are_ill(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("http.health");
#define BAD(name) kit_path("a-service-of-this-shop-with-a-long-name-" name "=http://127.0.0.1:%d/bad", port)
#define FIVE(n)   BAD(n "1"), BAD(n "2"), BAD(n "3"), BAD(n "4"), BAD(n "5")
    kit_set_list(s, "targets", FIVE("a"), FIVE("b"), FIVE("c"), FIVE("d"), FIVE("e"), FIVE("f"), NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    assert_non_null(strstr(kit_summary(s), "30 of 30 not healthy"));
    assert_non_null(strstr(kit_summary(s), "with-a-long-name-f5: HTTP 500: boom"));
    kit_step_free(s);
}

static void names_each_that_is_ill(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("http.health");
    kit_set_list(s, "targets", kit_path("good=http://127.0.0.1:%d/ok", port),
                 kit_path("bad=http://127.0.0.1:%d/bad", port), kit_path("gone=http://127.0.0.1:%d/", kit_free_port()),
                 kit_path("mute=http://127.0.0.1:%d/silent", port), NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    assert_non_null(strstr(kit_summary(s), "3 of 4 not healthy"));
    assert_non_null(strstr(kit_summary(s), "bad: HTTP 500: boom"));
    assert_non_null(strstr(kit_summary(s), "gone: "));
    assert_non_null(strstr(kit_summary(s), "mute: "));
    assert_null(strstr(kit_summary(s), "good:"));
    kit_step_free(s);
}

static void judges_the_body(void **state)
{
    (void)state;
    kit_step *s = health("/ok");
    kit_set(s, "body", "\"status\": *\"(ok|healthy)\"");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_set(s, "body", "\"status\": \"perfect\"");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    kit_set(s, "body", "(");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "body");
    kit_step_free(s);
}

static void sends_headers_and_keeps_them_secret(void **state)
{
    (void)state;
    kit_step *s = health("/token");
    kit_set_list(s, "headers", "X-Token: s3cret-token-1", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_set_list(s, "headers", "X-Token: wrong-token-22", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    assert_null(strstr(kit_summary(s), "wrong-token"));
    kit_step_free(s);
}

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    static const char *const bad[] = {"ftp://x/", "localhost:80", "name=", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        kit_step *s = kit_step_new("http.health");
        kit_set_list(s, "targets", bad[i], NULL);
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
        kit_step_free(s);
    }
    kit_step *s = health("/ok");
    kit_set_list(s, "status", "2xx", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "status");
    kit_step_free(s);
}

static void is_stopped_by_cancellation(void **state)
{
    (void)state;
    kit_step *s = health("/hang");
    kit_set(s, "request_timeout", "20s");
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 200), BELAY_E_CANCELLED);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_when_all_targets_answer),
        cmocka_unit_test(waits_for_one_that_is_late),
        cmocka_unit_test(names_each_that_is_ill),
        cmocka_unit_test(names_the_last_of_many_that_are_ill),
        cmocka_unit_test(judges_the_body),
        cmocka_unit_test(sends_headers_and_keeps_them_secret),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(is_stopped_by_cancellation),
    };
    port = kit_web_start(answer);
    int failed = cmocka_run_group_tests_name("http.health", tests, NULL, NULL);
    kit_web_stop(port);
    return failed;
}
