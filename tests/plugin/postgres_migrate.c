#include <string.h>

#include "migration_world.h"

static kit_step *migrate(const migrations *m)
{
    kit_step *s = migrations_step(m, "postgres.migrate");
    kit_set(s, "undo", "none");
    return s;
}

static void applies_in_order_and_only_once(void **state)
{
    (void)state;
    migrations w = migrations_new("m_order");
    migrations_write(&w, "002_fill.sql",
                     "INSERT INTO t VALUES (1), (2);\nCOPY t FROM stdin;\n3\n\\.\nCREATE INDEX idx_t ON t (id);");
    migrations_write(&w, "001_make.sql", "CREATE TABLE t (id integer);\nCREATE VIEW v_t AS SELECT * FROM t;\n");
    migrations_write(&w, "002_fill.down.sql", "DROP INDEX idx_t;");
    kit_step *s = migrate(&w);
    kit_set_list(s, "expect_indexes", "idx_*", NULL);
    kit_set_list(s, "expect_views", "v_*", NULL);
    run_phase(s, KIT_PREPARE, BELAY_OK);
    assert_contains(kit_plan(s), "apply 002_fill.sql: 3 statements in one transaction");
    assert_sql(&w, "SELECT to_regclass('belay_migrations') IS NULL", "t\n");
    run_phase(s, KIT_VERIFY, BELAY_E_FAIL);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    assert_string_equal(kit_output(s, "applied"), "001_make.sql,002_fill.sql");
    assert_true(kit_measured(s, "statements") == 5);
    assert_true(kit_measured(s, "longest_statement") > 0);
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_sql(&w, "SELECT sum(id) FROM t", "6\n");
    assert_sql(&w, "SELECT number, file, state, statements, length(sha256) FROM belay_migrations ORDER BY 1",
               "1|001_make.sql|done|2|64\n2|002_fill.sql|done|3|64\n");
    run_phase(s, KIT_EXECUTE, BELAY_NOTHING);
    assert_sql(&w, "SELECT sum(id) FROM t", "6\n");
    kit_step_free(s);
}

static void a_failed_file_leaves_nothing_and_is_named_by_line(void **state)
{
    (void)state;
    migrations w = migrations_new("m_fail");
    migrations_write(&w, "001_good.sql", "CREATE TABLE good (id integer);");
    migrations_write(&w, "002_bad.sql",
                     "-- a comment\nCREATE TABLE half (id integer);\n\nSELECT 'ä',\n\n  nothing\nFROM half;\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s),
                    "002_bad.sql:6: 42703 column \"nothing\" does not exist, in statement 2 of 2: SELECT 'ä', nothing");
    assert_contains(kit_summary(s), "rolled back, nothing of it is kept");
    assert_sql(&w, "SELECT to_regclass('half') IS NULL, to_regclass('good') IS NULL", "t|f\n");
    assert_sql(&w, "SELECT file FROM belay_migrations", "001_good.sql\n");
    migrations_write(&w, "002_bad.sql", "CREATE TABLE half (id integer);");
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_VERIFY, BELAY_OK);
    kit_step_free(s);
}

/* Names that SQL, psql or a shell would take for something else; by either runner. */
static void a_file_of_any_name_is_applied_and_recorded_as_it_is_named(void **state)
{
    (void)state;
    static const char *const runners[] = {"belay", "psql"};
    static const char *const names[] = {"001 '; DROP TABLE customers; --.sql", "002 $(touch pwned) `touch pwned`.sql",
                                        "003 \"x\" \\ :'ENCODING' %s%n.sql", "004 \\! touch pwned;\n.sql"};
    for (size_t i = 0; i < 2; i++) {
        migrations w = migrations_new(kit_path("m_names_%s", runners[i]));
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            migrations_write(&w, names[k], kit_path("CREATE TABLE t%zu (id integer);", k));
        kit_step *s = migrate(&w);
        kit_set(s, "runner", runners[i]);
        run_phase(s, KIT_PREPARE, BELAY_OK);
        run_phase(s, KIT_EXECUTE, BELAY_OK);
        run_phase(s, KIT_VERIFY, BELAY_OK);
        assert_sql(&w, "SELECT file FROM belay_migrations ORDER BY 1",
                   kit_path("%s\n%s\n%s\n%s\n", names[0], names[1], names[2], names[3]));
        assert_string_equal(kit_output_of("find", w.dir, "-name", "pwned*", NULL), "");
        kit_step_free(s);
    }
}

static void a_first_file_that_fails_leaves_no_ledger(void **state)
{
    (void)state;
    migrations w = migrations_new("m_first");
    migrations_write(&w, "001_bad.sql", "CREATE TABLE a (id integer);");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_hint(s), "set first to the number");
    assert_sql(&w, "SELECT to_regclass('belay_migrations') IS NULL", "t\n");
    run_phase(s, KIT_ROLLBACK, BELAY_NOTHING);
    kit_step_free(s);
}

static void a_statement_that_cannot_be_in_a_transaction_runs_by_itself(void **state)
{
    (void)state;
    migrations w = migrations_new("m_alone");
    migrations_write(
        &w, "001_index.sql",
        "CREATE TABLE t (id integer);\nDO $$ BEGIN PERFORM 1; END $$;\nCREATE INDEX CONCURRENTLY idx_t ON t (id);\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_PREPARE, BELAY_OK);
    assert_contains(
        kit_plan(s),
        "3 statements, each by itself, because CREATE INDEX CONCURRENTLY cannot run in a transaction; those "
        "before a failure stay applied");
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_sql(&w, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_t'::regclass", "t\n");
    kit_step_free(s);
}

static void what_stays_of_a_file_without_a_transaction_is_said(void **state)
{
    (void)state;
    migrations w = migrations_new("m_stays");
    migrations_write(
        &w, "001_index.sql",
        "CREATE TABLE t (id integer);\nINSERT INTO t VALUES (1), (1);\nCREATE UNIQUE INDEX CONCURRENTLY idx_t ON t "
        "(id);\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_index.sql:3: 23505");
    assert_contains(kit_summary(s), "statements 1 to 2 of 3 STAY APPLIED");
    assert_contains(kit_hint(s), "DROP INDEX CONCURRENTLY public.idx_t;");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_index.sql was cut short after statement 2 of 3");
    run_phase(s, KIT_ROLLBACK, BELAY_E_FAIL);
    assert_contains(kit_summary(s),
                    "1 migration (001_index.sql, which was interrupted after statement 2 of 3) stays applied");
    /* run again, it meets the invalid index that the first try left */
    migrations_write(
        &w, "001_index.sql",
        "CREATE TABLE IF NOT EXISTS t (id integer);\nDELETE FROM t;\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "
        "idx_t ON t (id);\n");
    kit_set(s, "cut_short", "again");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_index.sql:3: an invalid index idx_t is there");
    assert_string_equal(kit_hint(s), "DROP INDEX CONCURRENTLY idx_t;");
    world_sql(w.database, "DROP INDEX idx_t");
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_VERIFY, BELAY_OK);
    kit_step_free(s);
}

static void a_kill_in_the_middle_is_known_afterwards(void **state)
{
    (void)state;
    migrations w = migrations_new("m_kill");
    migrations_write(
        &w, "001_slow.sql",
        "-- belay: no-transaction\nCREATE TABLE t (id integer);\nINSERT INTO t VALUES (1);\nSELECT pg_sleep(30);\n");
    kit_step *s = migrate(&w);
    (void)kit_run_killed(s, KIT_EXECUTE, 0, 1500);
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_slow.sql was cut short after statement 2 of 3");
    kit_step_free(s);

    migrations v = migrations_new("m_kill_in_transaction");
    migrations_write(&v, "001_slow.sql", "CREATE TABLE t (id integer);\nSELECT pg_sleep(2);\n");
    s = migrate(&v);
    (void)kit_run_killed(s, KIT_EXECUTE, 0, 1000);
    run_phase(s, KIT_EXECUTE, BELAY_OK); /* nothing of the first try was kept */
    kit_step_free(s);
}

static void a_file_with_its_own_transaction_is_refused_unless_it_says_so(void **state)
{
    (void)state;
    migrations w = migrations_new("m_own");
    migrations_write(&w, "001_own.sql", "BEGIN;\nCREATE TABLE t (id integer);\nCOMMIT;\nSELECT 1/0;\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_PREPARE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_own.sql:1: BEGIN: the file controls transactions itself");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_sql(&w, "SELECT to_regclass('t') IS NULL", "t\n");
    migrations_write(&w, "001_own.sql",
                     "-- belay: no-transaction\nBEGIN;\nCREATE TABLE t (id integer);\nCOMMIT;\nSELECT 1/0;\n");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_own.sql:5: 22012");
    assert_contains(kit_summary(s), "statements 1 to 3 of 4 STAY APPLIED");
    assert_sql(&w, "SELECT to_regclass('t') IS NULL", "f\n");
    kit_step_free(s);
}

static void an_open_transaction_at_the_end_is_an_error(void **state)
{
    (void)state;
    migrations w = migrations_new("m_open");
    migrations_write(&w, "001_open.sql",
                     "-- belay: no-transaction\nCREATE TABLE a2 (id integer);\nBEGIN;\nCREATE TABLE t (id integer);\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s),
                    "ends within a transaction that it began: what came after statement 1 is rolled back");
    assert_sql(&w, "SELECT to_regclass('t') IS NULL, to_regclass('a2') IS NULL", "t|f\n");
    kit_step_free(s);
}

static void a_changed_or_missing_file_is_refused(void **state)
{
    (void)state;
    migrations w = migrations_new("m_changed");
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id integer);");
    migrations_write(&w, "002_b.sql", "CREATE TABLE u (id integer);");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id bigint);");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_a.sql changed since it was applied");
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id integer);");
    migrations_remove(&w, "002_b.sql");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "002_b.sql was applied to the database");
    kit_step_free(s);
}

static void psql_commands_are_refused_by_name(void **state)
{
    (void)state;
    migrations w = migrations_new("m_psql");
    migrations_write(&w, "001_psql.sql",
                     "CREATE TABLE t (id integer);\n\\set n 3\nINSERT INTO t VALUES (:n);\n\\i other.sql\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_PREPARE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_psql.sql:2: \\set is a command of psql");
    assert_contains(kit_hint(s), "runner = \"psql\"");
    migrations_write(&w, "001_psql.sql", "CREATE TABLE t (id integer);\n\\set n 3\nINSERT INTO t VALUES (:n);\n");
    kit_set(s, "runner", "psql");
    run_phase(s, KIT_PREPARE, BELAY_OK);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_VERIFY, BELAY_OK);
    assert_sql(&w, "SELECT id FROM t", "3\n");
    migrations_write(&w, "002_bad.sql", "\\set n 4\nINSERT INTO t VALUES (:n);\nSELECT nothing;\n");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s),
                    "/002_bad.sql:3: 42703 column \"nothing\" does not exist; the file was rolled back");
    assert_sql(&w, "SELECT id FROM t", "3\n");
    migrations_write(&w, "002_bad.sql", "\\set n 4\n\nINSERT INTO a VALUES (:n);\n");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s),
                    "/002_bad.sql:3: 23505 duplicate key value violates unique constraint \"a_pkey\" (Key");
    migrations_write(&w, "002_bad.sql", "SELECT 1;\n\\i no_such.sql\n");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "/002_bad.sql:2: no_such.sql: No such file");
    assert_sql(&w, "SELECT file, state FROM belay_migrations", "001_psql.sql|done\n");
    kit_step_free(s);
}

static void down_files_take_back_what_this_step_applied(void **state)
{
    (void)state;
    migrations w = migrations_new("m_down");
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id integer);");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    kit_step_free(s);

    migrations_write(&w, "002_b.sql", "CREATE TABLE u (id integer);");
    migrations_write(&w, "003_c.sql", "CREATE INDEX CONCURRENTLY idx_u ON u (id);");
    migrations_write(&w, "002_b.down.sql", "DROP TABLE u;");
    s = migrate(&w);
    kit_fact(s, "run.id", "second");
    kit_set(s, "undo", "down");
    run_phase(s, KIT_PREPARE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "003_c.down.sql");
    migrations_write(&w, "003_c.down.sql", "DROP INDEX CONCURRENTLY idx_u;");
    run_phase(s, KIT_PREPARE, BELAY_OK);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_ROLLBACK, BELAY_OK);
    assert_sql(&w, "SELECT file FROM belay_migrations", "001_a.sql\n");
    assert_sql(&w, "SELECT to_regclass('t') IS NULL, to_regclass('u') IS NULL", "f|t\n");
    run_phase(s, KIT_ROLLBACK, BELAY_NOTHING);
    kit_step_free(s);
}

static void a_snapshot_takes_back_what_was_applied(void **state)
{
    (void)state;
    migrations w = migrations_new("m_snap");
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id integer);");
    kit_step *snapshot = kit_step_new("postgres.snapshot");
    kit_set(snapshot, "database", kit_postgres_database("m_snap"));
    run_phase(snapshot, KIT_EXECUTE, BELAY_OK);
    kit_step *s = migrate(&w);
    kit_set(s, "undo", "snapshot");
    run_phase(s, KIT_PREPARE, BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "snapshot");
    kit_set(s, "snapshot", kit_output(snapshot, "name"));
    run_phase(s, KIT_PREPARE, BELAY_OK);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_ROLLBACK, BELAY_OK);
    run_phase(snapshot, KIT_ROLLBACK, BELAY_OK);
    assert_sql(&w, "SELECT to_regclass('t') IS NULL, to_regclass('belay_migrations') IS NULL", "t|t\n");
    run_phase(s, KIT_ROLLBACK, BELAY_NOTHING);

    run_phase(s, KIT_EXECUTE, BELAY_OK);
    run_phase(s, KIT_ROLLBACK, BELAY_E_FAIL); /* it is swapped in already */
    assert_contains(kit_summary(s),
                    kit_path("the snapshot %s that would take them back is not there", kit_output(snapshot, "name")));
    kit_step_free(s);
    kit_step_free(snapshot);
}

/* Any database would do, were it only asked whether there is one of that name. */
static void only_the_snapshot_of_this_run_counts(void **state)
{
    (void)state;
    migrations w = migrations_new("m_other");
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id integer);");
    kit_step *earlier = kit_step_new("postgres.snapshot");
    kit_set(earlier, "database", kit_postgres_database("m_other"));
    kit_fact(earlier, "run.id", "20251231-235959-test");
    run_phase(earlier, KIT_EXECUTE, BELAY_OK);
    const char *const others[] = {kit_output(earlier, "name"), "m_other", "postgres", "not_there"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        kit_step *s = migrate(&w);
        kit_set(s, "undo", "snapshot");
        kit_set_pending(s, "snapshot");
        run_phase(s, KIT_PREPARE, BELAY_OK);
        kit_step_free(s);
        s = migrate(&w);
        kit_set(s, "undo", "snapshot");
        kit_set(s, "snapshot", others[i]);
        run_phase(s, KIT_PREPARE, BELAY_E_CONFIG);
        assert_string_equal(kit_option_to_blame(s), "snapshot");
        assert_contains(kit_summary(s),
                        kit_path("'%s' is not what postgres.snapshot makes of m_other in this run", others[i]));
        run_phase(s, KIT_EXECUTE, BELAY_E_CONFIG);
        kit_set(s, "undo", "none"); /* as a version that did not look would have gone on */
        run_phase(s, KIT_EXECUTE, BELAY_OK);
        kit_set(s, "undo", "snapshot");
        run_phase(s, KIT_ROLLBACK, BELAY_E_CONFIG);
        assert_contains(kit_summary(s), "is not what postgres.snapshot makes of m_other in this run");
        world_sql("m_other", "DROP TABLE t, belay_migrations");
        kit_step_free(s);
    }
    kit_step_free(earlier);
}

static void a_lock_that_somebody_holds_is_named_and_tried_again(void **state)
{
    (void)state;
    migrations w = migrations_new("m_lock");
    migrations_write(&w, "001_lock.sql", "CREATE TABLE t (id integer);\nALTER TABLE a ADD COLUMN c integer;\n");
    kit_step *s = migrate(&w);
    kit_set(s, "lock_timeout", "400ms");
    kit_set(s, "lock_retries", "1");
    kit_set(s, "lock_delay", "100ms");
    pid_t holder = hold(&w, "LOCK TABLE a", "reporting");
    run_phase(s, KIT_EXECUTE, BELAY_E_RETRY);
    assert_contains(kit_summary(s), "001_lock.sql:2: 55P03");
    assert_contains(kit_summary(s), "the lock is held by pid ");
    assert_contains(kit_summary(s), "(reporting, user postgres");
    assert_contains(kit_log(s), "trying again");
    assert_sql(&w, "SELECT to_regclass('t') IS NULL", "t\n");
    world_hang_up(holder);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    kit_step_free(s);
}

static void an_index_made_concurrently_outwaits_the_lock_timeout(void **state)
{
    (void)state;
    migrations w = migrations_new("m_concurrent");
    migrations_write(&w, "001_index.sql", "CREATE INDEX CONCURRENTLY idx_a ON a (id);\nSHOW lock_timeout;\n");
    kit_step *s = migrate(&w);
    kit_set(s, "lock_timeout", "200ms");
    kit_set(s, "concurrent_lock_timeout", "500ms");
    pid_t holder = hold(&w, "SELECT FROM a LIMIT 1 FOR UPDATE", "reporting");
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "55P03");
    kit_set(s, "cut_short", "again");
    world_hang_up(holder);
    world_sql("m_concurrent", "DROP INDEX idx_a");
    holder = hold(&w, "SELECT FROM a LIMIT 1 FOR UPDATE", "reporting");
    kit_set(s, "concurrent_lock_timeout", "0s");
    assert_int_equal(kit_run_cancelled(s, KIT_EXECUTE, 1500), BELAY_E_CANCELLED);
    world_hang_up(holder);
    world_sql("m_concurrent", "DROP INDEX IF EXISTS idx_a");
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    kit_step_free(s);
}

static void cancelling_stops_the_statement(void **state)
{
    (void)state;
    migrations w = migrations_new("m_cancel");
    migrations_write(&w, "001_slow.sql", "CREATE TABLE t (id integer);\nSELECT pg_sleep(60);\n");
    kit_step *s = migrate(&w);
    assert_int_equal(kit_run_cancelled(s, KIT_EXECUTE, 700), BELAY_E_CANCELLED);
    assert_sql(&w,
               "SELECT count(*) FROM pg_stat_activity WHERE datname = 'm_cancel' AND state = 'active' AND pid <> "
               "pg_backend_pid()",
               "0\n");
    assert_sql(&w, "SELECT to_regclass('t') IS NULL", "t\n");
    kit_step_free(s);
}

static void a_server_that_goes_away_is_an_error_that_may_pass(void **state)
{
    (void)state;
    migrations w = migrations_new("m_gone");
    migrations_write(&w, "001_gone.sql",
                     "CREATE TABLE t (id integer);\nSELECT pg_terminate_backend(pg_backend_pid());\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_E_RETRY);
    assert_contains(kit_summary(s), "001_gone.sql:2: the connection was lost");
    assert_contains(kit_summary(s), "nothing of it is kept");
    assert_sql(&w, "SELECT to_regclass('t') IS NULL", "t\n");
    kit_step_free(s);
}

/* A trigger that acts when the transaction commits. */
static void at_commit(const migrations *m, const char *what)
{
    world_sql(m->database,
              kit_path("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s; RETURN NULL; END $$;"
                       "CREATE CONSTRAINT TRIGGER c AFTER INSERT ON b DEFERRABLE INITIALLY DEFERRED"
                       " FOR EACH ROW EXECUTE FUNCTION f()",
                       what));
}

static void an_error_at_commit_takes_the_file_back(void **state)
{
    (void)state;
    migrations w = migrations_new("m_commit");
    at_commit(&w, "RAISE EXCEPTION 'too late'");
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id integer);\nINSERT INTO b (a) VALUES (1);\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_contains(kit_summary(s), "001_a.sql: at its end: P0001 too late");
    assert_sql(&w, "SELECT to_regclass('t') IS NULL", "t\n");
    kit_step_free(s);
}

static void a_connection_lost_at_commit_is_looked_up(void **state)
{
    (void)state;
    migrations w = migrations_new("m_lost");
    at_commit(&w, "PERFORM pg_terminate_backend(pg_backend_pid())");
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id integer);\nINSERT INTO b (a) VALUES (1);\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_E_RETRY);
    assert_contains(kit_summary(s), "the connection was lost before the server committed; nothing of the file is kept");
    assert_sql(&w, "SELECT to_regclass('t') IS NULL", "t\n");
    kit_step_free(s);
}

static void a_role_that_a_file_takes_does_not_write_the_ledger(void **state)
{
    (void)state;
    migrations w = migrations_new("m_role");
    migrations_write(&w, "001_a.sql", "SET ROLE pg_monitor;\nSELECT 1;\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    assert_sql(&w, "SELECT file FROM belay_migrations", "001_a.sql\n");
    kit_step_free(s);
}

static void strings_are_read_as_the_server_reads_them(void **state)
{
    (void)state;
    migrations w = migrations_new("m_strings");
    world_sql("postgres", "ALTER DATABASE m_strings SET standard_conforming_strings = off");
    world_sql("postgres", "ALTER DATABASE m_strings SET escape_string_warning = off");
    migrations_write(&w, "001_a.sql", "INSERT INTO a VALUES (2001, 'x\\'; y');\n");
    migrations_write(
        &w, "002_b.sql",
        "SELECT set_config('standard_conforming_strings', 'on', false);\nINSERT INTO a VALUES (2002, 'x');\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_E_FAIL);
    assert_sql(&w, "SELECT t FROM a WHERE id > 2000", "x'; y\n");
    assert_contains(kit_summary(s), "002_b.sql:2: standard_conforming_strings is on here");
    kit_step_free(s);
}

static void a_lock_timeout_of_the_file_stands(void **state)
{
    (void)state;
    migrations w = migrations_new("m_own_timeout");
    migrations_write(&w, "001_a.sql",
                     "SET lock_timeout = '7s';\nCREATE INDEX CONCURRENTLY idx_a ON a (t);\n"
                     "CREATE TABLE t AS SELECT current_setting('lock_timeout') AS s;\n");
    migrations_write(&w, "002_b.sql",
                     "CREATE INDEX CONCURRENTLY idx_b ON b (a);\n"
                     "CREATE TABLE u AS SELECT current_setting('lock_timeout') AS s;\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    assert_sql(&w, "SELECT s FROM t UNION ALL SELECT s FROM u", "7s\n5s\n");
    kit_step_free(s);
}

static void settings_of_one_file_do_not_reach_the_next(void **state)
{
    (void)state;
    migrations w = migrations_new("m_settings");
    migrations_write(&w, "001_dump.sql",
                     "SELECT pg_catalog.set_config('search_path', '', false);\nSET client_min_messages = error;\n"
                     "CREATE TABLE public.t (id integer);\n");
    migrations_write(&w, "002_after.sql", "CREATE TABLE u (id integer);\n");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    assert_sql(&w, "SELECT to_regclass('public.u') IS NULL, count(*) FROM public.belay_migrations", "f|2\n");
    kit_step_free(s);
}

static void two_at_once_do_not_meet(void **state)
{
    (void)state;
    migrations w = migrations_new("m_two");
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id integer);");
    pid_t other = hold(&w, "SELECT pg_advisory_lock(hashtext('belay.migrate'))", "other belay");
    kit_step *s = migrate(&w);
    run_phase(s, KIT_EXECUTE, BELAY_E_RETRY);
    assert_contains(kit_summary(s), "another migration is running on this database: pid ");
    world_hang_up(other);
    run_phase(s, KIT_EXECUTE, BELAY_OK);
    kit_step_free(s);
}

static void a_wrong_password_is_said_and_not_shown(void **state)
{
    (void)state;
    migrations w = migrations_new("m_password");
    migrations_write(&w, "001_a.sql", "CREATE TABLE t (id integer);");
    kit_step *s = migrate(&w);
    kit_set(s, "database", "postgresql://postgres:canary-w0rd@127.0.0.1:1/m_password");
    assert_true(kit_run(s, KIT_PREPARE) < 0);
    assert_null(strstr(kit_summary(s), "canary-w0rd"));
    assert_null(strstr(kit_log(s), "canary-w0rd"));
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applies_in_order_and_only_once),
        cmocka_unit_test(a_failed_file_leaves_nothing_and_is_named_by_line),
        cmocka_unit_test(a_file_of_any_name_is_applied_and_recorded_as_it_is_named),
        cmocka_unit_test(a_first_file_that_fails_leaves_no_ledger),
        cmocka_unit_test(a_statement_that_cannot_be_in_a_transaction_runs_by_itself),
        cmocka_unit_test(what_stays_of_a_file_without_a_transaction_is_said),
        cmocka_unit_test(a_kill_in_the_middle_is_known_afterwards),
        cmocka_unit_test(a_file_with_its_own_transaction_is_refused_unless_it_says_so),
        cmocka_unit_test(an_open_transaction_at_the_end_is_an_error),
        cmocka_unit_test(a_changed_or_missing_file_is_refused),
        cmocka_unit_test(psql_commands_are_refused_by_name),
        cmocka_unit_test(down_files_take_back_what_this_step_applied),
        cmocka_unit_test(a_snapshot_takes_back_what_was_applied),
        cmocka_unit_test(only_the_snapshot_of_this_run_counts),
        cmocka_unit_test(a_lock_that_somebody_holds_is_named_and_tried_again),
        cmocka_unit_test(an_index_made_concurrently_outwaits_the_lock_timeout),
        cmocka_unit_test(cancelling_stops_the_statement),
        cmocka_unit_test(a_server_that_goes_away_is_an_error_that_may_pass),
        cmocka_unit_test(an_error_at_commit_takes_the_file_back),
        cmocka_unit_test(a_connection_lost_at_commit_is_looked_up),
        cmocka_unit_test(a_role_that_a_file_takes_does_not_write_the_ledger),
        cmocka_unit_test(strings_are_read_as_the_server_reads_them),
        cmocka_unit_test(a_lock_timeout_of_the_file_stands),
        cmocka_unit_test(settings_of_one_file_do_not_reach_the_next),
        cmocka_unit_test(two_at_once_do_not_meet),
        cmocka_unit_test(a_wrong_password_is_said_and_not_shown),
    };
    return cmocka_run_group_tests_name("postgres.migrate", tests, NULL, NULL);
}
