/* postgres.diagnose with real causes, on a real server. */
#include <string.h>
#include <unistd.h>

#include "collector.h"
#include "meanwhile.h"
#include "postgres_world.h"

static const char *url;

static int set_up(void **state)
{
    (void)state;
    url = world_make("diagnose");
    world_sql("diagnose", "CREATE EXTENSION pg_stat_statements");
    return 0;
}

static kit_step *step(const char *database)
{
    kit_step *s = kit_step_new("postgres.diagnose");
    kit_set(s, "database", database);
    return s;
}

/* psql over the statements, in one session, by the application name. */
static const char *psql(const char *application, const char *sql)
{
    return kit_path("PGAPPNAME=%s psql -X -q -d '%s' <<'END'\n%s\nEND\n", application, url, sql);
}

/* Waits until the query gives 1; what goes on elsewhere takes its time. */
static void await(const char *sql)
{
    for (int i = 0; i < 200; i++, usleep(50000))
        if (strcmp(world_sql("diagnose", sql), "1\n") == 0)
            return;
    fail_msg("this never came true: %s", sql);
}

static void a_sound_database_gives_lists_and_no_finding(void **state)
{
    (void)state;
    kit_step *s = step(url);
    assert_string_equal(collector_findings(s), "");
    collector_found(kit_artifact(s, "databases.txt"), "database=diagnose  this_one=t");
    collector_found(kit_artifact(s, "indexes.txt"), "index=a_pkey  valid=t");
    collector_found(kit_artifact(s, "connections.txt"), "most=");
    kit_step_free(s);
}

static void why_there_is_no_connection_is_found(void **state)
{
    (void)state;
    const char *at = strchr(url, '@');
    const struct {
        const char *database, *says;
    } cases[] = {
        {kit_path("postgresql://postgres:not-the-password%s", at), "password authentication failed for user"},
        {kit_postgres_database("not_there"), "database \\\"not_there\\\" does not exist"},
        {kit_path("postgresql://postgres@127.0.0.1:%d/x", kit_free_port()), "Connection refused"},
        {"postgresql://postgres@no-such-host.invalid/x", "could not translate host name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_step *s = step(cases[i].database);
        const char *found = collector_findings(s);
        collector_found(found, "{\"weight\": 88, \"text\": \"no connection to the database ");
        collector_found(found, cases[i].says);
        assert_null(strstr(found, "not-the-password"));
        kit_step_free(s);
    }
}

static void who_waits_for_whose_lock_is_found_by_pid_user_and_query(void **state)
{
    (void)state;
    pid_t holder = meanwhile(psql("billing", "BEGIN;\nUPDATE a SET t = 'hush' WHERE id = 1;\nSELECT pg_sleep(20);"));
    await("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'billing' AND query LIKE '%pg_sleep%'");
    pid_t waiter = meanwhile(psql("migration", "SET lock_timeout = '20s';\nALTER TABLE a ADD COLUMN n int;"));
    await("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'migration' AND wait_event_type = 'Lock'");
    const char *pid = world_sql("diagnose", "SELECT pid FROM pg_stat_activity WHERE application_name = 'billing'");
    kit_step *s = step(url);
    const char *found = collector_findings(s);
    collector_found(found, "{\"weight\": 93, \"text\": \"migration (pid ");
    collector_found(found, "waits in \\\"ALTER TABLE a ADD COLUMN n int;\\\" for a lock that billing holds (pid ");
    collector_found(found, kit_path("billing holds (pid %.*s, user postgres, active: \\\"SELECT pg_sleep(?);\\\")",
                                    (int)strcspn(pid, "\n"), pid));
    assert_null(strstr(found, "hush"));
    meanwhile_end(waiter);
    meanwhile_end(holder);
    kit_step_free(s);
}

static void who_held_the_lock_that_timed_out_is_found_after_the_fact(void **state)
{
    (void)state;
    pid_t holder = meanwhile(psql("report", "BEGIN;\nLOCK TABLE b;\nSELECT pg_sleep(20);"));
    await("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'report' AND"
          " xact_start < clock_timestamp() - interval '1.1 s'");
    kit_step *s = step(url);
    collector_found(collector_findings(s), "{\"weight\": 40, \"text\": \"report (pid ");
    kit_step_free(s);
    s = step(url);
    kit_fact(s, "failure.summary", "006_indexes.sql:3: 55P03 canceling statement due to lock timeout");
    collector_found(collector_findings(s), "{\"weight\": 92, \"text\": \"report (pid ");
    collector_found(kit_artifact(s, "findings.jsonl"), "holds locks on b and has been active for ");
    collector_found(kit_artifact(s, "holders.txt"), "application=report");
    meanwhile_end(holder);
    kit_step_free(s);
}

static void an_invalid_index_is_found(void **state)
{
    (void)state;
    world_sql("diagnose", "INSERT INTO a VALUES (2001, 'twice'), (2002, 'twice')");
    assert_int_not_equal(
        kit_status_of("psql", "-X", "-q", "-d", url, "-c", "CREATE UNIQUE INDEX CONCURRENTLY idx_a_t ON a (t)", NULL),
        0);
    kit_step *s = step(url);
    collector_found(collector_findings(s),
                    "{\"weight\": 89, \"text\": \"index idx_a_t of a is invalid: a CREATE INDEX CONCURRENTLY");
    world_sql("diagnose", "DROP INDEX idx_a_t; DELETE FROM a WHERE id > 2000");
    kit_step_free(s);
}

static void a_slow_statement_explains_slowness_and_nothing_else(void **state)
{
    (void)state;
    world_sql("diagnose", "SELECT pg_stat_statements_reset()");
    for (int i = 0; i < 2; i++)
        world_sql("diagnose", "SELECT pg_sleep(0.6)");
    kit_step *s = step(url);
    collector_found(collector_findings(s), "{\"weight\": 30, \"text\": \"a statement takes 6");
    kit_step_free(s);
    s = step(url);
    kit_fact(s, "failure.summary", "p95 is 812 ms (> 500ms)");
    collector_found(collector_findings(s), "{\"weight\": 70, \"text\": \"a statement takes 6");
    collector_found(kit_artifact(s, "findings.jsonl"), "on average over 2 calls: \\\"SELECT pg_sleep(");
    kit_step_free(s);
}

static void it_writes_nothing_and_leaves_no_session(void **state)
{
    (void)state;
    const char *before = world_digest("diagnose");
    kit_step *s = step(url);
    (void)collector_findings(s);
    assert_string_equal(world_digest("diagnose"), before);
    await("SELECT (count(*) = 0)::int FROM pg_stat_activity WHERE application_name = 'belay'");
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_database_gives_lists_and_no_finding),
        cmocka_unit_test(why_there_is_no_connection_is_found),
        cmocka_unit_test(who_waits_for_whose_lock_is_found_by_pid_user_and_query),
        cmocka_unit_test(who_held_the_lock_that_timed_out_is_found_after_the_fact),
        cmocka_unit_test(an_invalid_index_is_found),
        cmocka_unit_test(a_slow_statement_explains_slowness_and_nothing_else),
        cmocka_unit_test(it_writes_nothing_and_leaves_no_session),
    };
    return cmocka_run_group_tests_name("postgres.diagnose", tests, set_up, NULL);
}
