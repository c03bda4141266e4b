#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "postgres_world.h"

static kit_step *snapshot(const char *url)
{
    kit_step *s = kit_step_new("postgres.snapshot");
    kit_set(s, "database", url);
    return s;
}

static void run_phase(kit_step *s, kit_phase phase, belay_status wanted)
{
    belay_status status = kit_run(s, phase);
    if (status != wanted)
        fail_msg("phase %d ended with %d, not %d: %s\n%s", (int)phase, status, wanted, kit_summary(s), kit_log(s));
}

static void copies_and_swaps_back(void **state)
{
    (void)state;
    kit_step *s = snapshot(world_make("app"));
    const char *before = world_digest("app");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_non_null(strstr(kit_plan(s), "copy database app"));
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(world_has(kit_output(s, "name")));

    world_sql("app", "DELETE FROM a WHERE id > 500; INSERT INTO a SELECT -i, 'new' FROM generate_series(1, 7) i");
    assert_string_not_equal(world_digest("app"), before);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(world_digest("app"), before);
    assert_non_null(strstr(kit_log(s), "is kept as app_broken_"));
    assert_int_equal(atoi(world_sql(kit_undo(s, "aside"), "SELECT count(*) FROM a")), 507);

    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_NOTHING);
    assert_string_equal(world_digest("app"), before);
    assert_int_equal(kit_run(s, KIT_DISCARD), BELAY_OK);
    assert_false(world_has(kit_undo(s, "aside")));
    assert_false(world_has(kit_undo(s, "snapshot")));
    kit_step_free(s);
}

static void says_how_much_was_written_since(void **state)
{
    (void)state;
    kit_step *s = snapshot(world_make("app"));
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    world_sql("app",
              "INSERT INTO a SELECT i, 'x' FROM generate_series(2001, 2042) i; UPDATE a SET t = 'y' WHERE id <= 3;"
              "DELETE FROM a WHERE id = 9");
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_non_null(strstr(kit_log(s), "42 rows inserted, 3 updated, 1 deleted"));
    assert_non_null(strstr(kit_log(s), " UTC is kept as app_broken_"));
    assert_string_equal(kit_output(s, "aside"), kit_undo(s, "aside"));
    run_phase(s, KIT_DISCARD, BELAY_OK);
    assert_non_null(strstr(kit_log(s), kit_path("dropping the database %s, which the rollback", kit_undo(s, "aside"))));
    assert_non_null(strstr(kit_log(s), "42 rows inserted, 3 updated, 1 deleted"));
    kit_step_free(s);
}

static void is_refused_while_an_application_is_connected(void **state)
{
    (void)state;
    kit_step *s = snapshot(world_make("app"));
    pid_t app = world_connect("app", "billing");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_RETRY);
    assert_non_null(strstr(kit_summary(s), "billing"));
    assert_null(kit_undo(s, "snapshot"));
    world_hang_up(app);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    kit_step_free(s);
}

static void swaps_back_though_somebody_is_connected(void **state)
{
    (void)state;
    kit_step *s = snapshot(world_make("app"));
    const char *before = world_digest("app");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    world_sql("app", "DELETE FROM a");
    pid_t app = world_connect("app", "stubborn");
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(world_digest("app"), before);
    world_hang_up(app);
    kit_step_free(s);
}

static void keeps_all_properties(void **state)
{
    (void)state;
    const char *url = world_make("app");
    world_adorn("app");
    world_sql("postgres", "ALTER DATABASE app OWNER TO \"odd name\"");
    const char *before = world_properties("app");
    kit_step *s = snapshot(url);
    run_phase(s, KIT_PREPARE, BELAY_OK);
    assert_string_equal(world_properties("app"), before);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_string_equal(world_properties(kit_output(s, "name")), before);
    run_phase(s, KIT_ROLLBACK, BELAY_OK);
    assert_string_equal(world_properties("app"), before);
    run_phase(s, KIT_DISCARD, BELAY_OK);
    assert_string_equal(world_beside("app"), "");
    kit_step_free(s);
}

static void a_template_stays_one_and_can_be_discarded(void **state)
{
    (void)state;
    kit_step *s = snapshot(world_make("tpl"));
    world_sql("postgres", "ALTER DATABASE tpl IS_TEMPLATE true");
    const char *before = world_properties("tpl");
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_ROLLBACK, BELAY_OK);
    assert_string_equal(world_properties("tpl"), before);
    run_phase(s, KIT_DISCARD, BELAY_OK);
    assert_string_equal(world_beside("tpl"), "");
    kit_step_free(s);
}

/* The owner may copy the database, but not what a superuser has set for it. */
static void a_copy_that_lacks_a_setting_is_not_swapped_in(void **state)
{
    (void)state;
    world_make("app");
    world_sql("postgres", "ALTER DATABASE app SET log_min_duration_statement = '5s'");
    world_sql("postgres", "REVOKE ALL ON DATABASE app FROM PUBLIC");
    const char *url = world_own("app", "plain_owner", "CREATEDB"), *before = world_properties("app");
    const char *oid = world_sql("postgres", "SELECT oid FROM pg_database WHERE datname = 'app'");
    kit_step *s = snapshot(url);
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "permission denied to set parameter \"log_min_duration_statement\""));
    assert_true(kit_run(s, KIT_VERIFY) < 0);
    run_phase(s, KIT_ROLLBACK, BELAY_NOTHING);
    assert_string_equal(world_sql("postgres", "SELECT oid FROM pg_database WHERE datname = 'app'"), oid);
    assert_string_equal(world_properties("app"), before);
    assert_string_equal(world_beside("app"), "");

    run_phase(s, KIT_PREPARE, BELAY_E_FAIL); /* and it is foreseen */
    assert_non_null(strstr(kit_summary(s), "permission denied to set parameter \"log_min_duration_statement\""));
    assert_non_null(strstr(kit_hint(s), "superuser"));
    assert_string_equal(world_properties("app"), before);
    kit_step_free(s);
}

/* Killed after CREATE DATABASE, before the last of the statements that follow it. */
static void a_copy_cut_short_is_made_again_or_dropped(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        const char *url = world_make("app");
        world_adorn("app");
        const char *before = world_properties("app"), *rows = world_digest("app");
        kit_step *s = snapshot(url);
        pid_t holder = world_hold_settings();
        assert_int_equal(kit_run_killed(s, KIT_EXECUTE, 0, 2500), KIT_BROKEN);
        assert_string_not_equal(world_beside("app"), "");
        world_hang_up(holder);
        assert_true(kit_run(s, KIT_VERIFY) < 0);
        if (again) {
            run_phase(s, KIT_EXECUTE, BELAY_OK);
            run_phase(s, KIT_VERIFY, BELAY_OK);
            assert_string_equal(world_properties(kit_output(s, "name")), before);
            world_sql("app", "DELETE FROM a WHERE id > 3");
        }
        run_phase(s, KIT_ROLLBACK, BELAY_OK);
        assert_string_equal(world_properties("app"), before);
        assert_string_equal(world_digest("app"), rows);
        if (!again)
            assert_string_equal(world_beside("app"), "");
        kit_step_free(s);
    }
}

static void a_copy_whose_properties_change_is_no_success(void **state)
{
    (void)state;
    kit_step *s = snapshot(world_make("app"));
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    world_sql("postgres", kit_path("ALTER DATABASE \"%s\" CONNECTION LIMIT 3", kit_output(s, "name")));
    world_sql("postgres", kit_path("COMMENT ON DATABASE \"%s\" IS 'x'", kit_output(s, "name")));
    run_phase(s, KIT_VERIFY, BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "connection limit, comment"));
    kit_step_free(s);
}

static void survives_being_killed_at_each_record(void **state)
{
    (void)state;
    enum { RECORDS = 7 };
    for (int n = 1; n <= RECORDS + 2; n++) { /* the last two, before the copy is made and after that, in both ways */
        const bool again = n > RECORDS;
        kit_step *s = snapshot(world_make("app"));
        world_sql("postgres", "ALTER DATABASE app SET work_mem = '7MB'");
        const char *rows = world_digest("app"), *before = world_properties("app");
        assert_int_equal(kit_run_killed(s, KIT_EXECUTE, again ? n - 2 : n, 0), KIT_BROKEN);
        if (again) {
            run_phase(s, KIT_EXECUTE, BELAY_OK);
            run_phase(s, KIT_VERIFY, BELAY_OK);
            assert_string_equal(world_properties(kit_output(s, "name")), before);
        }
        belay_status status = kit_run(s, KIT_ROLLBACK);
        assert_true(status == BELAY_OK || (!again && status == BELAY_NOTHING));
        assert_string_equal(world_digest("app"), rows);
        assert_string_equal(world_properties("app"), before);
        assert_true(kit_run(s, KIT_DISCARD) >= 0);
        assert_string_equal(world_beside("app"), "");
        kit_step_free(s);
    }
}

/* One before the migration, one after it: each takes the database back to its own time. */
static void two_snapshots_of_one_run_are_two_databases(void **state)
{
    (void)state;
    const char *url = world_make("app"), *rows = world_digest("app");
    kit_step *first = snapshot(url), *second = snapshot(url);
    kit_fact(first, "step.id", "before-the-migration-1");
    kit_fact(second, "step.id", "before-the-migration-2");
    run_phase(first, KIT_EXECUTE, BELAY_OK);
    world_sql("app", "DELETE FROM a WHERE id > 500");
    const char *half = world_digest("app");
    run_phase(second, KIT_EXECUTE, BELAY_OK);
    world_sql("app", "DELETE FROM a");
    run_phase(second, KIT_ROLLBACK, BELAY_OK);
    assert_string_equal(world_digest("app"), half);
    run_phase(first, KIT_ROLLBACK, BELAY_OK);
    assert_string_equal(world_digest("app"), rows);
    run_phase(second, KIT_DISCARD, BELAY_OK);
    run_phase(first, KIT_DISCARD, BELAY_OK);
    assert_string_equal(world_beside("app"), "");
    kit_step_free(second);
    kit_step_free(first);
}

/* A name of 63 bytes is cut for the copy's, between two characters. */
static void databases_of_any_name_encoding_and_locale(void **state)
{
    (void)state;
    static const struct {
        const char *name, *url, *create;
    } cases[] = {
        {"The Shop", "The%20Shop", ""},
        {"äöü€äöü€äöü€äöü€äöü€äöü€äöü€", NULL, ""},
        {"in_icu", "in_icu", "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk'"},
        {"in_latin1", "in_latin1", "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *name = cases[i].name, *at = cases[i].url ? cases[i].url : name;
        world_sql("postgres", kit_path("CREATE DATABASE \"%s\" %s", name, cases[i].create));
        world_sql(at, "CREATE TABLE a AS SELECT 'hä' AS t");
        const char *before = world_properties(name);
        kit_step *s = snapshot(kit_postgres_database(at));
        run_phase(s, KIT_PREPARE, BELAY_OK);
        run_phase(s, KIT_EXECUTE, BELAY_OK);
        run_phase(s, KIT_VERIFY, BELAY_OK);
        assert_true(world_has(kit_output(s, "name")));
        world_sql(at, "DROP TABLE a");
        run_phase(s, KIT_ROLLBACK, BELAY_OK);
        assert_string_equal(world_sql(at, "SELECT t FROM a"), "hä\n");
        assert_string_equal(world_properties(name), before);
        run_phase(s, KIT_DISCARD, BELAY_OK);
        kit_step_free(s);
    }
}

static void refuses(kit_step *s, const char *summary, const char *hint)
{
    run_phase(s, KIT_PREPARE, BELAY_E_FAIL);
    if (!strstr(kit_summary(s), summary) || !strstr(kit_hint(s), hint))
        fail_msg("%s (%s)", kit_summary(s), kit_hint(s));
}

/* The applications are stopped after prepare: what fails only then is down time for nothing. */
static void rights_that_are_missing_are_foreseen(void **state)
{
    (void)state;
    world_make("app");
    kit_step *s = snapshot(world_own("app", "plain_owner", "NOCREATEDB"));
    refuses(s, "plain_owner may not create databases", "ALTER ROLE \"plain_owner\" CREATEDB");
    world_own("app", "plain_owner", "CREATEDB");
    run_phase(s, KIT_PREPARE, BELAY_OK);
    world_sql("postgres", "ALTER DATABASE app OWNER TO postgres");
    refuses(s, "does not have the rights of postgres, which owns the database app", "GRANT \"postgres\" TO");
    kit_step_free(s);
}

static void another_version_of_the_collation_is_foreseen(void **state)
{
    (void)state;
    world_sql("postgres", "CREATE DATABASE moved TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'");
    world_sql("postgres", "UPDATE pg_database SET datcollversion = '1.2.3' WHERE datname = 'moved'");
    kit_step *s = snapshot(kit_postgres_database("moved"));
    refuses(s, "version 1.2.3 of its collation, and the system has",
            "ALTER DATABASE \"moved\" REFRESH COLLATION VERSION");
    world_sql("postgres", "ALTER DATABASE moved REFRESH COLLATION VERSION");
    run_phase(s, KIT_PREPARE, BELAY_OK);
    kit_step_free(s);
}

static void prepared_transactions_are_foreseen(void **state)
{
    (void)state;
    const char *url = world_make("app");
    world_sql("app", "BEGIN; DELETE FROM b; PREPARE TRANSACTION 'left behind'");
    kit_step *s = snapshot(url);
    run_phase(s, KIT_PREPARE, BELAY_OK); /* an application's, which ends in time */
    run_phase(s, KIT_EXECUTE, BELAY_E_RETRY);
    assert_non_null(strstr(kit_summary(s), "'left behind'"));
    for (int i = 0; i < 100 && kit_run(s, KIT_PREPARE) == BELAY_OK; i++)
        usleep(100 * 1000);
    refuses(s, "'left behind'", "ROLLBACK PREPARED");
    world_sql("app", "ROLLBACK PREPARED 'left behind'");
    run_phase(s, KIT_PREPARE, BELAY_OK);
    kit_step_free(s);
}

/* They belong to the database itself: its copy has none, and those of a database that is renamed go with it. */
static void subscriptions_and_slots_are_refused_or_left_on_purpose(void **state)
{
    (void)state;
    const char *url = world_make("app");
    world_sql("app", "SELECT pg_create_logical_replication_slot('changes', 'test_decoding')");
    world_sql("app", "CREATE SUBSCRIPTION feed CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p"
                     " WITH (connect = false, slot_name = NONE)");
    kit_step *s = snapshot(url);
    refuses(s, "app has replication slot changes, subscription feed", "replication = \"leave\"");
    assert_string_equal(kit_option_to_blame(s), "replication");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_null(kit_undo(s, "snapshot"));

    kit_set(s, "replication", "leave");
    run_phase(s, KIT_PREPARE, BELAY_OK);
    assert_non_null(strstr(kit_plan(s), "leave replication slot changes, subscription feed with the database that is"));
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_ROLLBACK, BELAY_OK);
    assert_non_null(strstr(kit_log(s), "replication slot changes, subscription feed stayed with app_broken_"));
    world_sql(kit_undo(s, "aside"), "DROP SUBSCRIPTION feed");
    world_sql(kit_undo(s, "aside"), "SELECT pg_drop_replication_slot('changes')");
    kit_step_free(s);
}

static void a_snapshot_that_somebody_dropped_is_no_success(void **state)
{
    (void)state;
    kit_step *s = snapshot(world_make("app"));
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    world_sql("app", "DELETE FROM a");
    world_sql("postgres", kit_path("DROP DATABASE \"%s\"", kit_output(s, "name")));
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "was made and is gone, so app stays as it is"));
    assert_non_null(strstr(kit_hint(s), "postgres.restore"));
    kit_step_free(s);
}

/* The server goes on with a copy whose client is dead. */
static void a_copy_cut_short_does_not_appear_after_the_rollback(void **state)
{
    (void)state;
    kit_step *s = snapshot(world_make("app"));
    pid_t holder = world_hold("app");
    assert_int_equal(kit_run_killed(s, KIT_EXECUTE, 0, 2000), KIT_BROKEN);
    assert_non_null(kit_undo(s, "snapshot"));
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_NOTHING);
    world_hang_up(holder);
    const char *at_work =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%' AND state = 'active'";
    for (int i = 0; i < 100 && atoi(world_sql("postgres", at_work)) > 0; i++)
        usleep(50000);
    assert_false(world_has(kit_undo(s, "snapshot")));
    kit_step_free(s);
}

static void a_wrong_password_is_a_clear_failure(void **state)
{
    (void)state;
    world_make("app");
    const char *at = strchr(kit_postgres_database("app"), '@');
    kit_step *s = snapshot(kit_path("postgresql://postgres:wrong-password-1%s", at));
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "password authentication failed"));
    assert_null(strstr(kit_summary(s), "wrong-password-1"));
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_and_swaps_back),
        cmocka_unit_test(says_how_much_was_written_since),
        cmocka_unit_test(is_refused_while_an_application_is_connected),
        cmocka_unit_test(swaps_back_though_somebody_is_connected),
        cmocka_unit_test(keeps_all_properties),
        cmocka_unit_test(a_template_stays_one_and_can_be_discarded),
        cmocka_unit_test(a_copy_that_lacks_a_setting_is_not_swapped_in),
        cmocka_unit_test(a_copy_cut_short_is_made_again_or_dropped),
        cmocka_unit_test(a_copy_whose_properties_change_is_no_success),
        cmocka_unit_test(survives_being_killed_at_each_record),
        cmocka_unit_test(rights_that_are_missing_are_foreseen),
        cmocka_unit_test(another_version_of_the_collation_is_foreseen),
        cmocka_unit_test(two_snapshots_of_one_run_are_two_databases),
        cmocka_unit_test(databases_of_any_name_encoding_and_locale),
        cmocka_unit_test(a_snapshot_that_somebody_dropped_is_no_success),
        cmocka_unit_test(a_copy_cut_short_does_not_appear_after_the_rollback),
        cmocka_unit_test(a_wrong_password_is_a_clear_failure),
        cmocka_unit_test(prepared_transactions_are_foreseen),
        cmocka_unit_test(subscriptions_and_slots_are_refused_or_left_on_purpose),
    };
    return cmocka_run_group_tests_name("postgres.snapshot", tests, NULL, NULL);
}
