#include "postgres_world.h"

#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

/* Debian's psql is a script that looks for this one, which takes longer than most questions. */
static const char *psql(void)
{
    static const char *path;
    glob_t found = {0};
    if (!path && glob("/usr/lib/postgresql/*/bin/psql", 0, NULL, &found) == 0)
        path = kit_path("%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return path ? path : (path = "psql");
}

const char *world_sql(const char *database, const char *sql)
{
    return kit_output_of(psql(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", kit_postgres_database(database),
                         "-c", sql, NULL);
}

/* The database, and those that an earlier test left beside it. */
static void drop_all(const char *name)
{
    const char *ask = kit_path("SELECT format('DROP DATABASE %%I WITH (FORCE)', datname) FROM pg_database "
                               "WHERE datname = '%s' OR datname LIKE '%s\\_%%'",
                               name, name);
    char *statements = strdup(world_sql("postgres", ask)), *rest = statements, *line;
    while ((line = strsep(&rest, "\n")))
        if (*line)
            world_sql("postgres", line);
    free(statements);
}

const char *world_make(const char *name)
{
    drop_all(name);
    world_sql("postgres", kit_path("CREATE DATABASE \"%s\"", name));
    world_sql(name, "CREATE TABLE a (id int PRIMARY KEY, t text);"
                    "INSERT INTO a SELECT i, md5(i::text) FROM generate_series(1, 1000) i;"
                    "CREATE TABLE b (id serial PRIMARY KEY, a int REFERENCES a)");
    return kit_postgres_database(name);
}

bool world_has(const char *database)
{
    const char *found =
        world_sql("postgres", kit_path("SELECT count(*) FROM pg_database WHERE datname = '%s'", database));
    return atoi(found) == 1;
}

const char *world_digest(const char *database)
{
    return world_sql(database, "SELECT (SELECT md5(string_agg(a::text, '|' ORDER BY id)) FROM a),"
                               " (SELECT md5(coalesce(string_agg(b::text, '|' ORDER BY id), '')) FROM b)");
}

void world_adorn(const char *database)
{
    const char *in_place = "postgres?options=-callow_in_place_tablespaces%3Don";
    const char *const roles[] = {"granter", "odd name"};
    for (size_t i = 0; i < 2; i++)
        if (!atoi(world_sql("postgres", kit_path("SELECT count(*) FROM pg_roles WHERE rolname = '%s'", roles[i]))))
            world_sql("postgres", kit_path("CREATE ROLE \"%s\"", roles[i]));
    if (!atoi(world_sql("postgres", "SELECT count(*) FROM pg_tablespace WHERE spcname = 'Other Space'")))
        world_sql(in_place, "CREATE TABLESPACE \"Other Space\" LOCATION ''");
    const char *const statements[] = {
        "ALTER DATABASE \"%s\" SET TABLESPACE \"Other Space\"",
        "ALTER DATABASE \"%s\" SET search_path = \"$user\", public, \"Odd Schema\"",
        "ALTER DATABASE \"%s\" SET work_mem = '7MB'",
        "ALTER DATABASE \"%s\" SET \"app.key\" = 'a=b, ''c'' \"d\"'",
        "ALTER ROLE \"odd name\" IN DATABASE \"%s\" SET statement_timeout = '9s'",
        "REVOKE ALL ON DATABASE \"%s\" FROM PUBLIC",
        "GRANT CONNECT ON DATABASE \"%s\" TO granter WITH GRANT OPTION",
        "SET ROLE granter; GRANT CONNECT ON DATABASE \"%s\" TO \"odd name\"",
        "ALTER DATABASE \"%s\" CONNECTION LIMIT 7",
        "COMMENT ON DATABASE \"%s\" IS 'the shop''s \\ data'",
    };
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        const char *at = strstr(statements[i], "%s");
        world_sql("postgres",
                  kit_path("%.*s%s%s", (int)(at - statements[i]), statements[i], database, at + strlen("%s")));
    }
}

const char *world_properties(const char *database)
{
    return world_sql("postgres",
                     kit_path("SELECT to_jsonb(d) - 'oid' - 'datname' - 'datfrozenxid' - 'datminmxid' - 'datacl',"
                              " shobj_description(oid, 'pg_database'),"
                              " (SELECT string_agg(concat_ws(' ', setrole, setconfig::text), '|' ORDER BY setrole)"
                              "   FROM pg_db_role_setting WHERE setdatabase = d.oid),"
                              " (SELECT string_agg(a::text, '|' ORDER BY a::text) FROM unnest(datacl) a)"
                              " FROM pg_database d WHERE datname = '%s'",
                              database));
}

const char *world_beside(const char *name)
{
    return world_sql("postgres", kit_path("SELECT datname FROM pg_database WHERE starts_with(datname, '%s_')", name));
}

const char *world_own(const char *database, const char *user, const char *rights)
{
    if (!atoi(world_sql("postgres", kit_path("SELECT count(*) FROM pg_roles WHERE rolname = '%s'", user))))
        world_sql("postgres", kit_path("CREATE ROLE %s LOGIN PASSWORD 'own'", user));
    world_sql("postgres", kit_path("ALTER ROLE %s NOSUPERUSER %s", user, rights));
    world_sql("postgres", kit_path("ALTER DATABASE \"%s\" OWNER TO %s", database, user));
    return kit_path("postgresql://%s:own%s", user, strchr(kit_postgres_database(database), '@'));
}

static pid_t sleeper(const char *database, const char *application, const char *sql)
{
    const char *url = kit_postgres_database(database), *program = psql();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("PGAPPNAME", application, 1);
        execlp(program, program, "-X", "-q", "-d", url, "-c", sql, (char *)NULL);
        _exit(127);
    }
    const char *ask = kit_path("SELECT count(*) FROM pg_stat_activity WHERE application_name = '%s'"
                               " AND wait_event = 'PgSleep'",
                               application);
    for (int i = 0; i < 100 && atoi(world_sql("postgres", ask)) == 0; i++)
        usleep(50000);
    return pid;
}

pid_t world_connect(const char *database, const char *application)
{
    return sleeper(database, application, "SELECT pg_sleep(60)");
}

pid_t world_hold(const char *database)
{
    return sleeper("postgres", "holder",
                   kit_path("COMMENT ON DATABASE \"%s\" IS 'held'; SELECT pg_sleep(60)", database));
}

pid_t world_hold_settings(void)
{
    return sleeper("postgres", "settings", "LOCK TABLE pg_db_role_setting IN SHARE MODE; SELECT pg_sleep(60)");
}

void world_hang_up(pid_t pid)
{
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    /* A server process that sleeps does not notice that its client left. */
    const char *ask = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(%'"
                      " AND pid <> pg_backend_pid()";
    for (int i = 0; i < 100 && atoi(world_sql("postgres", ask)) > 0; i++)
        usleep(50000);
}
