#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "migration_world.h"

static kit_step *check(const migrations *m)
{
    return migrations_step(m, "postgres.migrations");
}

/* A folder alone; no database is asked. */
static kit_step *check_files(const char *const *names)
{
    const char *dir = kit_folder();
    for (; *names; names++)
        kit_write(kit_path("%s/%s", dir, *names), "SELECT 1;\n");
    kit_step *s = kit_step_new("postgres.migrations");
    kit_set(s, "dir", dir);
    return s;
}

#define FILES(...) check_files((const char *const[]){__VA_ARGS__, NULL})

static void refused(kit_step *s, const char *why)
{
    run_phase(s, KIT_VERIFY, BELAY_E_FAIL);
    assert_contains(kit_summary(s), why);
    kit_step_free(s);
}

static void the_order_is_the_numbers_order(void **state)
{
    (void)state;
    kit_step *s = FILES("010_c.sql", "009_b.sql", "008_a.sql", "008_a.down.sql", "README.txt");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_string_equal(kit_output(s, "pending"), "008_a.sql,009_b.sql,010_c.sql");
    assert_string_equal(kit_output(s, "count"), "3");
    assert_true(kit_measured(s, "pending") == 3);
    assert_contains(kit_log(s), "pending 008_a.sql sha256 ");
    assert_contains(kit_log(s), "without a database");
    kit_step_free(s);
}

static void an_ambiguous_order_is_refused(void **state)
{
    (void)state;
    refused(FILES("001_a.sql", "001_b.sql"), "001_a.sql and 001_b.sql have the same number");
    refused(FILES("1_a.sql", "01_b.sql"), "have the same number");
    refused(FILES("9_a.sql", "10_b.sql"), "9_a.sql comes before 10_b.sql by number, but after it by name");
    refused(FILES("001_a.sql", "003_b.sql"), "between 001_a.sql and 003_b.sql one file is missing");
    refused(FILES("001_a.sql", "README.sql"), "README.sql: the name begins with no number");
    refused(FILES("a.txt"), "has no file that matches *.sql");
}

/* diesel and Laravel; dates are compared as dates, whatever their time of day and their separators are. */
static void dates_in_names_are_read_whole(void **state)
{
    (void)state;
    kit_step *s = FILES("2017-01-24-093022_b.sql", "2017-01-23-235959_a.sql", "2017-12-01-000001_d.sql",
                        "2017-02-03_c.sql", "2018_10_12_000000_e.sql");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_string_equal(kit_output(s, "pending"), "2017-01-23-235959_a.sql,2017-01-24-093022_b.sql,2017-02-03_c.sql,"
                                                  "2017-12-01-000001_d.sql,2018_10_12_000000_e.sql");
    kit_set(s, "first", "20170203000000");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_string_equal(kit_output(s, "count"), "3");
    kit_step_free(s);
    refused(FILES("2017-01-24_a.sql", "2017-01-24_b.sql"), "have the same number");
    refused(FILES("2017-13-24-093022_a.sql", "2017-13-25-093022_b.sql"), "have the same number");
}

static void what_the_pattern_leaves_out_is_counted_and_named(void **state)
{
    (void)state;
    kit_step *s = FILES("001_a.sql", "001_a.down.sql", "002_B.SQL", "003_c.sql.bak", "README.md", ".hidden");
    const char *dir = kit_folder();
    assert_int_equal(kit_status_of("mkdir", kit_path("%s/2024", dir), NULL), 0);
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_contains(kit_log(s), "3 in ");
    assert_contains(kit_log(s), "not matched by the pattern *.sql, and left out: 002_B.SQL, 003_c.sql.bak, README.md");
    kit_set(s, "dir", dir);
    kit_write(kit_path("%s/001_a.sql", dir), "SELECT 1;");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_contains(kit_log(s), "left out: 2024/");
    kit_step_free(s);
}

/* After a newer run was discarded, its older release may be deployed again. */
static void a_release_older_than_the_database_is_told_the_way(void **state)
{
    (void)state;
    migrations m = migrations_new("c_older");
    migrations_write(&m, "001_a.sql", "CREATE TABLE t (id integer);");
    migrations_write(&m, "002_b.sql", "CREATE TABLE u (id integer);");
    migrations_write(&m, "003_c.sql", "CREATE TABLE v (id integer);");
    kit_step *apply = migrations_step(&m, "postgres.migrate");
    kit_set(apply, "undo", "none");
    run_phase(apply, KIT_EXECUTE, BELAY_OK);
    kit_step_free(apply);
    migrations_remove(&m, "002_b.sql");
    migrations_remove(&m, "003_c.sql");
    kit_step *s = check(&m);
    run_phase(s, KIT_VERIFY, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "002_b.sql was applied to the database by run 20260101-000000-test/step, but ");
    assert_contains(kit_summary(s), "ends before it (2 files)");
    assert_contains(kit_hint(s), "restore a backup from before it with postgres.restore; or set newer = \"allow\"");
    kit_set(s, "newer", "allow");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_string_equal(kit_output(s, "count"), "0");
    assert_contains(kit_log(s), "002_b.sql was applied by a newer release");
    kit_step_free(s);
}

static void gaps_may_be_allowed(void **state)
{
    (void)state;
    kit_step *s = FILES("20240101120000_a.sql", "20240307090000_b.sql");
    kit_set(s, "gaps", "allow");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    kit_step_free(s);
}

static void what_came_before_belay_is_left_alone(void **state)
{
    (void)state;
    kit_step *s = FILES("001_a.sql", "001_b.sql", "006_c.sql", "007_d.sql");
    kit_set(s, "first", "6");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_string_equal(kit_output(s, "pending"), "006_c.sql,007_d.sql");
    kit_set(s, "first", "5");
    run_phase(s, KIT_VERIFY, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "005");
    kit_step_free(s);
}

static void expected_files_must_be_there(void **state)
{
    (void)state;
    kit_step *s = FILES("006_composite_indexes.sql", "007_metrics_views.sql");
    kit_set_list(s, "expect", "006_composite_indexes.sql", "007_*", NULL);
    run_phase(s, KIT_VERIFY, BELAY_OK);
    kit_set_list(s, "expect", "008_*", NULL);
    refused(s, "matches 008_*, which is expected");
}

static void a_missing_folder_is_the_options_fault(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("postgres.migrations");
    kit_set(s, "dir", "/not/there");
    run_phase(s, KIT_VERIFY, BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "dir");
    kit_step_free(s);
}

static void statements_are_printed_as_json(void **state)
{
    (void)state;
    migrations m = migrations_new("c_json");
    migrations_write(&m, "001_a.sql", "-- first\nSELECT 'ä\t\"\\',\n\n  1;\n\nCOPY a FROM stdin;\n1\n\\.\nSELECT 2");
    kit_step *s = check(&m);
    kit_set(s, "statements", "true");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_string_equal(kit_artifact(s, "statements.jsonl"),
                        "{\"file\": \"001_a.sql\", \"line\": 2, \"text\": \"SELECT 'ä\\u0009\\\"\\\\',\\n  1;\"}\n"
                        "{\"file\": \"001_a.sql\", \"line\": 6, \"text\": \"COPY a FROM stdin;\"}\n"
                        "{\"file\": \"001_a.sql\", \"line\": 9, \"text\": \"SELECT 2\"}\n");
    assert_contains(kit_log(s), "{\"file\": \"001_a.sql\", \"line\": 9, \"text\": \"SELECT 2\"}");
    kit_step_free(s);
}

static void bytes_that_are_no_text_are_printed_as_such(void **state)
{
    (void)state;
    migrations m = migrations_new("c_bytes");
    migrations_write(&m, "001_a.sql", "SELECT '\xff\xc3\xf0\x9f\x98\x80\xed';");
    kit_step *s = check(&m);
    kit_set(s, "statements", "true");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_contains(kit_artifact(s, "statements.jsonl"),
                    "SELECT '\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd';");
    kit_step_free(s);
}

static void applied_files_are_not_pending(void **state)
{
    (void)state;
    migrations m = migrations_new("c_pending");
    migrations_write(&m, "001_a.sql", "CREATE TABLE t (id integer);");
    kit_step *apply = migrations_step(&m, "postgres.migrate");
    kit_set(apply, "undo", "none");
    run_phase(apply, KIT_EXECUTE, BELAY_OK);
    kit_step_free(apply);
    migrations_write(&m, "002_b.sql", "CREATE TABLE u (id integer);");
    kit_step *s = check(&m);
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_string_equal(kit_output(s, "pending"), "002_b.sql");

    migrations_write(&m, "001_a.sql", "CREATE TABLE t (id bigint);");
    run_phase(s, KIT_VERIFY, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_a.sql changed since it was applied");
    migrations_write(&m, "001_a.sql", "CREATE TABLE t (id integer);");
    migrations_write(&m, "000_late.sql", "SELECT 1;");
    run_phase(s, KIT_VERIFY, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "000_late.sql is not applied, but 001_a.sql, which comes after it, is");
    kit_set(s, "out_of_order", "allow");
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_string_equal(kit_output(s, "pending"), "000_late.sql,002_b.sql");
    kit_step_free(s);
}

static void what_cannot_be_sent_is_found_before_anything_is_touched(void **state)
{
    (void)state;
    migrations m = migrations_new("c_problems");
    kit_step *s = check(&m);
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"SELECT 1;\n\\include other.sql\n", "001_a.sql:2: \\include is a command of psql"},
        {"SELECT :'USER';\n", "001_a.sql:1: :'USER' is a variable of psql"},
        {"SELECT 1;\n\nSELECT 'a;\n", "001_a.sql:3: the string that begins here has no end"},
        {"SELECT 1;\nSELECT (1;\n", "001_a.sql:2: the parenthesis"},
        {"SAVEPOINT a;\n", "001_a.sql:1: SAVEPOINT: the file controls transactions itself"},
        {"SELECT 1; /* x */ COMMIT;\n", "001_a.sql:1: COMMIT: the file controls transactions itself"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        migrations_write(&m, "001_a.sql", cases[i].text);
        run_phase(s, KIT_VERIFY, BELAY_E_FAIL);
        assert_contains(kit_summary(s), cases[i].why);
    }
    kit_step_free(s);
}

static void the_ledger_has_the_name_that_is_asked_for(void **state)
{
    (void)state;
    migrations m = migrations_new("c_ledger");
    world_sql("c_ledger", "CREATE SCHEMA ops");
    migrations_write(&m, "001_a.sql", "CREATE TABLE t (id integer);");
    kit_step *apply = migrations_step(&m, "postgres.migrate");
    kit_set(apply, "undo", "none");
    kit_set(apply, "ledger", "ops.deploys");
    run_phase(apply, KIT_EXECUTE, BELAY_OK);
    assert_sql(&m, "SELECT file FROM ops.deploys", "001_a.sql\n");
    kit_set(apply, "ledger", "deploys; DROP TABLE t");
    run_phase(apply, KIT_EXECUTE, BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(apply), "ledger");
    kit_step_free(apply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_the_numbers_order),
        cmocka_unit_test(an_ambiguous_order_is_refused),
        cmocka_unit_test(dates_in_names_are_read_whole),
        cmocka_unit_test(what_the_pattern_leaves_out_is_counted_and_named),
        cmocka_unit_test(a_release_older_than_the_database_is_told_the_way),
        cmocka_unit_test(gaps_may_be_allowed),
        cmocka_unit_test(what_came_before_belay_is_left_alone),
        cmocka_unit_test(expected_files_must_be_there),
        cmocka_unit_test(a_missing_folder_is_the_options_fault),
        cmocka_unit_test(statements_are_printed_as_json),
        cmocka_unit_test(bytes_that_are_no_text_are_printed_as_such),
        cmocka_unit_test(applied_files_are_not_pending),
        cmocka_unit_test(what_cannot_be_sent_is_found_before_anything_is_touched),
        cmocka_unit_test(the_ledger_has_the_name_that_is_asked_for),
    };
    return cmocka_run_group_tests_name("postgres.migrations", tests, NULL, NULL);
}
