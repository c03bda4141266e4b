#include "postgres_world.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

const char *world_sql(const char *database, const char *sql)
{
    return kit_output_of("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", kit_postgres_database(database),
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

static pid_t sleeper(const char *database, const char *application, const char *sql)
{
    const char *url = kit_postgres_database(database);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("PGAPPNAME", application, 1);
        execlp("psql", "psql", "-X", "-q", "-d", url, "-c", sql, (char *)NULL);
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
