#include "migration_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

migrations migrations_new(const char *database)
{
    world_make(database);
    return (migrations){database, kit_folder()};
}

void migrations_write(const migrations *m, const char *name, const char *text)
{
    kit_write(kit_path("%s/%s", m->dir, name), text);
}

void migrations_remove(const migrations *m, const char *name)
{
    assert_int_equal(unlink(kit_path("%s/%s", m->dir, name)), 0);
}

kit_step *migrations_step(const migrations *m, const char *kind)
{
    kit_step *s = kit_step_new(kind);
    kit_set(s, "database", kit_postgres_database(m->database));
    kit_set(s, "dir", m->dir);
    return s;
}

void run_phase(kit_step *s, kit_phase phase, belay_status expected)
{
    belay_status status = kit_run(s, phase);
    if (status != expected)
        fail_msg("status %d, expected %d: %s\n%s", status, expected, kit_summary(s), kit_log(s));
}

void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not contain '%s'", text, part);
}

pid_t hold(const migrations *m, const char *sql, const char *application)
{
    const char *url = kit_postgres_database(m->database);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("PGAPPNAME", application, 1);
        execlp("psql", "psql", "-X", "-q", "-d", url, "-c", "BEGIN", "-c", sql, "-c", "SELECT pg_sleep(60)",
               (char *)NULL);
        _exit(127);
    }
    const char *ask = kit_path("SELECT count(*) FROM pg_stat_activity WHERE application_name = '%s'"
                               " AND query LIKE 'SELECT pg_sleep%%'",
                               application);
    for (int i = 0; i < 100 && atoi(world_sql("postgres", ask)) == 0; i++)
        usleep(50000);
    return pid;
}

void assert_sql(const migrations *m, const char *sql, const char *expected)
{
    assert_string_equal(world_sql(m->database, sql), expected);
}
