#include <string.h>

#include "bad_line.h"
#include "migration_world.h"

static const char *database = "line";
static migrations world;

static kit_step *over(const proxy *line, const char *kind)
{
    kit_step *s = kit_step_new(kind);
    const char *url = kit_postgres_database(database), *at = strchr(url, '@');
    kit_set(s, "database", kit_path("%.*s@127.0.0.1:%d/%s", (int)(at - url), url, proxy_port(line), database));
    return s;
}

static proxy *line_to_postgres(void)
{
    const char *port = strrchr(kit_postgres_url(), ':') + 1;
    return proxy_start(kit_path("127.0.0.1:%.*s", (int)strcspn(port, "/"), port), NULL);
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

static kit_step *query(const proxy *line)
{
    kit_step *s = over(line, "postgres.query");
    kit_set(s, "sql", "SELECT count(*) FROM a");
    kit_set(s, "min", "1");
    return s;
}

static kit_step *sessions(const proxy *line)
{
    return over(line, "postgres.sessions");
}

static kit_step *locks(const proxy *line)
{
    kit_step *s = over(line, "postgres.locks");
    kit_set(s, "window", "200ms");
    return s;
}

static void checks_over_a_bad_line(void **state)
{
    (void)state;
    world_make(database);
    proxy *line = line_to_postgres();
    bad_line_verify(line, query);
    bad_line_verify(line, sessions);
    bad_line_verify(line, locks);
    proxy_stop(line);
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

static const char *rows(void)
{
    return world_digest(database);
}

/* Each in a run of its own: what a rollback sets aside is named after the run. */
static kit_step *snapshot(const proxy *line)
{
    static int run;
    kit_step *s = over(line, "postgres.snapshot");
    kit_fact(s, "run.id", kit_path("20260101-000000-%04d", run++));
    return s;
}

static void a_snapshot_over_a_bad_line(void **state)
{
    (void)state;
    world_make(database);
    proxy *line = line_to_postgres();
    bad_line_change(line, snapshot, rows);
    proxy_stop(line);
}

/* Tables, and how many rows they hold. */
static const char *tables(void)
{
    return world_sql(database, "SELECT string_agg(c.relname || ' ' || (xpath('/row/n/text()', query_to_xml("
                               "'SELECT count(*) AS n FROM ' || c.oid::regclass, false, true, '')))[1]::text, ' ' "
                               "ORDER BY c.relname) FROM pg_class c WHERE relkind = 'r' AND "
                               "relnamespace = 'public'::regnamespace AND relname <> 'belay_migrations'");
}

/* Each file has its own way back. */
static kit_step *migrate(const proxy *line)
{
    kit_step *s = over(line, "postgres.migrate");
    kit_set(s, "dir", world.dir);
    kit_set(s, "undo", "down");
    return s;
}

static void migrations_over_a_bad_line(void **state)
{
    (void)state;
    world = migrations_new(database);
    migrations_write(&world, "001_one.sql",
                     "CREATE TABLE one (id integer); INSERT INTO one SELECT generate_series(1, 50);");
    migrations_write(&world, "001_one.down.sql", "DROP TABLE one;");
    migrations_write(&world, "002_two.sql",
                     "CREATE TABLE two (id integer); INSERT INTO two SELECT generate_series(1, 50);");
    migrations_write(&world, "002_two.down.sql", "DROP TABLE two;");
    proxy *line = line_to_postgres();
    bad_line_change(line, migrate, tables);
    proxy_stop(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_over_a_bad_line),
        cmocka_unit_test(a_snapshot_over_a_bad_line),
        cmocka_unit_test(migrations_over_a_bad_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
