/* postgres.migrate on files of other tools, which keep both directions in one file or in two. */
#include <string.h>

#include "migration_world.h"

static kit_step *migrate(const migrations *m)
{
    kit_step *s = migrations_step(m, "postgres.migrate");
    kit_set(s, "undo", "none");
    return s;
}

/* Files of tools that keep both directions in one; the second way to write the marker, where there is one, and what
 * only looks like one. */
static void of_a_file_with_both_directions_only_the_up_part_runs(void **state)
{
    (void)state;
    static const struct {
        const char *text, *down;
    } files[] = {
        {"-- +goose Up\nCREATE TABLE orders (id int);\n-- +goose Down\nDROP TABLE orders;\n",
         "-- +goose Down (line 3)"},
        {"--+goose  up\r\nCREATE TABLE orders (id int);\r\n\t-- +GOOSE down\r\nDROP TABLE orders;\r\n",
         "-- +goose Down (line 3)"},
        {"-- migrate:up transaction:true\nCREATE TABLE orders (id int);\n\n-- migrate:down\nDROP TABLE orders;\n",
         "-- migrate:down (line 4)"},
        {"-- +migrate Up\nCREATE TABLE orders (id int);\n-- +migrate Down\nDROP TABLE orders;\n",
         "-- +migrate Down (line 3)"},
        {"-- +micrate Up\nCREATE TABLE orders (id int);\n-- +micrate Down\nDROP TABLE orders;\n",
         "-- +micrate Down (line 3)"},
        {"-- rambler up\nCREATE TABLE x (id int);\n-- rambler down\nDROP TABLE x;\n-- rambler up\n"
         "CREATE TABLE orders (id int);\n-- rambler down\nDROP TABLE orders;\n",
         "-- rambler down (line 3)"},
        {"-- // make orders\nCREATE TABLE orders (id int);\n--//@UNDO\nDROP TABLE orders;\n", "-- //@UNDO (line 3)"},
        {"CREATE TABLE orders (id int);\n---- create above / drop below ----\nDROP TABLE orders;\n",
         "---- create above / drop below ---- (line 2)"},
        {"-- Up Migration\nCREATE TABLE orders (id int);\n-- Down Migration\nDROP TABLE orders;\n",
         "-- Down Migration (line 3)"},
        {"-- +goose Down\nDROP TABLE orders;\n-- +goose Up\nCREATE TABLE orders (id int);\n",
         "-- +goose Down (line 1)"},
    };
    migrations w = migrations_new("m_both");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        migrations_write(&w, "001_orders.sql", files[i].text);
        kit_step *s = migrate(&w);
        kit_set(s, "undo", "down");
        kit_set(s, "runner", i % 2 ? "psql" : "belay");
        run_phase(s, KIT_PREPARE, BELAY_OK);
        assert_contains(kit_plan(s), kit_path("in one transaction; without its part %s", files[i].down));
        run_phase(s, KIT_EXECUTE, BELAY_OK);
        assert_sql(&w, "SELECT to_regclass('orders') IS NULL", "f\n");
        run_phase(s, KIT_ROLLBACK, BELAY_OK);
        assert_sql(&w, "SELECT to_regclass('orders') IS NULL, to_regclass('x') IS NULL, count(*) FROM belay_migrations",
                   "t|t|0\n");
        kit_step_free(s);
    }
}

static void a_marker_within_something_else_is_none(void **state)
{
    (void)state;
    migrations w = migrations_new("m_marker");
    migrations_write(&w, "001_a.sql",
                     "COPY a FROM stdin;\n9001\t-- +goose Down\n9002\t'\n-- +goose Down\tx\n\\.\nSELECT 1;\n");
    migrations_write(&w, "002_b.sql",
                     "CREATE TABLE orders (id int);\nSELECT '\n-- +goose Down\n';\nDO $x$\n-- migrate:down\nBEGIN END "
                     "$x$;\n/*\n-- +migrate Down\n*/ INSERT INTO orders VALUES (1); -- +goose Down\n"
                     "-- down migration is elsewhere\nINSERT INTO orders VALUES (2);\n");
    kit_step *s = migrate(&w);
    kit_set(s, "pattern", "002*");
    kit_set(s, "first", "2");
    run_phase(s, KIT_PREPARE, BELAY_OK);
    assert_null(strstr(kit_plan(s), "without its part"));
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    assert_sql(&w, "SELECT sum(id) FROM orders", "3\n");
    kit_set(s, "pattern", "*.sql");
    kit_set(s, "first", "0");
    kit_set(s, "out_of_order", "allow");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL); /* the line is data, and no number */
    assert_contains(kit_summary(s), "22P02");
    kit_step_free(s);
}

static void markers_of_other_tools_say_how_a_file_runs(void **state)
{
    (void)state;
    static const char *const alone[] = {
        ("-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE t (id int);\nVALUES (1);\n"
         "-- +goose Down\nDROP TABLE t;\n"),
        "-- migrate:up transaction:false\nCREATE TABLE t (id int);\nVALUES (1);\n-- migrate:down\nDROP TABLE t;\n",
        "-- +migrate Up notransaction\nCREATE TABLE t (id int);\nVALUES (1);\n-- +migrate Down\nDROP TABLE t;\n",
    };
    migrations w = migrations_new("m_settings");
    kit_step *s = migrate(&w);
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        migrations_write(&w, "001_t.sql", alone[i]);
        run_phase(s, KIT_PREPARE, BELAY_OK);
        assert_contains(kit_plan(s),
                        "apply 001_t.sql: 2 statements, each by itself, as the file asks; without its part");
    }
    migrations_write(&w, "001_t.sql", "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '${NAME}';\n");
    run_phase(s, KIT_PREPARE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_t.sql:2: Belay does not support -- +goose ENVSUB ON");
    migrations_write(&w, "001_t.sql", "-- Up\nCREATE TABLE t (id int);\n-- Down\nDROP TABLE t;\n");
    run_phase(s, KIT_PREPARE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_t.sql:3: the comment \"-- Down\" may begin the part that undoes the file");
    kit_step_free(s);
}

static void a_down_part_that_changed_since_is_not_run(void **state)
{
    (void)state;
    migrations w = migrations_new("m_part");
    migrations_write(&w, "001_t.sql", "-- +goose Up\nCREATE TABLE t (id int);\n-- +goose Down\nDROP TABLE t;\n");
    kit_step *s = migrate(&w);
    kit_set(s, "undo", "down");
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    migrations_write(&w, "001_t.sql",
                     "-- +goose Up\nCREATE TABLE t (id int);\n-- +goose Down\nDROP TABLE a CASCADE;\n");
    run_phase(s, KIT_ROLLBACK, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_t.sql changed since it was applied");
    assert_sql(&w, "SELECT count(*) FROM a", "1000\n");
    kit_step_free(s);
}

/* golang-migrate's and sqlx's names. */
static void up_files_are_undone_by_the_down_files_beside_them(void **state)
{
    (void)state;
    migrations w = migrations_new("m_updown");
    migrations_write(&w, "001_t.up.sql", "CREATE TABLE t (id int);");
    kit_step *s = migrate(&w);
    kit_set(s, "undo", "down");
    run_phase(s, KIT_PREPARE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "/001_t.down.sql");
    migrations_write(&w, "001_t.down.sql", "DROP TABLE t;");
    run_phase(s, KIT_PREPARE, BELAY_OK);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_ROLLBACK, BELAY_OK);
    assert_sql(&w, "SELECT to_regclass('t') IS NULL", "t\n");
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_file_with_both_directions_only_the_up_part_runs),
        cmocka_unit_test(a_marker_within_something_else_is_none),
        cmocka_unit_test(markers_of_other_tools_say_how_a_file_runs),
        cmocka_unit_test(a_down_part_that_changed_since_is_not_run),
        cmocka_unit_test(up_files_are_undone_by_the_down_files_beside_them),
    };
    return cmocka_run_group_tests_name("postgres.migrate directions", tests, NULL, NULL);
}
