#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>

#include "busy.h"
#include "kit.h"

static int port;

static kit_step *load(const char *path)
{
    kit_step *s = kit_step_new("http.load");
    kit_set_list(s, "targets", kit_path("x=http://127.0.0.1:%d%s", port, path), NULL);
    kit_set(s, "duration", "1s");
    return s;
}

static void verify(kit_step *s, belay_status wanted)
{
    belay_status came = kit_run(s, KIT_VERIFY);
    if (came != wanted)
        fail_msg("status %d, expected %d: %s", came, wanted, kit_summary(s));
}

static void says(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("'%s' is missing from: %s", part, text ? text : "nothing");
}

static void between(double low, double value, double high)
{
    if (!(low <= value && value <= high))
        fail_msg("%g is not within %g and %g", value, low, high);
}

static void users_send_again_once_they_are_answered(void **state)
{
    (void)state;
    kit_step *s = load("/wait/20");
    kit_set(s, "users", "10");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    verify(s, BELAY_OK);
    between(50, kit_measured(s, "samples"), 500); /* 10 users, 20 ms each: 500 at the most */
    between(20, kit_measured(s, "p50"), kit_measured(s, "p95"));
    assert_true(kit_measured(s, "p95") <= kit_measured(s, "p99") &&
                kit_measured(s, "p99") <= kit_measured(s, "max") * 1.001);
    assert_true(kit_measured(s, "error_rate") == 0);
    between(50, kit_measured(s, "throughput"), 500);
    assert_true(isnan(kit_measured(s, "p50/x")));
    kit_step_free(s);
}

static void a_thinking_user_waits_between_requests(void **state)
{
    (void)state;
    kit_step *s = load("/ok");
    kit_set(s, "users", "4");
    kit_set(s, "think", "100ms");
    verify(s, BELAY_OK);
    between(8, kit_measured(s, "samples"), 40);
    kit_step_free(s);
}

static void users_begin_one_after_another_while_ramping_up(void **state)
{
    (void)state;
    kit_step *s = load("/wait/50");
    kit_set(s, "users", "10");
    kit_set(s, "ramp", "1s");
    verify(s, BELAY_OK);
    between(30, kit_measured(s, "samples"), 125); /* half of the 200 that ten of them could send */
    kit_step_free(s);
}

static void a_rate_is_held_whatever_the_answers_take(void **state)
{
    (void)state;
    kit_step *s = load("/wait/30");
    kit_set(s, "rate", "200");
    kit_set(s, "users", "100");
    verify(s, BELAY_OK);
    between(120, kit_measured(s, "samples"), 201); /* all 200, where the machine is not busy with other things */
    kit_set(s, "ramp", "1s");
    verify(s, BELAY_OK);
    between(60, kit_measured(s, "samples"), 101);
    kit_step_free(s);
}

static void a_late_answer_counts_from_when_its_request_was_due(void **state)
{
    (void)state;
    /* One connection, 100 requests a second, 20 ms each: the last one waits for half a second and more. */
    kit_step *s = load("/wait/20");
    kit_set(s, "rate", "100");
    kit_set(s, "users", "1");
    verify(s, BELAY_OK);
    assert_true(kit_measured(s, "max") > 300);
    assert_true(kit_measured(s, "p50") > 150);
    assert_true(kit_measured(s, "error_rate") > 30); /* those that never got their turn */
    says(kit_log(s), "not sent: all connections were busy");
    kit_step_free(s);
}

static void errors_are_counted_by_kind(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("http.load");
    kit_set_list(s, "targets", kit_path("good=http://127.0.0.1:%d/ok", port),
                 kit_path("some=http://127.0.0.1:%d/every/2", port), kit_path("none=http://127.0.0.1:%d/drop", port),
                 kit_path("gone=http://127.0.0.1:%d/", kit_free_port()),
                 kit_path("slow=http://127.0.0.1:%d/wait/2500", port), NULL);
    kit_set(s, "duration", "1s");
    kit_set(s, "rate", "200");
    kit_set(s, "users", "300");
    kit_set(s, "request_timeout", "500ms");
    verify(s, BELAY_OK);
    assert_true(kit_measured(s, "error_rate/good") == 0);
    between(40, kit_measured(s, "error_rate/some"), 60);
    assert_true(kit_measured(s, "error_rate/none") == 100 && kit_measured(s, "error_rate/gone") == 100);
    assert_true(kit_measured(s, "samples/slow") == 0 && isnan(kit_measured(s, "p95/slow")));
    static const char *const kinds[] = {"HTTP 503", "connection closed", "connection refused", "timed out"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        says(kit_log(s), kinds[i]);
    kit_step_free(s);
}

static void nothing_answered_is_no_data(void **state)
{
    (void)state;
    kit_step *s = load("/drop");
    verify(s, BELAY_NO_DATA);
    says(kit_summary(s), "no request was answered; errors: ");
    assert_true(kit_measured(s, "error_rate") == 100);
    kit_step_free(s);
}

static void many_errors_end_it_early_only_when_asked(void **state)
{
    (void)state;
    kit_step *s = load("/nothing");
    kit_set(s, "duration", "3s");
    verify(s, BELAY_OK);
    assert_true(kit_measured(s, "error_rate") == 100);
    kit_set(s, "duration", "30s");
    kit_set(s, "stop_at_errors", "50");
    time_t start = time(NULL);
    verify(s, BELAY_E_FAIL);
    assert_true(time(NULL) - start < 10);
    says(kit_summary(s), "ended in second 1, with 50 % errors or more in it");
    says(kit_summary(s), "HTTP 404");
    kit_step_free(s);
}

static void a_status_can_be_good(void **state)
{
    (void)state;
    kit_step *s = load("/nothing");
    kit_set_list(s, "status", "200", "404", NULL);
    kit_set(s, "duration", "300ms");
    verify(s, BELAY_OK);
    assert_true(kit_measured(s, "error_rate") == 0);
    kit_step_free(s);
}

static void the_series_has_a_line_for_each_second(void **state)
{
    (void)state;
    kit_step *s = load("/wait/5");
    kit_set(s, "duration", "2s");
    kit_set(s, "rate", "100");
    verify(s, BELAY_OK);
    const char *series = kit_artifact(s, "series.csv");
    says(series, "second,started,ended,errors,p50_ms,p95_ms,p99_ms,max_ms,in_flight\n0,");
    unsigned second = 0, started = 0, ended = 0, errors = 0;
    double p50 = 0;
    assert_int_equal(sscanf(strstr(series, "\n1,"), "\n%u,%u,%u,%u,%lf", &second, &started, &ended, &errors, &p50), 5);
    between(50, ended, 150);
    between(5, p50, 500);
    kit_step_free(s);
}

static void a_flow_sends_weighted_requests_with_bodies_between_its_own(void **state)
{
    (void)state;
    const char *path = kit_path("%s/orders.load", kit_folder());
    kit_write(path, "requests: ( { get = \"/ok\"; capture: { word = \"body:(H[a-z]*)\"; }; } );\n"
                    "load: ( { name = \"make\"; post = \"/json\"; json: { n = 1; }; headers: { X-Kind = \"load\"; };\n"
                    "          bearer = \"${word}\"; weight = 3; },\n"
                    "        { name = \"look\"; get = \"/nothing/${word}\"; status = (404, \"500-599\"); } );\n"
                    "finally: ( { name = \"after\"; get = \"/ok\"; } );\n");
    kit_step *s = kit_step_new("http.load");
    kit_set(s, "flow", path);
    kit_set(s, "base_url", kit_path("http://127.0.0.1:%d", port));
    kit_set(s, "duration", "1s");
    kit_set(s, "rate", "400");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    verify(s, BELAY_OK);
    assert_true(kit_measured(s, "error_rate/make") == 0 && kit_measured(s, "error_rate/look") == 0);
    between(2, kit_measured(s, "samples/make") / kit_measured(s, "samples/look"), 4.5);
    says(kit_artifact(s, "requests.log"), "'after' GET");
    kit_step_free(s);
}

static void connections_are_not_kept_when_told_so(void **state)
{
    (void)state;
    kit_step *s = load("/ok");
    kit_set(s, "keep_alive", "false");
    kit_set(s, "rate", "100");
    verify(s, BELAY_OK);
    between(60, kit_measured(s, "samples"), 101);
    kit_step_free(s);
}

static void what_cannot_work_is_refused(void **state)
{
    (void)state;
    kit_step *both = load("/ok");
    kit_set(both, "flow", "x.load");
    assert_int_equal(kit_run(both, KIT_PREPARE), BELAY_E_CONFIG);
    kit_step_free(both);
    kit_step *s = load("/ok");
    kit_set(s, "ramp", "2s");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "ramp");
    kit_set(s, "duration", "20h");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "duration");
    kit_step_free(s);
    const char *path = kit_path("%s/bad.load", kit_folder());
    kit_write(path, "load: ( { get = \"/x\"; weight = 0; expect: { status = 200; }; },\n{ status = 7; } );");
    kit_step *flow = kit_step_new("http.load");
    kit_set(flow, "flow", path);
    assert_int_equal(kit_run(flow, KIT_PREPARE), BELAY_E_CONFIG);
    says(kit_summary(flow), ":1: 'weight' must be 1 to 1000");
    says(kit_summary(flow), ":1: unknown 'expect' in a request under load");
    says(kit_summary(flow), ":1: '/x' needs the step's option base_url");
    says(kit_summary(flow), ":2: '7' is no HTTP status");
    kit_step_free(flow);
}

/* From here on, this process and its workers know a host name that is 127.0.0.1. False: not allowed to. */
static bool know_host(const char *name)
{
    const char *hosts = kit_path("%s/hosts", kit_folder());
    kit_write(hosts, kit_path("127.0.0.1 localhost\n127.0.0.1 %s\n", name));
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(hosts, "/etc/hosts", NULL, MS_BIND, NULL) == 0;
}

/* curl's resolver opens and closes sockets of its own, whose numbers come back. */
static void a_host_name_is_as_good_as_an_address(void **state)
{
    (void)state;
    static const char *const users[] = {"1", "10"};
    if (!know_host("load-target.test"))
        skip();
    for (int i = 0; i < 6; i++) {
        kit_step *s = kit_step_new("http.load");
        kit_set_list(s, "targets", kit_path("x=http://load-target.test:%d/wait/5", port), NULL);
        kit_set(s, "duration", "300ms");
        kit_set(s, "users", users[i % 2]);
        verify(s, BELAY_OK);
        assert_true(kit_measured(s, "error_rate") == 0);
        assert_true(kit_measured(s, "samples") > 3);
        kit_step_free(s);
    }
}

static void addresses_of_ipv6_are_asked_by_every_kind(void **state)
{
    (void)state;
    static const char *const kinds[] = {"http.load", "http.health", "http.latency"};
    const int port6 = busy_start6();
    if (!port6)
        skip();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        kit_step *s = kit_step_new(kinds[i]);
        kit_set_list(s, "targets", kit_path("http://[::1]:%d/ok", port6), NULL);
        if (i == 0)
            kit_set(s, "duration", "200ms");
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
        verify(s, BELAY_OK);
        if (i == 0)
            assert_true(kit_measured(s, "error_rate") == 0 && kit_measured(s, "samples") > 3);
        kit_step_free(s);
    }
}

/* A proxy is asked for what is elsewhere, and never for this machine. */
static void one_rule_of_proxies_holds_for_every_kind(void **state)
{
    (void)state;
    static const char *const kinds[] = {"http.load", "http.health", "http.latency"};
    for (size_t i = 0; i < 2 * sizeof kinds / sizeof *kinds; i++) {
        const bool local = i % 2;
        setenv("http_proxy", kit_path("http://127.0.0.1:%d", local ? kit_free_port() : port), 1);
        kit_step *s = kit_step_new(kinds[i / 2]);
        kit_set_list(s, "targets",
                     local ? kit_path("http://localhost:%d/ok", port) : "http://ex\u00e4mple.org:8099/idn", NULL);
        if (i < 2)
            kit_set(s, "duration", "200ms");
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
        verify(s, BELAY_OK);
        kit_step_free(s);
    }
    unsetenv("http_proxy");
}

static void an_address_that_cannot_be_read_is_refused_before_anything_runs(void **state)
{
    (void)state;
    static const char *const kinds[] = {"http.load", "http.health", "http.latency"};
    static const char *const bad[] = {"http://h/a b", "http://[::1/x", "http://h:99999/"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            kit_step *s = kit_step_new(kinds[i]);
            kit_set_list(s, "targets", bad[k], NULL);
            assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
            says(kit_summary(s), kit_path("invalid address \"%s\"", bad[k]));
            kit_step_free(s);
        }
}

static void cancelled_it_ends_at_once(void **state)
{
    (void)state;
    kit_step *s = load("/wait/5000");
    kit_set(s, "duration", "60s");
    time_t start = time(NULL);
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 400), BELAY_E_CANCELLED);
    assert_true(time(NULL) - start < 4);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_send_again_once_they_are_answered),
        cmocka_unit_test(a_thinking_user_waits_between_requests),
        cmocka_unit_test(users_begin_one_after_another_while_ramping_up),
        cmocka_unit_test(a_rate_is_held_whatever_the_answers_take),
        cmocka_unit_test(a_late_answer_counts_from_when_its_request_was_due),
        cmocka_unit_test(errors_are_counted_by_kind),
        cmocka_unit_test(nothing_answered_is_no_data),
        cmocka_unit_test(many_errors_end_it_early_only_when_asked),
        cmocka_unit_test(a_status_can_be_good),
        cmocka_unit_test(the_series_has_a_line_for_each_second),
        cmocka_unit_test(a_flow_sends_weighted_requests_with_bodies_between_its_own),
        cmocka_unit_test(connections_are_not_kept_when_told_so),
        cmocka_unit_test(what_cannot_work_is_refused),
        cmocka_unit_test(a_host_name_is_as_good_as_an_address),
        cmocka_unit_test(addresses_of_ipv6_are_asked_by_every_kind),
        cmocka_unit_test(one_rule_of_proxies_holds_for_every_kind),
        cmocka_unit_test(an_address_that_cannot_be_read_is_refused_before_anything_runs),
        cmocka_unit_test(cancelled_it_ends_at_once),
    };
    port = busy_start();
    int failed = cmocka_run_group_tests_name("http.load", tests, NULL, NULL);
    busy_stop();
    return failed;
}
