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

static void keeps_owner_settings_and_privileges(void **state)
{
    (void)state;
    const char *ask =
        "SELECT pg_get_userbyid(datdba), (SELECT string_agg(coalesce(setrole::regrole::text, '-') || "
        "array_to_string(setconfig, ';'), '|' ORDER BY setrole) FROM pg_db_role_setting s WHERE "
        "s.setdatabase = d.oid), (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(datacl) a) "
        "FROM pg_database d WHERE datname = 'app'";
    const char *url = world_make("app");
    world_sql("postgres", "DROP ROLE IF EXISTS \"odd name\"");
    world_sql("postgres", "CREATE ROLE \"odd name\"");
    world_sql("postgres", "ALTER DATABASE app SET search_path = \"$user\", public, \"Odd Schema\"");
    world_sql("postgres", "ALTER DATABASE app SET work_mem = '7MB'");
    world_sql("postgres", "ALTER ROLE \"odd name\" IN DATABASE app SET statement_timeout = '9s'");
    world_sql("postgres", "REVOKE ALL ON DATABASE app FROM PUBLIC");
    world_sql("postgres", "GRANT CONNECT ON DATABASE app TO \"odd name\" WITH GRANT OPTION");
    world_sql("postgres", "ALTER DATABASE app OWNER TO \"odd name\"");
    const char *before = world_sql("postgres", ask);
    kit_step *s = snapshot(url);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(world_sql("postgres", ask), before);
    assert_int_equal(kit_run(s, KIT_DISCARD), BELAY_OK);
    world_sql("postgres", "ALTER DATABASE app OWNER TO postgres; ");
    kit_step_free(s);
}

static void survives_being_killed_at_each_record(void **state)
{
    (void)state;
    for (int n = 1; n <= 5; n++) {
        kit_step *s = snapshot(world_make("app"));
        const char *before = world_digest("app");
        assert_int_equal(kit_run_killed(s, KIT_EXECUTE, n, 0), KIT_BROKEN);
        belay_status status = kit_run(s, KIT_ROLLBACK);
        assert_true(status == BELAY_OK || status == BELAY_NOTHING);
        assert_string_equal(world_digest("app"), before);
        assert_int_equal(kit_run(s, KIT_DISCARD) >= 0, 1);
        kit_step_free(s);
    }
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
        cmocka_unit_test(keeps_owner_settings_and_privileges),
        cmocka_unit_test(survives_being_killed_at_each_record),
        cmocka_unit_test(a_snapshot_that_somebody_dropped_is_no_success),
        cmocka_unit_test(a_copy_cut_short_does_not_appear_after_the_rollback),
        cmocka_unit_test(a_wrong_password_is_a_clear_failure),
    };
    return cmocka_run_group_tests_name("postgres.snapshot", tests, NULL, NULL);
}
