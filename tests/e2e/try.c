/* `belay try` on a real database: each call is a run of its own, whose rollback leaves alone what earlier calls did. */
#include <string.h>

#include "kit.h"
#include "postgres_world.h"
#include "run.h"

static const char *database;

static const char *sql(const char *text)
{
    return world_sql("try_app", text);
}

static outcome try_migrate(const char *dir, const char *more)
{
    const char *dir_set = kit_path("dir=%s", dir), *database_set = kit_path("database=%s", database);
    return belay("try", "postgres.migrate", "--set", database_set, "--set", dir_set, "--set", "undo=down", more, NULL);
}

static void write_migration(const char *dir, const char *name, const char *text)
{
    kit_write(kit_path("%s/%s", dir, name), text);
}

static const char *migrated_once(void)
{
    const char *dir = kit_folder();
    database = world_make("try_app");
    write_migration(dir, "001_t.sql", "CREATE TABLE t (id integer);");
    write_migration(dir, "001_t.down.sql", "DROP TABLE t;");
    assert_int_equal(try_migrate(dir, NULL).status, 0);
    sql("INSERT INTO t VALUES (1), (2)");
    return dir;
}

static void a_try_that_fails_leaves_alone_what_earlier_ones_migrated(void **state)
{
    (void)state;
    const char *dir = migrated_once();
    write_migration(dir, "002_bad.sql", "CREATE TABLE half (id integer);\nSELECT 1/0;");
    write_migration(dir, "002_bad.down.sql", "DROP TABLE half;");
    outcome o = try_migrate(dir, NULL);
    assert_int_not_equal(o.status, 0);
    assert_holds(o.out, "22012");
    assert_string_equal(sql("SELECT count(*) FROM t"), "2\n");
    assert_string_equal(sql("SELECT file FROM belay_migrations"), "001_t.sql\n");
}

static void undo_takes_back_what_this_try_applied_and_no_more(void **state)
{
    (void)state;
    const char *dir = migrated_once();
    write_migration(dir, "002_u.sql", "CREATE TABLE u (id integer);");
    write_migration(dir, "002_u.down.sql", "DROP TABLE u;");
    (void)try_migrate(dir, "--undo");
    assert_string_equal(sql("SELECT to_regclass('u') IS NULL, count(*) FROM t"), "t|2\n");
    assert_string_equal(sql("SELECT file FROM belay_migrations"), "001_t.sql\n");
    (void)try_migrate(dir, "--undo");
    assert_string_equal(sql("SELECT count(*) FROM t"), "2\n");
}

/* Whatever a plugin names after its run is a new thing in each try. */
static void what_is_named_after_the_run_is_new_in_each_try(void **state)
{
    (void)state;
    database = world_make("try_app");
    const char *count = "SELECT count(*) FROM pg_database WHERE datname LIKE 'try_app\\_before\\_try\\_%'";
    for (int i = 1; i <= 2; i++) {
        outcome o = belay("try", "postgres.snapshot", "--set", kit_path("database=%s", database), NULL);
        if (o.status != 0)
            fail_msg("try %d: %s", i, o.out);
        assert_string_equal(world_sql("postgres", count), kit_path("%d\n", i));
    }
    assert_holds(belay("history", NULL).out, "No runs are recorded yet.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_try_that_fails_leaves_alone_what_earlier_ones_migrated),
        cmocka_unit_test(undo_takes_back_what_this_try_applied_and_no_more),
        cmocka_unit_test(what_is_named_after_the_run_is_new_in_each_try),
    };
    return cmocka_run_group_tests_name("try", tests, NULL, NULL);
}
