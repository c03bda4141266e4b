/* redis.hit_rate and redis.errors: what happened between two readings of a real server's counters. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "kit.h"
#include "meanwhile.h"

/* The command line of redis-cli, which wants a user's name where there is a password. */
static const char *cli(const char *url, const char *words)
{
    const char *rest = strstr(url, "://:");
    return rest ? kit_path("redis-cli --no-auth-warning -u redis://default:%s %s", rest + 4, words)
                : kit_path("redis-cli -u %s %s", url, words);
}

static void tell(const char *url, const char *words)
{
    (void)kit_output_of("sh", "-c", cli(url, words), NULL);
}

static kit_step *step(const char *kind, const char *url, const char *window)
{
    kit_step *s = kit_step_new(kind);
    kit_set(s, "url", url);
    kit_set(s, "window", window);
    return s;
}

/* A Redis that the test may end, without a password; *pid is meanwhile_end()'s. */
static const char *own_redis(const char *arguments, pid_t *pid)
{
    int port = kit_free_port();
    const char *url = kit_path("redis://127.0.0.1:%d", port);
    *pid = meanwhile(kit_path("exec timeout 60 redis-server --port %d --bind 127.0.0.1 --save '' %s", port, arguments));
    const char *ask = cli(url, "ping 2>/dev/null | grep -q -e PONG -e MASTERDOWN");
    for (int i = 0; i < 100 && kit_status_of("sh", "-c", ask, NULL) != 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    return url;
}

/* ---- hit_rate ---------------------------------------------------------------------------------------------------- */

static void counts_the_lookups_of_the_window_only(void **state)
{
    (void)state;
    const char *url = kit_redis_url();
    tell(url, "set known 1");
    tell(url, "-r 500 get missing"); /* before the window */
    kit_step *s = step("redis.hit_rate", url, "2s");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    pid_t load = meanwhile(kit_path("sleep 0.5; %s; %s", cli(url, "-r 300 get known"), cli(url, "-r 100 get missing")));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    meanwhile_end(load);
    assert_true(kit_measured(s, "lookups") == 400);
    assert_true(kit_measured(s, "hits") == 300);
    assert_true(kit_measured(s, "misses") == 100);
    assert_true(kit_measured(s, "hit_rate") == 75);
    kit_step_free(s);
}

static void what_comes_while_the_cache_warms_up_does_not_count(void **state)
{
    (void)state;
    const char *url = kit_redis_url();
    tell(url, "set known 1");
    kit_step *s = step("redis.hit_rate", url, "1s");
    kit_set(s, "warm_up", "1500ms");
    kit_set(s, "min_samples", "20");
    pid_t load = meanwhile(kit_path("%s; sleep 2; %s", cli(url, "-r 900 get missing"), cli(url, "-r 20 get known")));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    meanwhile_end(load);
    assert_true(kit_measured(s, "hit_rate") == 100);
    kit_step_free(s);
}

static void no_lookups_and_too_few_are_no_data(void **state)
{
    (void)state;
    const char *url = kit_redis_url();
    kit_step *s = step("redis.hit_rate", url, "200ms");
    kit_set(s, "min_samples", "1");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    assert_non_null(strstr(kit_summary(s), "0 keys were looked up in 0.2 s, at least 1 are needed"));
    assert_true(isnan(kit_measured(s, "hit_rate")));
    kit_step_free(s);
}

static void counters_that_were_reset_are_an_error(void **state)
{
    (void)state;
    const char *url = kit_redis_url();
    tell(url, "-r 50 get missing");
    kit_step *s = step("redis.hit_rate", url, "1s");
    pid_t trouble = meanwhile(kit_path("sleep 0.3; %s", cli(url, "config resetstat")));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    meanwhile_end(trouble);
    assert_non_null(strstr(kit_summary(s), "were reset during the window"));
    kit_step_free(s);
}

static void a_restart_in_the_window_is_said(void **state)
{
    (void)state;
    int port = kit_free_port();
    pid_t twice =
        meanwhile(kit_path("for i in 1 2 3 4 5 6 7 8; do timeout 1 redis-server --port %d --save ''; done", port));
    nanosleep(&(struct timespec){.tv_nsec = 500 * 1000 * 1000}, NULL);
    kit_step *s = step("redis.hit_rate", kit_path("redis://127.0.0.1:%d", port), "2s");
    belay_status status = BELAY_OK;
    const char *said = "";
    for (int i = 0; i < 3 && !strstr(said, "run_id"); i++) { /* either reading may meet the moment without a server */
        status = kit_run(s, KIT_VERIFY);
        said = kit_summary(s);
    }
    meanwhile_end(twice);
    assert_int_equal(status, BELAY_E_RETRY);
    assert_non_null(strstr(said, "restarted during the window: its run_id changed"));
    kit_step_free(s);
}

static void ends_at_once_when_cancelled(void **state)
{
    (void)state;
    struct timespec before, after;
    kit_step *s = step("redis.hit_rate", kit_redis_url(), "25s");
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 300), BELAY_E_CANCELLED);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec <= 15);
    kit_step_free(s);
}

static void a_window_beyond_the_timeout_is_refused_before_the_run(void **state)
{
    (void)state;
    kit_step *s = step("redis.hit_rate", kit_redis_url(), "20h");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "window");
    assert_non_null(strstr(kit_hint(s), "timeout"));
    kit_step_free(s);
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

/* What a step redis.info gives as the baseline now. */
static const char *baseline(const char *url)
{
    kit_step *s = kit_step_new("redis.info");
    kit_set(s, "url", url);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    const char *counters = kit_path("%s", kit_output(s, "counters"));
    kit_step_free(s);
    return counters;
}

static void errors_since_the_baseline_are_named_and_counted(void **state)
{
    (void)state;
    const char *url = kit_redis_url();
    tell(url, "set text x");
    tell(url, "-r 4 lpush text 1 || true"); /* before */
    kit_step *s = step("redis.errors", url, "10s");
    kit_set(s, "baseline", baseline(url));
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "errors") == 0);
    assert_true(kit_measured(s, "rejected_connections") == 0);
    tell(url, "-r 3 lpush text 1 || true");
    tell(url, "evalsha 0123456789012345678901234567890123456789 0 || true");
    kit_set_list(s, "allow", "NOSCRIPT", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "errors/WRONGTYPE") == 3);
    assert_true(kit_measured(s, "errors") == 3);
    assert_true(isnan(kit_measured(s, "errors/NOSCRIPT")));
    assert_non_null(strstr(kit_log(s), "1 NOSCRIPT errors, which are allowed"));
    kit_step_free(s);
}

static void without_a_baseline_it_counts_over_the_window(void **state)
{
    (void)state;
    const char *url = kit_redis_url();
    tell(url, "set text x");
    kit_step *s = step("redis.errors", url, "1s");
    pid_t trouble = meanwhile(kit_path("sleep 0.3; %s", cli(url, "-r 2 lpush text 1")));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    meanwhile_end(trouble);
    assert_true(kit_measured(s, "errors/WRONGTYPE") == 2);
    kit_step_free(s);
}

static void connections_over_the_limit_are_counted(void **state)
{
    (void)state;
    pid_t server;
    const char *url = own_redis("--maxclients 1", &server);
    kit_step *s = step("redis.errors", url, "2s");
    pid_t load =
        meanwhile(kit_path("sleep 0.5; (sleep 1 | %s) & sleep 0.2; %s; wait", cli(url, ""), cli(url, "-r 2 ping")));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    meanwhile_end(load);
    meanwhile_end(server);
    assert_true(kit_measured(s, "rejected_connections") >= 1);
    kit_step_free(s);
}

static void a_broken_replica_that_cannot_save_says_both(void **state)
{
    (void)state;
    pid_t server;
    const char *folder = kit_folder();
    const char *url = own_redis(kit_path("--replicaof 127.0.0.1 %d --dir %s", kit_free_port(), folder), &server);
    (void)kit_output_of("mkdir", kit_path("%s/dump.rdb", folder), NULL); /* the dump cannot take this name */
    tell(url, "bgsave");
    nanosleep(&(struct timespec){.tv_nsec = 700 * 1000 * 1000}, NULL);
    kit_step *s = step("redis.errors", url, "200ms");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_string_equal(kit_summary(s), "rdb_last_bgsave_status is err, master_link_status is down");
    kit_set_list(s, "allow", "rdb_last_bgsave_status", "master_link_status", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    meanwhile_end(server);
    kit_step_free(s);
}

static void a_restart_since_the_baseline_is_counted_and_said(void **state)
{
    (void)state;
    kit_step *s = step("redis.errors", kit_redis_url(), "10s");
    kit_set(s, "baseline",
            "run_id:0000000000000000000000000000000000000000\nrejected_connections:5\nerrorstat_ERR:count=7");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "restarts") == 1);
    assert_true(kit_measured(s, "rejected_connections") == 0);
    assert_non_null(strstr(kit_log(s), "restarted since the baseline; errors are counted since then"));
    kit_set(s, "baseline", "what is this");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "baseline");
    kit_step_free(s);
}

static void a_reset_since_the_baseline_is_an_error(void **state)
{
    (void)state;
    const char *url = kit_redis_url();
    tell(url, "nosuchcommand || true");
    kit_step *s = step("redis.errors", url, "10s");
    kit_set(s, "baseline", baseline(url));
    tell(url, "config resetstat");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_non_null(strstr(kit_summary(s), "were reset"));
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_the_lookups_of_the_window_only),
        cmocka_unit_test(what_comes_while_the_cache_warms_up_does_not_count),
        cmocka_unit_test(no_lookups_and_too_few_are_no_data),
        cmocka_unit_test(counters_that_were_reset_are_an_error),
        cmocka_unit_test(a_restart_in_the_window_is_said),
        cmocka_unit_test(ends_at_once_when_cancelled),
        cmocka_unit_test(a_window_beyond_the_timeout_is_refused_before_the_run),
        cmocka_unit_test(errors_since_the_baseline_are_named_and_counted),
        cmocka_unit_test(without_a_baseline_it_counts_over_the_window),
        cmocka_unit_test(connections_over_the_limit_are_counted),
        cmocka_unit_test(a_broken_replica_that_cannot_save_says_both),
        cmocka_unit_test(a_restart_since_the_baseline_is_counted_and_said),
        cmocka_unit_test(a_reset_since_the_baseline_is_an_error),
    };
    return cmocka_run_group_tests_name("redis over a window", tests, NULL, NULL);
}
