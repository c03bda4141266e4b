/* postgres.backup and postgres.restore: a dump that proves good brings everything back, and a bad one changes nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "postgres_world.h"

static kit_step *backup(const char *url, const char *folder)
{
    kit_step *s = kit_step_new("postgres.backup");
    kit_set(s, "database", url);
    kit_set(s, "to", folder);
    return s;
}

static kit_step *restore(const char *url, const char *file)
{
    kit_step *s = kit_step_new("postgres.restore");
    kit_set(s, "database", url);
    kit_set(s, "file", file);
    return s;
}

static const char *listing(const char *folder)
{
    return kit_output_of("ls", "-A", folder, NULL);
}

static void a_dump_is_proved_named_and_summed(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    kit_step *s = backup(world_make("app"), folder);
    kit_set(s, "prove", "restore");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "size") > 1000);
    assert_int_equal(kit_status_of("sh", "-c", kit_path("cd %s && sha256sum -c --quiet *.sha256", folder), NULL), 0);
    assert_null(strstr(listing(folder), "partial"));
    assert_int_equal(atoi(world_sql("postgres", "SELECT count(*) FROM pg_database WHERE datname ~ '_proof_'")), 0);
    kit_set(s, "database", "postgresql://postgres@127.0.0.1:1/app"); /* what is gone is not looked for */
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_NOTHING);
    assert_int_equal(access(kit_output(s, "file"), R_OK), 0);
    kit_step_free(s);
}

/* Names that a shell, a path or libpq's connection strings would take for something else. */
static void a_database_of_any_name_is_dumped_and_restored_as_itself(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *url;
    } names[] = {
        {"../up 'x' \"\"y\"\" \\ $(touch pwned) `touch pwned`",
         "..%2Fup%20%27x%27%20%22y%22%20%5C%20%24%28touch%20pwned%29%20%60touch%20pwned%60"},
        {"dbname=postgres host=192.0.2.1", "dbname%3Dpostgres%20host%3D192.0.2.1"},
        {"postgresql://192.0.2.1/x", "postgresql%3A%2F%2F192.0.2.1%2Fx"},
        {"--help", "--help"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *folder = kit_folder();
        world_sql("postgres", kit_path("CREATE DATABASE \"%s\"", names[i].sql));
        kit_step *s = backup(kit_path("%s%s", kit_postgres_url(), names[i].url), folder);
        kit_set(s, "prove", "restore");
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
        if (kit_run(s, KIT_EXECUTE) != BELAY_OK)
            fail_msg("%s: %s", names[i].sql, kit_summary(s));
        assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
        assert_int_equal(access(kit_output(s, "file"), R_OK), 0);
        assert_int_equal(strncmp(kit_output(s, "file"), folder, strlen(folder)), 0);
        assert_null(strchr(kit_output(s, "file") + strlen(folder) + 1, '/'));
        assert_null(strstr(listing(folder), "pwned\n"));
        kit_step_free(s);
    }
}

static void a_failing_dump_leaves_nothing_that_looks_good(void **state)
{
    (void)state;
    const char *folder = kit_folder(), *cuts = kit_path("%s/cuts", kit_folder());
    kit_write(cuts, "#!/bin/sh\n\"$@\" | head -c 600\nexit 1\n"); /* writes half of it, and fails */
    kit_output_of("chmod", "755", cuts, NULL);
    kit_step *s = backup(world_make("app"), folder);
    kit_set_list(s, "tool_prefix", cuts, NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_string_equal(listing(folder), "");
    kit_step_free(s);
}

/* Of a server that dies, or of its container, in which pg_dump runs: the release is not to blame. */
static void a_dump_that_dies_with_its_server_is_an_error_that_may_pass(void **state)
{
    (void)state;
    static const struct {
        const char *script, *says;
    } cases[] = {
        {"kill -9 $$", "pg_dump was ended by signal 9 (SIGKILL)"},
        {"exit 137", "pg_dump was ended by signal 9 (SIGKILL)"},
        {"echo 'pg_dump: error: server closed the connection unexpectedly' >&2; exit 1",
         "server closed the connection"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *folder = kit_folder(), *dies = kit_path("%s/dies", kit_folder());
        kit_write(dies, kit_path("#!/bin/sh\n\"$@\" | head -c 600\n%s\n", cases[i].script));
        kit_output_of("chmod", "755", dies, NULL);
        kit_step *s = backup(world_make("app"), folder);
        kit_set_list(s, "tool_prefix", dies, NULL);
        assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_RETRY);
        assert_non_null(strstr(kit_summary(s), cases[i].says));
        assert_string_equal(listing(folder), "");
        kit_step_free(s);
    }
}

static void a_killed_dump_is_removed_by_rollback(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    kit_step *s = backup(world_make("app"), folder);
    world_sql("app", "INSERT INTO a SELECT i, repeat(md5(i::text), 20) FROM generate_series(5000, 60000) i");
    assert_int_equal(kit_run_killed(s, KIT_EXECUTE, 0, 150), KIT_BROKEN);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_true(kit_run(s, KIT_ROLLBACK) >= 0);
    assert_string_equal(listing(folder), "");
    kit_step_free(s);
}

static void retention_counts_only_proved_dumps(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    const char *url = world_make("app");
    kit_write(kit_path("%s/app_20200101_000000.dump", folder), "unproved");
    kit_write(kit_path("%s/app_20210101_000000.dump", folder), "old");
    kit_write(kit_path("%s/app_20210101_000000.dump.sha256", folder), "x");
    kit_write(kit_path("%s/app_20220101_000000_dump.dump", folder), "old, with its step's id");
    kit_write(kit_path("%s/app_20220101_000000_dump.dump.sha256", folder), "x");
    kit_write(kit_path("%s/app_2_20210101_000000_dump.dump", folder), "of a database app_2");
    kit_write(kit_path("%s/app_2_20210101_000000_dump.dump.sha256", folder), "x");
    kit_write(kit_path("%s/other_20210101_000000.dump", folder), "not ours");
    kit_write(kit_path("%s/other_20210101_000000.dump.sha256", folder), "x");
    kit_step *s = backup(url, folder);
    kit_set(s, "keep", "1");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_null(strstr(listing(folder), "app_20210101"));
    assert_null(strstr(listing(folder), "app_20220101"));
    assert_non_null(strstr(listing(folder), "app_20200101"));
    assert_non_null(strstr(listing(folder), "app_2_20210101_000000_dump.dump.sha256"));
    assert_non_null(strstr(listing(folder), "other_20210101_000000.dump.sha256"));
    kit_step_free(s);
}

/* Of three releases that failed the dumps are no better than the one before them. */
static void dumps_of_runs_that_were_rolled_back_evict_no_good_one(void **state)
{
    (void)state;
    const char *folder = kit_folder(), *url = world_make("app");
    for (int i = 0; i < 5; i++) {
        kit_step *s = backup(url, folder);
        kit_set(s, "keep", "2");
        kit_fact(s, "run.started_at", kit_path("%d", 1767225600 + i * 60));
        assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
        if (i > 0)
            assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_NOTHING);
        kit_step_free(s);
    }
    assert_non_null(strstr(listing(folder), "app_20260101_000000_step.dump\n"));
    assert_null(strstr(listing(folder), "app_20260101_000100_step.dump")); /* of these, too, the newest two stay */
    assert_non_null(strstr(listing(folder), "app_20260101_000300_step.dump\n"));
    assert_non_null(strstr(listing(folder), "app_20260101_000400_step.dump\n"));
}

/* Else the second would take the first one's file, and what that is to bring back would be of a later time. */
static void two_dumps_of_one_run_are_two_files(void **state)
{
    (void)state;
    const char *folder = kit_folder(), *url = world_make("app"), *before = world_digest("app");
    kit_step *first = backup(url, folder), *second = backup(url, folder);
    kit_fact(first, "step.id", "before-it");
    kit_fact(second, "step.id", "after-it");
    kit_fact(first, "run.started_at", "1767225600.5");
    kit_fact(second, "run.started_at", "1767225600.5");
    kit_set(second, "keep", "1");
    assert_int_equal(kit_run(first, KIT_EXECUTE), BELAY_OK);
    world_sql("app", "DELETE FROM a");
    assert_int_equal(kit_run(second, KIT_EXECUTE), BELAY_OK);
    assert_string_equal(kit_output(first, "file"), kit_path("%s/app_20260101_000000_before-it.dump", folder));
    assert_string_equal(kit_output(second, "file"), kit_path("%s/app_20260101_000000_after-it.dump", folder));
    assert_int_equal(kit_run(first, KIT_VERIFY), BELAY_OK); /* the run keeps both */
    assert_int_equal(kit_run(second, KIT_VERIFY), BELAY_OK);
    kit_step *r = restore(url, kit_output(first, "file"));
    assert_int_equal(kit_run(r, KIT_EXECUTE), BELAY_OK);
    assert_string_equal(world_digest("app"), before);
    kit_step_free(r);
    kit_step_free(second);
    kit_step_free(first);
}

static void too_little_room_is_found_in_prepare(void **state)
{
    (void)state;
    kit_step *s = backup(world_make("app"), "/proc");
    assert_true(kit_run(s, KIT_PREPARE) < 0);
    kit_set(s, "to", kit_path("%s/no/such", kit_folder()));
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "No such file"));
    kit_step_free(s);
}

static void a_backup_restores_what_it_saved(void **state)
{
    (void)state;
    const char *url = world_make("app"), *before = world_digest("app");
    kit_step *s = backup(url, kit_folder());
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    world_sql("app", "DELETE FROM a WHERE id > 10; DROP TABLE b");
    kit_step *r = restore(url, kit_output(s, "file"));
    kit_set(r, "sha256", kit_output(s, "sha256"));
    kit_set(r, "min_tables", "2");
    assert_int_equal(kit_run(r, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(r, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(r, KIT_VERIFY), BELAY_OK);
    assert_string_equal(world_digest("app"), before);
    assert_int_equal(atoi(world_sql(kit_output(r, "aside"), "SELECT count(*) FROM a")), 10);

    assert_int_equal(kit_run(r, KIT_ROLLBACK), BELAY_OK);
    assert_int_equal(atoi(world_sql("app", "SELECT count(*) FROM a")), 10);
    assert_int_equal(kit_run(r, KIT_ROLLBACK), BELAY_NOTHING);
    assert_int_equal(atoi(world_sql("app", "SELECT count(*) FROM a")), 10);
    assert_int_equal(kit_run(r, KIT_DISCARD), BELAY_OK);
    assert_false(world_has(kit_undo(r, "fresh")));
    kit_step_free(r);
    kit_step_free(s);
}

/* A dump has none of what belongs to the database as a whole, and the planner would guess. */
static void a_restored_database_is_the_same_as_the_one_it_replaces(void **state)
{
    (void)state;
    world_make("app");
    world_sql("postgres", "DROP DATABASE app");
    world_sql("postgres", "CREATE DATABASE app TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'");
    world_sql("app", "CREATE TABLE w AS SELECT unnest('{B,a,c}'::text[]) AS t");
    world_adorn("app");
    const char *before = world_properties("app"), *url = kit_postgres_database("app");
    kit_step *s = backup(url, kit_folder());
    kit_set(s, "prove", "restore");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    world_sql("app", "DELETE FROM w");
    kit_step *r = restore(url, kit_output(s, "file"));
    assert_int_equal(kit_run(r, KIT_PREPARE), BELAY_OK);
    if (kit_run(r, KIT_EXECUTE) != BELAY_OK)
        fail_msg("%s", kit_summary(r));
    assert_int_equal(kit_run(r, KIT_VERIFY), BELAY_OK);
    assert_string_equal(world_properties("app"), before);
    assert_string_equal(world_sql("app", "SELECT string_agg(t, '' ORDER BY t) FROM w"), "aBc\n");
    assert_string_equal(world_sql("app", "SELECT reltuples FROM pg_class WHERE relname = 'w'"), "3\n");
    assert_int_equal(kit_run(r, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(world_properties("app"), before);
    kit_step_free(r);
    kit_step_free(s);
}

/* As set for the time of a release, to keep writers out. */
static void a_database_that_is_read_only_by_default_is_proved_and_restored(void **state)
{
    (void)state;
    const char *url = world_make("app"), *rows = world_digest("app");
    const char *const places[] = {"ALTER DATABASE app", "ALTER ROLE postgres", "ALTER ROLE postgres IN DATABASE app"};
    for (size_t i = 0; i < 3; i++) {
        world_sql("postgres", kit_path("%s SET default_transaction_read_only = on", places[i]));
        const char *before = world_properties("app");
        kit_step *s = backup(url, kit_folder());
        kit_set(s, "prove", "restore");
        if (kit_run(s, KIT_EXECUTE) != BELAY_OK)
            fail_msg("%s: %s", places[i], kit_summary(s));
        kit_step *r = restore(url, kit_output(s, "file"));
        if (kit_run(r, KIT_EXECUTE) != BELAY_OK)
            fail_msg("%s: %s", places[i], kit_summary(r));
        assert_string_equal(world_properties("app"), before);
        assert_string_equal(world_digest("app"), rows);
        world_sql("postgres?options=-cdefault_transaction_read_only%3Doff",
                  kit_path("%s RESET default_transaction_read_only", places[i]));
        assert_int_equal(kit_run(r, KIT_DISCARD), BELAY_OK);
        kit_step_free(r);
        kit_step_free(s);
    }
}

static void two_restores_of_one_run_are_taken_back_in_turn(void **state)
{
    (void)state;
    const char *url = world_make("app");
    kit_step *s = backup(url, kit_folder()), *first = NULL, *second = NULL;
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    first = restore(url, kit_output(s, "file"));
    second = restore(url, kit_output(s, "file"));
    kit_fact(first, "step.id", "first");
    kit_fact(second, "step.id", "second");
    world_sql("app", "DELETE FROM a WHERE id > 10");
    assert_int_equal(kit_run(first, KIT_EXECUTE), BELAY_OK);
    world_sql("app", "DELETE FROM a WHERE id > 20");
    assert_int_equal(kit_run(second, KIT_EXECUTE), BELAY_OK);
    assert_string_equal(world_sql("app", "SELECT count(*) FROM a"), "1000\n");
    assert_int_equal(kit_run(second, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(world_sql("app", "SELECT count(*) FROM a"), "20\n");
    assert_int_equal(kit_run(first, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(world_sql("app", "SELECT count(*) FROM a"), "10\n");
    kit_step_free(second);
    kit_step_free(first);
    kit_step_free(s);
}

/* A client of version 17 makes dumps of older servers that it cannot restore into them. */
static const char *newer_client(void)
{
    const char *path = kit_path("%s/newer", kit_folder());
    kit_write(path,
              "#!/bin/sh\n"
              "if [ \"$2\" = --version ]; then echo \"$1 (PostgreSQL) 17.2 (Debian 17.2-1)\"; else exec \"$@\"; fi\n");
    kit_output_of("chmod", "755", path, NULL);
    return path;
}

/* The server's, 15 of 15.18. */
static int server_major(void)
{
    return atoi(world_sql("postgres", "SHOW server_version_num")) / 10000;
}

static void a_client_that_cannot_restore_its_own_dumps_is_refused_in_prepare(void **state)
{
    (void)state;
    if (server_major() >= 17)
        skip(); /* the settings that a newer program writes are known there */
    const char *url = world_make("app");
    kit_step *s = backup(url, kit_folder());
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    kit_step *steps[] = {s, restore(url, kit_output(s, "file"))};
    for (size_t i = 0; i < 2; i++) {
        kit_set_list(steps[i], "tool_prefix", newer_client(), NULL);
        assert_int_equal(kit_run(steps[i], KIT_PREPARE), BELAY_E_FAIL);
        assert_non_null(
            strstr(kit_summary(steps[i]),
                   kit_path("the server of version %d: pg_restore 17 cannot restore into it", server_major())));
        assert_non_null(strstr(kit_hint(steps[i]), kit_path("postgresql-client-%d", server_major())));
        kit_step_free(steps[i]);
    }
}

/* As one would whose settings the server does not know; reading the dump back does not show it. */
static void a_dump_is_not_proved_when_the_server_refuses_its_restore(void **state)
{
    (void)state;
    const char *folder = kit_folder(), *stranger = kit_path("%s/stranger", kit_folder());
    kit_write(stranger, "#!/bin/sh\n"
                        "case \"$*\" in pg_restore*-d*) PGOPTIONS='-c no_such_timeout=0'; export PGOPTIONS;; esac\n"
                        "exec \"$@\"\n");
    kit_output_of("chmod", "755", stranger, NULL);
    kit_step *s = backup(world_make("app"), folder);
    kit_set_list(s, "tool_prefix", stranger, NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_RETRY);
    assert_non_null(strstr(kit_summary(s), "unrecognized configuration parameter \"no_such_timeout\""));
    assert_string_equal(listing(folder), "");
    kit_step_free(s);
}

/* Of several versions that are installed, the one in PATH is the newest: here one that fails. */
static void the_programs_of_the_servers_version_are_used(void **state)
{
    (void)state;
    const char *folder = kit_folder(), *path = getenv("PATH");
    const char *const programs[] = {"pg_dump", "pg_restore"};
    if (access(kit_path("/usr/lib/postgresql/%d/bin/pg_dump", server_major()), X_OK) != 0)
        skip(); /* the server is not of this system */
    for (size_t i = 0; i < 2; i++) {
        kit_write(kit_path("%s/%s", folder, programs[i]), "#!/bin/sh\necho '(PostgreSQL) 17.2'\nexit 3\n");
        kit_output_of("chmod", "755", kit_path("%s/%s", folder, programs[i]), NULL);
    }
    char *before = strdup(path);
    setenv("PATH", kit_path("%s:%s", folder, path), 1);
    kit_step *s = backup(world_make("app"), kit_folder());
    kit_set(s, "prove", "restore");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    setenv("PATH", before, 1);
    free(before);
    kit_step_free(s);
}

static void a_database_that_was_set_aside_and_dropped_is_no_success(void **state)
{
    (void)state;
    const char *url = world_make("app"), *before = world_digest("app");
    kit_step *s = backup(url, kit_folder());
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    world_sql("app", "DELETE FROM a WHERE id > 10");
    kit_step *r = restore(url, kit_output(s, "file"));
    assert_int_equal(kit_run(r, KIT_EXECUTE), BELAY_OK);
    world_sql("postgres", kit_path("DROP DATABASE \"%s\"", kit_output(r, "aside")));
    assert_int_equal(kit_run(r, KIT_ROLLBACK), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(r), "app was replaced by the restored dump and stays so"));
    assert_string_equal(world_digest("app"), before);
    kit_step_free(r);
    kit_step_free(s);
}

static void a_bad_dump_changes_nothing(void **state)
{
    (void)state;
    const char *url = world_make("app"), *before = world_digest("app");
    kit_step *s = backup(url, kit_folder());
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    const char *file = kit_output(s, "file"), *cut = kit_path("%s/cut.dump", kit_folder());
    kit_output_of("cp", file, cut, NULL);
    kit_output_of("truncate", "-s", "-200", cut, NULL);
    kit_step *r = restore(url, cut);
    assert_int_equal(kit_run(r, KIT_EXECUTE), BELAY_E_FAIL);
    assert_string_equal(world_digest("app"), before);
    assert_false(world_has(kit_undo(r, "fresh")));
    kit_set(r, "sha256", kit_output(s, "sha256"));
    assert_int_equal(kit_run(r, KIT_PREPARE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(r), "damaged or replaced"));

    const char *script = kit_path("%s/bad.sql", kit_folder());
    kit_write(script, "CREATE TABLE a (id int);\nCREATE TABEL b (id int);\n");
    kit_step *plain = restore(url, script);
    assert_int_equal(kit_run(plain, KIT_EXECUTE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(plain), "TABEL"));
    assert_string_equal(world_digest("app"), before);
    kit_step_free(plain);
    kit_step_free(r);
    kit_step_free(s);
}

/* The swap keeps sessions out, and the one who would let them in again is dead. */
static void a_restore_killed_in_its_swap_leaves_the_database_open(void **state)
{
    (void)state;
    const char *url = world_make("app"), *before = world_digest("app");
    kit_step *s = backup(url, kit_folder());
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    kit_step *r = restore(url, kit_output(s, "file"));
    pid_t holder = world_hold("app");
    assert_int_equal(kit_run_killed(r, KIT_EXECUTE, 0, 5000), KIT_BROKEN);
    assert_int_equal(kit_run(r, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(world_digest("app"), before);
    assert_false(world_has(kit_undo(r, "fresh")));
    world_hang_up(holder);
    kit_step_free(r);
    kit_step_free(s);
}

static void a_killed_proof_leaves_no_database(void **state)
{
    (void)state;
    kit_step *s = backup(world_make("app"), kit_folder());
    kit_set(s, "prove", "restore");
    assert_int_equal(kit_run_killed(s, KIT_EXECUTE, 3, 0), KIT_BROKEN);
    const char *proof = kit_undo(s, "proof");
    assert_non_null(strstr(proof, "_proof_"));
    world_sql("postgres", kit_path("CREATE DATABASE \"%s\"", proof));
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_false(world_has(proof));
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dump_is_proved_named_and_summed),
        cmocka_unit_test(a_database_of_any_name_is_dumped_and_restored_as_itself),
        cmocka_unit_test(a_failing_dump_leaves_nothing_that_looks_good),
        cmocka_unit_test(a_dump_that_dies_with_its_server_is_an_error_that_may_pass),
        cmocka_unit_test(a_killed_dump_is_removed_by_rollback),
        cmocka_unit_test(retention_counts_only_proved_dumps),
        cmocka_unit_test(dumps_of_runs_that_were_rolled_back_evict_no_good_one),
        cmocka_unit_test(two_dumps_of_one_run_are_two_files),
        cmocka_unit_test(too_little_room_is_found_in_prepare),
        cmocka_unit_test(a_backup_restores_what_it_saved),
        cmocka_unit_test(a_restored_database_is_the_same_as_the_one_it_replaces),
        cmocka_unit_test(a_database_that_is_read_only_by_default_is_proved_and_restored),
        cmocka_unit_test(two_restores_of_one_run_are_taken_back_in_turn),
        cmocka_unit_test(a_client_that_cannot_restore_its_own_dumps_is_refused_in_prepare),
        cmocka_unit_test(a_dump_is_not_proved_when_the_server_refuses_its_restore),
        cmocka_unit_test(the_programs_of_the_servers_version_are_used),
        cmocka_unit_test(a_database_that_was_set_aside_and_dropped_is_no_success),
        cmocka_unit_test(a_bad_dump_changes_nothing),
        cmocka_unit_test(a_restore_killed_in_its_swap_leaves_the_database_open),
        cmocka_unit_test(a_killed_proof_leaves_no_database),
    };
    return cmocka_run_group_tests_name("postgres.backup and restore", tests, NULL, NULL);
}
