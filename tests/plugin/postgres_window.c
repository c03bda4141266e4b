/* postgres.slow_queries and postgres.locks: what a real server did in a window. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"
#include "meanwhile.h"
#include "postgres_world.h"

static const char *url;

static int set_up(void **state)
{
    (void)state;
    url = world_make("window");
    world_sql("window", "CREATE EXTENSION pg_stat_statements");
    world_sql("postgres", "CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
    return 0;
}

static kit_step *step(const char *kind, const char *window)
{
    kit_step *s = kit_step_new(kind);
    kit_set(s, "database", url);
    kit_set(s, "window", window);
    return s;
}

/* psql over the statements, by the application name. */
static const char *psql(const char *application, const char *sql)
{
    return kit_path("PGAPPNAME=%s psql -X -q -d '%s' <<'END'\n%s\nEND\n", application, url, sql);
}

/* Of all databases, asked from one that is not measured. */
static double statistic(const char *what, const char *like)
{
    return atof(world_sql(
        "postgres", kit_path("SELECT coalesce(sum(%s), 0) FROM pg_stat_statements WHERE query LIKE '%s' AND dbid = "
                             "(SELECT oid FROM pg_database WHERE datname = 'window')",
                             what, like)));
}

/* psql over statements that it gets once the step has taken its first reading, however long that takes on a busy
 * machine. It is connected by then. */
static const char *in_window(const char *sql)
{
    static const char reading[] = "SELECT /* belay.slow_queries */ queryid%";
    return kit_path(
        "(until psql -XqAt -d '%s' -c \"SELECT 'begun' FROM pg_stat_statements WHERE query LIKE '%s' AND dbid "
        "= (SELECT oid FROM pg_database WHERE datname = 'window') GROUP BY 1 HAVING sum(calls) > %.0f\" "
        "| grep -q begun; do sleep 0.02; done\ncat <<'END'\n%s\nEND\n) | PGAPPNAME=load psql -X -q -d '%s'",
        kit_postgres_database("postgres"), reading, statistic("calls", reading), sql, url);
}

/* ---- slow_queries ------------------------------------------------------------------------------------------------ */

static void counts_the_statements_of_the_window_only(void **state)
{
    (void)state;
    world_sql("window", "SELECT pg_sleep(0.9)"); /* before */
    kit_step *s = step("postgres.slow_queries", "6s");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    const double slept = statistic("total_exec_time", "SELECT pg_sleep(%");
    pid_t load = meanwhile(in_window("SELECT pg_sleep(0.3);\nSELECT count(*) FROM a WHERE t = 'hush';\n"
                                     "SELECT pg_sleep(0.1);\nSELECT count(*) FROM a WHERE t = 'hush';\n"
                                     "ALTER ROLE postgres PASSWORD 'kit-postgres';"));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    meanwhile_end(load);
    assert_true(kit_measured(s, "calls") == 5);
    assert_true(kit_measured(s, "statements") == 3);
    const double mean = (statistic("total_exec_time", "SELECT pg_sleep(%") - slept) / 2;
    assert_true(mean >= 200 && fabs(kit_measured(s, "max_mean") - mean) < 0.01);
    assert_true(kit_measured(s, "mean") >= 80 && kit_measured(s, "mean") < kit_measured(s, "max_mean"));
    assert_true(kit_measured(s, "evictions") == 0);
    const char *table = kit_artifact(s, "slow-queries.txt");
    assert_non_null(strstr(table, "SELECT pg_sleep($1)"));
    assert_non_null(strstr(table, "SELECT count(*) FROM a WHERE t = $1"));
    assert_non_null(strstr(table, "ALTER ROLE postgres PASSWORD '...'"));
    assert_null(strstr(table, "hush"));
    assert_non_null(strstr(kit_log(s), "over 2 calls: SELECT pg_sleep($1)"));
    kit_step_free(s);
}

static void an_idle_database_is_no_data(void **state)
{
    (void)state;
    kit_step *s = step("postgres.slow_queries", "300ms");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    assert_non_null(strstr(kit_summary(s), "no statement ran 1 times or more on window in 0.3 s"));
    assert_true(isnan(kit_measured(s, "max_mean")));
    kit_step_free(s);
}

static void statements_that_ran_too_rarely_are_listed_and_not_judged(void **state)
{
    (void)state;
    kit_step *s = step("postgres.slow_queries", "4s");
    kit_set(s, "min_calls", "2");
    pid_t load = meanwhile(in_window("SELECT pg_sleep(0.4);\nSELECT count(*) FROM a;\nSELECT count(*) FROM a;"));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    meanwhile_end(load);
    assert_true(kit_measured(s, "max_mean") < 200);
    assert_non_null(strstr(kit_artifact(s, "slow-queries.txt"), "pg_sleep"));
    kit_step_free(s);
}

static void a_reset_in_the_window_is_an_error(void **state)
{
    (void)state;
    kit_step *s = step("postgres.slow_queries", "3s");
    pid_t trouble = meanwhile(in_window("SELECT pg_stat_statements_reset();"));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    meanwhile_end(trouble);
    assert_non_null(strstr(kit_summary(s), "were reset during the window"));
    kit_step_free(s);
}

static void evicted_statements_are_counted(void **state)
{
    (void)state;
    world_sql("window",
              "DO $$ BEGIN EXECUTE (SELECT 'CREATE TABLE wide (' || string_agg('c' || i || ' int', ', ') || ')'"
              " FROM generate_series(1, 80) i); END $$");
    kit_step *s = step("postgres.slow_queries", "8s");
    pid_t load = meanwhile(
        psql("load", "SET pg_stat_statements.track = 'all';\nDO $$ DECLARE x int; BEGIN"
                     " FOR i IN 1..80 LOOP FOR j IN 1..80 LOOP"
                     " EXECUTE format('SELECT c%s + c%s FROM wide', i, j) INTO x; END LOOP; END LOOP; END $$;"));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    meanwhile_end(load);
    assert_true(kit_measured(s, "evictions") >= 1);
    kit_step_free(s);
}

static void a_database_without_the_extension_is_refused_early(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("postgres.slow_queries");
    kit_set(s, "database", world_make("bare"));
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_RETRY);
    assert_non_null(strstr(kit_summary(s), "the database bare has no extension pg_stat_statements"));
    assert_non_null(strstr(kit_hint(s), "CREATE EXTENSION pg_stat_statements"));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    kit_set(s, "database", kit_path("postgresql://postgres@127.0.0.1:%d/bare", kit_free_port()));
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK); /* a server that another step may start */
    kit_step_free(s);
}

static void a_user_who_sees_only_its_own_statements_is_refused(void **state)
{
    (void)state;
    world_sql("window", "DROP ROLE IF EXISTS narrow; CREATE ROLE narrow LOGIN PASSWORD 'a-small-secret'");
    kit_step *s = step("postgres.slow_queries", "200ms");
    kit_set(s, "database", kit_path("postgresql://narrow:a-small-secret%s", strchr(url, '@')));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_non_null(strstr(kit_summary(s), "the user narrow sees only statements of its own"));
    world_sql("window", "GRANT pg_read_all_stats TO narrow");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    kit_step_free(s);
}

/* ---- locks ------------------------------------------------------------------------------------------------------- */

static void a_quiet_database_has_no_locks(void **state)
{
    (void)state;
    kit_step *s = step("postgres.locks", "300ms");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "blocked") == 0);
    assert_true(kit_measured(s, "longest_wait") == 0);
    assert_true(kit_measured(s, "deadlocks") == 0);
    assert_null(kit_artifact(s, "locks.txt"));
    kit_step_free(s);
}

/* Until so many sessions of the database are so. */
static void await_sessions(const char *condition, int n)
{
    const char *ask = kit_path("SELECT count(*) FROM pg_stat_activity WHERE datname = 'window' AND %s", condition);
    for (int i = 0; i < 500 && atoi(world_sql("postgres", ask)) != n; i++)
        usleep(20000);
}

static void who_waits_for_whom_is_said_without_values(void **state)
{
    (void)state;
    kit_step *s = step("postgres.locks", "2s");
    kit_set(s, "sample_every", "100ms");
    struct timespec begin, end;
    pid_t holder = meanwhile(psql("holder", "BEGIN;\nLOCK TABLE a;\nSELECT pg_sleep(60);\nCOMMIT;"));
    await_sessions("application_name = 'holder' AND query LIKE 'SELECT pg_sleep%'", 1);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    pid_t first = meanwhile(psql("first", "SELECT id FROM a WHERE t = 'hush';"));
    pid_t second = meanwhile(psql("second", "SELECT id FROM a WHERE t = 'hush';"));
    await_sessions("wait_event_type = 'Lock'", 2);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    clock_gettime(CLOCK_MONOTONIC, &end);
    world_sql("window",
              "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'holder'");
    meanwhile_end(holder);
    meanwhile_end(first);
    meanwhile_end(second);
    assert_true(kit_measured(s, "blocked") == 2);
    const double passed = (double)(end.tv_sec - begin.tv_sec) * 1000 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
    assert_true(kit_measured(s, "longest_wait") > 500 && kit_measured(s, "longest_wait") < passed);
    const char *seen = kit_artifact(s, "locks.txt");
    assert_non_null(strstr(seen, "first (pid "));
    assert_non_null(strstr(seen, "\"SELECT id FROM a WHERE t = '...';\" for holder (pid "));
    assert_non_null(strstr(kit_log(s), "the longest wait: "));
    assert_null(strstr(seen, "hush"));
    assert_null(strstr(kit_log(s), "hush"));
    kit_step_free(s);
}

static void waits_that_the_user_may_not_see_are_not_taken_for_none(void **state)
{
    (void)state;
    world_sql("window", "CREATE ROLE short_sighted LOGIN PASSWORD 'a-small-secret'");
    kit_step *s = step("postgres.locks", "1s");
    kit_set(s, "database", kit_path("postgresql://short_sighted:a-small-secret%s", strchr(url, '@')));
    pid_t holder = meanwhile(psql("holder", "BEGIN;\nLOCK TABLE a;\nSELECT pg_sleep(6);\nCOMMIT;"));
    pid_t waiter = meanwhile(psql("waiter", "SELECT pg_sleep(0.4);\nSELECT count(*) FROM a;"));
    const char *ask =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'waiter'";
    for (int i = 0; i < 100 && *world_sql("window", ask) == '0'; i++)
        usleep(20000);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_non_null(
        strstr(kit_summary(s), "the user short_sighted sees only its own sessions, not what the others on window (2)"));
    assert_non_null(strstr(kit_hint(s), "GRANT pg_read_all_stats TO \"short_sighted\""));
    world_sql("window", "GRANT pg_read_all_stats TO short_sighted");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "blocked") == 1);
    /* A server process that sleeps does not notice that its client left. */
    world_sql("window", "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                        " WHERE application_name IN ('holder', 'waiter')");
    meanwhile_end(holder);
    meanwhile_end(waiter);
    kit_step_free(s);
}

static void a_deadlock_is_counted(void **state)
{
    (void)state;
    kit_step *s = step("postgres.locks", "4s");
    pid_t one = meanwhile(psql("one", "SET deadlock_timeout = '100ms';\nBEGIN;\nUPDATE a SET t = '' WHERE id = 1;\n"
                                      "SELECT pg_sleep(0.5);\nUPDATE a SET t = '' WHERE id = 2;\nCOMMIT;"));
    pid_t two = meanwhile(psql("two", "SET deadlock_timeout = '100ms';\nBEGIN;\nUPDATE a SET t = '' WHERE id = 2;\n"
                                      "SELECT pg_sleep(0.5);\nUPDATE a SET t = '' WHERE id = 1;\nCOMMIT;"));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    meanwhile_end(one);
    meanwhile_end(two);
    assert_true(kit_measured(s, "deadlocks") == 1);
    kit_step_free(s);
}

static void a_cancelled_watch_ends_at_once(void **state)
{
    (void)state;
    static const char *const kinds[] = {"postgres.locks", "postgres.slow_queries"};
    for (size_t i = 0; i < 2; i++) {
        struct timespec before, after;
        kit_step *s = step(kinds[i], "25s");
        clock_gettime(CLOCK_MONOTONIC, &before);
        assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 500), BELAY_E_CANCELLED);
        clock_gettime(CLOCK_MONOTONIC, &after);
        assert_true(after.tv_sec - before.tv_sec <= 15);
        kit_step_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_the_statements_of_the_window_only),
        cmocka_unit_test(an_idle_database_is_no_data),
        cmocka_unit_test(statements_that_ran_too_rarely_are_listed_and_not_judged),
        cmocka_unit_test(a_reset_in_the_window_is_an_error),
        cmocka_unit_test(evicted_statements_are_counted),
        cmocka_unit_test(a_database_without_the_extension_is_refused_early),
        cmocka_unit_test(a_user_who_sees_only_its_own_statements_is_refused),
        cmocka_unit_test(a_quiet_database_has_no_locks),
        cmocka_unit_test(who_waits_for_whom_is_said_without_values),
        cmocka_unit_test(waits_that_the_user_may_not_see_are_not_taken_for_none),
        cmocka_unit_test(a_deadlock_is_counted),
        cmocka_unit_test(a_cancelled_watch_ends_at_once),
    };
    return cmocka_run_group_tests_name("postgres over a window", tests, set_up, NULL);
}
