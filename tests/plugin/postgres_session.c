/* postgres.migrate and the session that runs the files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "migration_world.h"

static kit_step *migrate(const migrations *m)
{
    kit_step *s = migrations_step(m, "postgres.migrate");
    kit_set(s, "undo", "none");
    return s;
}

/* The client's writing waits for a server that waits for a lock. */
static void cancelling_stops_a_copy_in_either_direction(void **state)
{
    (void)state;
    migrations w = migrations_new("m_copy");
    world_sql("m_copy",
              "CREATE TABLE gate (id integer); CREATE TABLE big (t text);"
              "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM FROM gate; RETURN NEW; END $$;"
              "CREATE TRIGGER g BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION f()");
    const size_t size = (size_t)16 << 20;
    char *text = malloc(size + 64);
    size_t n = (size_t)sprintf(text, "COPY big FROM stdin;\n");
    for (; n < size; n += 1024)
        memset(text + n, 'x', 1023), text[n + 1023] = '\n';
    strcpy(text + n, "\\.\n");
    migrations_write(&w, "001_copy.sql", text);
    free(text);
    pid_t holder = hold(&w, "LOCK TABLE gate", "reporting");
    kit_step *s = migrate(&w);
    kit_set(s, "lock_timeout", "60s");
    assert_int_equal(kit_run_cancelled(s, KIT_EXECUTE, 4000), BELAY_E_CANCELLED);
    assert_contains(kit_log(s), "waiting for a lock of pid ");
    world_hang_up(holder);
    migrations_write(&w, "001_copy.sql", "COPY (SELECT pg_sleep(0.1) FROM generate_series(1, 1000)) TO stdout;\n");
    assert_int_equal(kit_run_cancelled(s, KIT_EXECUTE, 700), BELAY_E_CANCELLED);
    assert_sql(&w, "SELECT count(*) FROM big", "0\n");
    kit_step_free(s);
}

/* The server says "done" of a statement, and then cannot commit it. */
static void a_ledger_row_that_cannot_be_committed_is_an_error(void **state)
{
    (void)state;
    migrations w = migrations_new("m_deferred");
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id integer);");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    world_sql("m_deferred", "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
                            "CREATE CONSTRAINT TRIGGER c AFTER INSERT OR UPDATE ON belay_migrations DEFERRABLE"
                            " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()");
    migrations_write(&w, "002_b.sql", "-- belay: no-transaction\nCREATE TABLE u (id integer);");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_sql(&w, "SELECT to_regclass('u') IS NULL, count(*) FROM belay_migrations", "t|1\n");
    kit_step_free(s);
}

/* Connecting and setting up costs more than most files. */
static void all_files_share_a_session(void **state)
{
    (void)state;
    migrations w = migrations_new("m_shared");
    world_sql("m_shared", "CREATE TABLE pids (pid integer)");
    for (int i = 1; i <= 4; i++)
        migrations_write(&w, kit_path("%03d_x.sql", i), "INSERT INTO pids VALUES (pg_backend_pid());");
    migrations_write(&w, "005_alone.sql", "-- belay: no-transaction\nINSERT INTO pids VALUES (pg_backend_pid());");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    assert_sql(&w, "SELECT count(*), count(DISTINCT pid) FROM pids", "5|1\n");
    kit_step_free(s);
}

static void what_a_file_leaves_in_its_session_does_not_reach_the_next(void **state)
{
    (void)state;
    static const char leaves[] =
        "SET statement_timeout = '77s';\nSET search_path = pg_catalog;\nPREPARE p AS SELECT 1;\n"
        "CREATE TEMP TABLE left_over (id integer);\nLISTEN news;\nSELECT pg_advisory_lock(4711);\n"
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1;\nSELECT nextval('public.b_id_seq');\n"
        "SET ROLE other;\n%s\n";
    static const char none[] =
        "CREATE TABLE seen%d AS SELECT current_setting('statement_timeout') AS s, current_schema()::text AS schema, "
        "current_user::text"
        " AS me, session_user::text AS login, (SELECT count(*) FROM pg_prepared_statements) + (SELECT count(*) FROM "
        "pg_cursors) +"
        " (SELECT count(*) FROM pg_listening_channels()) + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        " AND pid = pg_backend_pid()) AS left, to_regclass('left_over') AS temp, current_setting('my.name', true) AS "
        "own;\n";
    static const char *const more[] = {"", "SET SESSION AUTHORIZATION other;", "SET my.name = 'x';",
                                       "SELECT set_config('my.name', 'x', false);"};
    migrations w = migrations_new("m_leaves");
    world_sql("m_leaves", "DROP ROLE IF EXISTS other; CREATE ROLE other; GRANT ALL ON SCHEMA public TO other");
    for (int i = 0; i < 4; i++) {
        const char *alone = i % 2 ? "-- belay: no-transaction\n" : "";
        migrations_write(&w, kit_path("%03d_x.sql", 2 * i + 1), kit_path("%s%s", alone, kit_path(leaves, more[i])));
        migrations_write(&w, kit_path("%03d_x.sql", 2 * i + 2), kit_path(none, i));
    }
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    for (int i = 0; i < 4; i++)
        assert_sql(&w, kit_path("SELECT *, own IS NULL FROM seen%d", i), "0|public|postgres|postgres|0|||t\n");
    kit_step_free(s);
}

/* Killed earlier or later in the work of many files: no file is lost, and none runs twice. */
static void a_kill_at_any_point_is_followed_by_the_rest(void **state)
{
    (void)state;
    migrations w = migrations_new("m_kills");
    world_sql("m_kills", "CREATE TABLE done (file integer)");
    for (int i = 1; i <= 40; i++)
        migrations_write(&w, kit_path("%03d_x.sql", i),
                         kit_path("INSERT INTO done VALUES (%d);\nSELECT pg_sleep(0.01);", i));
    kit_step *s = migrate(&w);
    for (int ms = 60; ms <= 600; ms += 60)
        (void)kit_run_killed(s, KIT_EXECUTE, 0, ms);
    int status = kit_run(s, KIT_EXECUTE);
    if (status != BELAY_OK && status != BELAY_NOTHING)
        fail_msg("%s", kit_summary(s));
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_sql(&w, "SELECT count(*), count(DISTINCT file), max(file) FROM done", "40|40|40\n");
    assert_sql(&w, "SELECT count(*) FROM belay_migrations WHERE state = 'done'", "40\n");
    kit_step_free(s);
}

/* The names of files and the texts in them are UTF-8, whatever the database is. */
static void a_database_in_another_encoding_takes_the_files(void **state)
{
    (void)state;
    static const char *const kinds[] = {"ENCODING LATIN1 LOCALE 'C'",
                                        "ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C'",
                                        "ENCODING SQL_ASCII LOCALE 'C'"};
    for (size_t i = 0; i < 3; i++) {
        migrations w = migrations_new("M one"); /* a name that must be quoted */
        world_sql("postgres", "DROP DATABASE \"M one\"");
        world_sql("postgres", kit_path("CREATE DATABASE \"M one\" TEMPLATE template0 %s", kinds[i]));
        w.database = "M%20one";
        migrations_write(&w, "001_Größe x.sql",
                         "CREATE TABLE \"Größe\" (t text);\nINSERT INTO \"Größe\" VALUES ('äß');\n");
        migrations_write(&w, "002_Übrig.sql", "-- belay: no-transaction\nINSERT INTO \"Größe\" VALUES ('ö');\n");
        kit_step *s = migrate(&w);
        run_phase(s, KIT_PREPARE, BELAY_OK);
        run_phase(s, KIT_EXECUTE, BELAY_OK);
        run_phase(s, KIT_VERIFY, BELAY_OK);
        run_phase(s, KIT_EXECUTE, BELAY_NOTHING);
        assert_null(strstr(kit_log(s), "was applied under the name"));
        w.database = "M%20one?client_encoding=UTF8";
        assert_sql(&w, "SELECT file FROM belay_migrations ORDER BY 1", "001_Größe x.sql\n002_Übrig.sql\n");
        assert_sql(&w, "SELECT length(t), t FROM \"Größe\" ORDER BY t COLLATE \"C\"",
                   i == 2 ? "4|äß\n2|ö\n" : "2|äß\n1|ö\n");
        kit_step_free(s);
    }
}

static void what_a_file_without_a_transaction_left_is_said_exactly(void **state)
{
    (void)state;
    migrations w = migrations_new("m_left");
    world_sql("m_left", "INSERT INTO b (a) VALUES (1), (1)");
    kit_step *s = migrate(&w);
    migrations_write(&w, "001_x.sql", "-- belay: no-transaction\nCREATE TABLE a (id integer);\nSELECT 1;");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "; nothing of the file took effect");
    run_phase(s, KIT_ROLLBACK, BELAY_NOTHING);
    migrations_write(&w, "001_x.sql", "CREATE UNIQUE INDEX CONCURRENTLY \"Only one\" ON b (a);\nSELECT 1;");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "it left an invalid index: public.\"Only one\"");
    assert_contains(kit_hint(s), "DROP INDEX CONCURRENTLY public.\"Only one\"");
    run_phase(s, KIT_ROLLBACK, BELAY_E_FAIL);
    assert_contains(kit_summary(s),
                    "1 migration (001_x.sql, which was interrupted after statement 0 of 2) stays applied");
    world_sql("m_left", "DROP INDEX \"Only one\"; DELETE FROM belay_migrations");
    migrations_write(&w, "001_x.sql",
                     "-- belay: no-transaction\nCREATE TABLE t (id integer);\nCREATE TABLE a (id integer);");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "statement 1 of 2 STAYS APPLIED");
    kit_step_free(s);
}

static void of_many_files_a_message_names_the_first_and_the_last(void **state)
{
    (void)state;
    migrations w = migrations_new("m_many");
    for (int i = 1; i <= 12; i++)
        migrations_write(&w, kit_path("%03d_x.sql", i), "SELECT 1;");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_ROLLBACK, BELAY_E_FAIL);
    assert_string_equal(kit_summary(s), "12 migrations (001_x.sql to 012_x.sql) stay applied, as undo = \"none\" says");
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_files_share_a_session),
        cmocka_unit_test(what_a_file_leaves_in_its_session_does_not_reach_the_next),
        cmocka_unit_test(a_kill_at_any_point_is_followed_by_the_rest),
        cmocka_unit_test(what_a_file_without_a_transaction_left_is_said_exactly),
        cmocka_unit_test(of_many_files_a_message_names_the_first_and_the_last),
        cmocka_unit_test(a_database_in_another_encoding_takes_the_files),
        cmocka_unit_test(cancelling_stops_a_copy_in_either_direction),
        cmocka_unit_test(a_ledger_row_that_cannot_be_committed_is_an_error),
    };
    return cmocka_run_group_tests_name("postgres.migrate session", tests, NULL, NULL);
}
