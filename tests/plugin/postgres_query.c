#include <math.h>
#include <string.h>

#include "kit.h"
#include "postgres_world.h"

static kit_step *query(const char *sql)
{
    kit_step *s = kit_step_new("postgres.query");
    kit_set(s, "database", kit_postgres_database("app"));
    kit_set(s, "sql", sql);
    return s;
}

static int set_up(void **state)
{
    (void)state;
    world_make("app");
    return 0;
}

static void compares_text_and_numbers(void **state)
{
    (void)state;
    kit_step *s = query("SELECT count(*) FROM a");
    kit_set(s, "expect", "1000");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_set(s, "expect", "999");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_string_equal(kit_summary(s), "the query gave '1000', expected '999'");
    kit_step_free(s);

    s = query("SELECT count(*) FROM a");
    kit_set(s, "min", "1000");
    kit_set(s, "max", "1000.5");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "value") == 1000);
    kit_set(s, "min", "1001");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    kit_step_free(s);
}

static void a_value_that_is_not_a_finite_number_passes_no_limit(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *min, *max;
        belay_status expected;
    } cases[] = {
        {"SELECT 'NaN'::float8", NULL, "5", BELAY_NO_DATA},
        {"SELECT 'NaN'::numeric", "5", NULL, BELAY_NO_DATA},
        {"SELECT 'nan'", "0", "5", BELAY_NO_DATA},
        {"SELECT 'Infinity'::float8", NULL, "5", BELAY_E_FAIL},
        {"SELECT 'Infinity'::float8", "5", NULL, BELAY_NO_DATA},
        {"SELECT '-Infinity'::numeric", "5", NULL, BELAY_E_FAIL},
        {"SELECT '-Infinity'::float4", NULL, "5", BELAY_NO_DATA},
        {"SELECT '0x10'", "1", NULL, BELAY_E_FAIL},
        {"SELECT 9007199254740993", NULL, "9007199254740992", BELAY_E_FAIL},
        {"SELECT 9007199254740992", "9007199254740993", NULL, BELAY_E_FAIL},
        {"SELECT 9007199254740993", "9007199254740993", "9007199254740993", BELAY_OK},
        {"SELECT 0.1 + 0.2", NULL, "0.3", BELAY_OK},
        {"SELECT 1e300::float8", NULL, "1e299", BELAY_E_FAIL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_step *s = query(cases[i].sql);
        if (cases[i].min)
            kit_set(s, "min", cases[i].min);
        if (cases[i].max)
            kit_set(s, "max", cases[i].max);
        if (kit_run(s, KIT_VERIFY) != cases[i].expected)
            fail_msg("%s: %s", cases[i].sql, kit_summary(s));
        kit_step_free(s);
    }
    static const char *const bounds[] = {"NaN", "inf", "0x10", "5 apples", ""};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        kit_step *s = query("SELECT 1");
        kit_set(s, "max", bounds[i]);
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
        assert_string_equal(kit_option_to_blame(s), "max");
        kit_step_free(s);
    }
}

static void nothing_to_compare_is_no_data(void **state)
{
    (void)state;
    kit_step *s = query("SELECT id FROM b");
    kit_set(s, "min", "0");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    kit_set(s, "sql", "SELECT avg(id) FROM b");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    kit_step_free(s);
}

static void too_few_rows_fail(void **state)
{
    (void)state;
    kit_step *s = query("SELECT * FROM b");
    kit_set(s, "min_rows", "1");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_true(kit_measured(s, "rows") == 0);
    kit_step_free(s);
}

static void cannot_write(void **state)
{
    (void)state;
    kit_step *s = query("DELETE FROM a RETURNING 1");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "25006")); /* read_only_sql_transaction */
    kit_set(s, "sql", "COMMIT; DELETE FROM a");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_string_equal(world_sql("app", "SELECT count(*) FROM a"), "1000\n");
    kit_step_free(s);
}

static void a_slow_query_is_stopped(void **state)
{
    (void)state;
    kit_step *s = query("SELECT pg_sleep(20)");
    kit_set(s, "query_timeout", "100ms");
    assert_true(kit_run(s, KIT_VERIFY) < 0);
    assert_non_null(strstr(kit_summary(s), "statement timeout"));
    kit_set(s, "query_timeout", "30s");
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 300), BELAY_E_CANCELLED);
    kit_step_free(s);
}

/* A server that is in COPY gives that state for ever to those who only ask for results. */
static void a_copy_gives_nothing_to_compare(void **state)
{
    (void)state;
    kit_step *s = query("COPY a TO STDOUT");
    kit_limit(s, 10000);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "the statement is a COPY, which gives no rows"));
    kit_set(s, "sql", "COPY (SELECT 1) TO STDOUT (FORMAT binary)");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    kit_set(s, "sql", "COPY a FROM STDIN"); /* refused in a transaction that cannot write */
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    kit_set(s, "sql", "COPY (SELECT repeat('x', 9000), pg_sleep(0.1) FROM generate_series(1, 1000)) TO STDOUT");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    kit_set(s, "sql", "COPY (SELECT pg_sleep(0.1) FROM generate_series(1, 1000)) TO STDOUT");
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 500), BELAY_E_CANCELLED);
    kit_step_free(s);
}

static void sessions_waits_until_the_others_are_gone(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("postgres.sessions");
    kit_set(s, "database", kit_postgres_database("app"));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    pid_t app = world_connect("app", "billing");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    assert_non_null(strstr(kit_summary(s), "billing (user postgres"));
    assert_true(kit_measured(s, "sessions") == 1);
    kit_set_list(s, "allow", "monitor", "bill.*", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_set_list(s, "allow", "ill", NULL); /* whole names, not parts */
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    world_hang_up(app);
    assert_int_equal(kit_verify_until(s, 5), BELAY_OK);
    kit_set_list(s, "allow", "(", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    kit_step_free(s);
}

/* PostgreSQL hides the type of others' sessions from such a user, and with it all that can be counted. */
static void sessions_that_the_user_may_not_see_are_not_taken_for_none(void **state)
{
    (void)state;
    world_sql("app", "CREATE ROLE narrow LOGIN PASSWORD 'a-small-secret'");
    kit_step *s = kit_step_new("postgres.sessions");
    kit_set(s, "database", kit_path("postgresql://narrow:a-small-secret%s", strchr(kit_postgres_database("app"), '@')));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK); /* there is nothing to hide */
    pid_t app = world_connect("app", "billing");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_string_equal(kit_summary(s),
                        "the user narrow sees only its own sessions, not what the others on app (1) are "
                        "and do: it lacks the right pg_read_all_stats");
    assert_string_equal(kit_hint(s), "as a superuser: GRANT pg_read_all_stats TO \"narrow\"");
    kit_set_list(s, "allow", "bill.*", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_set_list(s, "allow", "monitor", NULL);
    world_sql("app", "GRANT pg_read_all_stats TO narrow");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    assert_non_null(strstr(kit_summary(s), "billing (user postgres"));
    world_sql("app", "REVOKE pg_read_all_stats FROM narrow");
    world_hang_up(app);
    assert_int_equal(kit_verify_until(s, 5), BELAY_OK);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_text_and_numbers),
        cmocka_unit_test(a_value_that_is_not_a_finite_number_passes_no_limit),
        cmocka_unit_test(nothing_to_compare_is_no_data),
        cmocka_unit_test(too_few_rows_fail),
        cmocka_unit_test(cannot_write),
        cmocka_unit_test(a_slow_query_is_stopped),
        cmocka_unit_test(a_copy_gives_nothing_to_compare),
        cmocka_unit_test(sessions_waits_until_the_others_are_gone),
        cmocka_unit_test(sessions_that_the_user_may_not_see_are_not_taken_for_none),
    };
    return cmocka_run_group_tests_name("postgres.query and sessions", tests, set_up, NULL);
}
