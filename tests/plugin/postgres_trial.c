#include <string.h>

#include "migration_world.h"

/* No copy is left on the server. */
static void assert_no_copy(const migrations *m)
{
    const char *ask = kit_path("SELECT count(*) FROM pg_database WHERE datname LIKE '%s\\_trial%%'", m->database);
    assert_string_equal(world_sql("postgres", ask), "0\n");
}

static void the_files_are_tried_on_a_copy_that_goes_away(void **state)
{
    (void)state;
    migrations m = migrations_new("t_good");
    migrations_write(&m, "001_a.sql",
                     "UPDATE a SET t = 'x';\nCREATE INDEX idx_a ON a (t);\nCREATE VIEW v_a AS SELECT * FROM a;");
    const char *before = world_digest("t_good");
    kit_step *s = migrations_step(&m, "postgres.trial");
    kit_set_list(s, "expect_views", "v_*", NULL);
    run_phase(s, KIT_PREPARE, BELAY_OK);
    assert_contains(kit_plan(s), "by TEMPLATE to t_good_trial_");
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    assert_string_equal(kit_output(s, "applied"), "001_a.sql");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_no_copy(&m);
    assert_string_equal(world_digest("t_good"), before);
    assert_sql(&m, "SELECT to_regclass('v_a') IS NULL, to_regclass('belay_migrations') IS NULL", "t|t\n");
    run_phase(s, KIT_ROLLBACK, BELAY_NOTHING);
    kit_set_list(s, "expect_views", "w_*", NULL);
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "the database has no view like w_*");
    assert_no_copy(&m);
    kit_step_free(s);
}

static void a_failure_is_found_on_the_copy(void **state)
{
    (void)state;
    migrations m = migrations_new("t_bad");
    migrations_write(&m, "001_a.sql", "UPDATE a SET id = 1;\n");
    kit_step *s = migrations_step(&m, "postgres.trial");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_a.sql:1: 23505");
    assert_no_copy(&m);
    kit_step_free(s);
}

/* The sessions of both end, as when the server dies: the copy cannot be dropped, which is not what is told. */
static void of_a_server_that_goes_away_the_statement_is_told(void **state)
{
    (void)state;
    migrations m = migrations_new("t_gone");
    migrations_write(
        &m, "001_gone.sql",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND\n"
        "    pid <> pg_backend_pid();\nSELECT pg_terminate_backend(pg_backend_pid());\n");
    kit_step *s = migrations_step(&m, "postgres.trial");
    run_phase(s, KIT_EXECUTE, BELAY_E_RETRY);
    assert_contains(kit_summary(s), "001_gone.sql:3: the connection was lost");
    run_phase(s, KIT_ROLLBACK, BELAY_OK);
    assert_no_copy(&m);
    kit_step_free(s);
}

/* A migration that depends on the locale or on statistics must find in the copy what it will find later. */
static void a_copy_by_a_dump_has_the_properties_of_the_original(void **state)
{
    (void)state;
    migrations m = migrations_new("t_same");
    world_sql("postgres", "DROP DATABASE t_same");
    world_sql("postgres", "CREATE DATABASE t_same TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'");
    world_sql("t_same", "CREATE TABLE w AS SELECT unnest('{B,a,c}'::text[]) AS t");
    world_adorn("t_same");
    migrations_write(
        &m, "001_a.sql",
        "DO $$ BEGIN\n"
        "  ASSERT (SELECT string_agg(t, '' ORDER BY t) FROM public.w) = 'aBc', 'order';\n"
        "  ASSERT (SELECT reltuples FROM pg_class WHERE relname = 'w') = 3, 'statistics';\n"
        "  ASSERT (SELECT datconnlimit = 7 AND datacl IS NOT NULL AND shobj_description(oid, 'pg_database')"
        " LIKE 'the shop%' FROM pg_database WHERE datname = current_database()), 'properties';\n"
        "END $$;\nCREATE TABLE public.made ();\n");
    kit_step *s = migrations_step(&m, "postgres.trial");
    kit_set(s, "copy", "dump");
    run_phase(s, KIT_PREPARE, BELAY_OK);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    assert_no_copy(&m);
    kit_step_free(s);
}

static void a_database_in_use_is_copied_by_a_dump(void **state)
{
    (void)state;
    migrations m = migrations_new("t_used");
    migrations_write(&m, "001_a.sql", "DELETE FROM b; DELETE FROM a;");
    pid_t application = world_connect("t_used", "application");
    kit_step *s = migrations_step(&m, "postgres.trial");
    run_phase(s, KIT_PREPARE, BELAY_OK);
    assert_contains(kit_plan(s), "by a dump");
    kit_step *narrow =
        migrations_step(&m, "postgres.trial"); /* by a user whom the application's session is hidden from */
    kit_set(narrow, "database", world_own("t_used", "narrow", "CREATEDB"));
    run_phase(narrow, KIT_PREPARE, BELAY_OK);
    assert_contains(kit_plan(narrow), "by a dump");
    kit_step_free(narrow);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    assert_no_copy(&m);
    assert_sql(&m, "SELECT count(*) FROM a", "1000\n");
    kit_set(s, "copy", "template");
    run_phase(s, KIT_EXECUTE, BELAY_E_RETRY);
    assert_contains(kit_summary(s), "55006");
    assert_no_copy(&m);
    world_hang_up(application);
    kit_step_free(s);
}

static void a_killed_trial_leaves_a_copy_that_rollback_drops(void **state)
{
    (void)state;
    migrations m = migrations_new("t_kill");
    migrations_write(&m, "001_a.sql", "SELECT pg_sleep(20);");
    kit_step *s = migrations_step(&m, "postgres.trial");
    (void)kit_run_killed(s, KIT_EXECUTE, 0, 3000);
    run_phase(s, KIT_VERIFY, BELAY_E_FAIL);
    run_phase(s, KIT_ROLLBACK, BELAY_OK);
    assert_no_copy(&m);
    run_phase(s, KIT_ROLLBACK, BELAY_NOTHING);
    (void)kit_run_killed(s, KIT_EXECUTE, 1, 0);
    run_phase(s, KIT_ROLLBACK, BELAY_NOTHING);
    kit_step_free(s);
}

static void a_cancelled_trial_is_cleaned_up_by_rollback(void **state)
{
    (void)state;
    migrations m = migrations_new("t_cancel");
    migrations_write(&m, "001_a.sql", "SELECT pg_sleep(20);");
    kit_step *s = migrations_step(&m, "postgres.trial");
    assert_int_equal(kit_run_cancelled(s, KIT_EXECUTE, 3000), BELAY_E_CANCELLED);
    run_phase(s, KIT_ROLLBACK, BELAY_OK);
    assert_no_copy(&m);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_are_tried_on_a_copy_that_goes_away),
        cmocka_unit_test(a_failure_is_found_on_the_copy),
        cmocka_unit_test(of_a_server_that_goes_away_the_statement_is_told),
        cmocka_unit_test(a_copy_by_a_dump_has_the_properties_of_the_original),
        cmocka_unit_test(a_database_in_use_is_copied_by_a_dump),
        cmocka_unit_test(a_killed_trial_leaves_a_copy_that_rollback_drops),
        cmocka_unit_test(a_cancelled_trial_is_cleaned_up_by_rollback),
    };
    return cmocka_run_group_tests_name("postgres.trial", tests, NULL, NULL);
}
