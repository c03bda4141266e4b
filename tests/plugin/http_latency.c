#include <math.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"

static const char *answer(const char *request)
{
    static int asked;
    if (strstr(request, "GET /slow"))
        usleep(120000);
    if (strstr(request, "GET /jitter") && ++asked % 3 == 0)
        usleep(80000);
    if (strstr(request, "GET /broken"))
        return "HTTP/1.1 500 Broken\r\nConnection: close\r\n\r\nboom";
    return KIT_WEB_OK("hello");
}

static int port;

static kit_step *latency(const char *path)
{
    kit_step *s = kit_step_new("http.latency");
    kit_set_list(s, "targets", kit_path("x=http://127.0.0.1:%d%s", port, path), NULL);
    kit_set(s, "pause", "1ms");
    return s;
}

static void keeps_the_phases_apart(void **state)
{
    (void)state;
    kit_step *s = latency("/slow");
    kit_set(s, "samples", "3");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "total/x") >= 120);
    assert_true(kit_measured(s, "first_byte/x") >= 115);
    assert_true(kit_measured(s, "connect/x") < 100);
    assert_true(kit_measured(s, "tls/x") == 0);
    assert_false(isnan(kit_measured(s, "dns/x")));
    kit_step_free(s);
}

static void total_is_the_slowest_sample_and_median_the_usual(void **state)
{
    (void)state;
    kit_step *s = latency("/jitter");
    kit_set(s, "samples", "9");
    kit_set(s, "warm_up", "0");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "total/x") >= 80);
    assert_true(kit_measured(s, "median/x") < 60);
    kit_step_free(s);
}

static void a_bad_answer_is_a_failure_not_a_time(void **state)
{
    (void)state;
    kit_step *s = latency("/broken");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "HTTP 500: boom"));
    assert_true(isnan(kit_measured(s, "total/x")));
    kit_step_free(s);
}

static void no_answer_is_an_error(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("http.latency");
    kit_set_list(s, "targets", kit_path("x=http://127.0.0.1:%d/", kit_free_port()), NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_phases_apart),
        cmocka_unit_test(total_is_the_slowest_sample_and_median_the_usual),
        cmocka_unit_test(a_bad_answer_is_a_failure_not_a_time),
        cmocka_unit_test(no_answer_is_an_error),
    };
    port = kit_web_start(answer);
    int failed = cmocka_run_group_tests_name("http.latency", tests, NULL, NULL);
    kit_web_stop(port);
    return failed;
}
