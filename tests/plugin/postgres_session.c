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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancelling_stops_a_copy_in_either_direction),
        cmocka_unit_test(a_ledger_row_that_cannot_be_committed_is_an_error),
    };
    return cmocka_run_group_tests_name("postgres.migrate session", tests, NULL, NULL);
}
