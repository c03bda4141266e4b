/* How a session reaches its server, and that PostgreSQL's programs reach the same one in the same way. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"
#include "postgres_world.h"

#define PASSWORD "kit-postgres"

static const char *standby; /* stands for one: read-only, with older data; its URL ends in '/' */

static const char *sql_at(const char *server, const char *database, const char *sql)
{
    return kit_output_of("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
                         kit_path("%s%s", server, database), "-c", "SET default_transaction_read_only = off", "-c", sql,
                         NULL);
}

static int set_up(void **state)
{
    static const char *const settings[] = {"default_transaction_read_only=on", "listen_addresses=127.0.0.1,::1", NULL};
    (void)state;
    standby = kit_postgres_start(settings);
    sql_at(standby, "postgres", "CREATE DATABASE shop");
    sql_at(standby, "shop", "CREATE TABLE which AS SELECT 'STALE standby' AS w");
    world_make("shop");
    world_sql("shop", "CREATE TABLE which AS SELECT 'primary' AS w");
    return 0;
}

static const char *port_of(const char *url)
{
    return kit_path("%.*s", (int)strcspn(strrchr(url, ':') + 1, "/"), strrchr(url, ':') + 1);
}

static const char *both_hosts(void)
{
    return kit_path("postgresql://postgres:" PASSWORD "@127.0.0.1:%s,127.0.0.1:%s/shop?target_session_attrs=read-write",
                    port_of(standby), port_of(kit_postgres_url()));
}

static kit_step *step(const char *kind, const char *database)
{
    kit_step *s = kit_step_new(kind);
    kit_set(s, "database", database);
    return s;
}

static void must(kit_step *s, kit_phase phase)
{
    belay_status got = kit_run(s, phase);
    if (got != BELAY_OK)
        fail_msg("phase %d gave %d: %s (%s)", (int)phase, got, kit_summary(s), kit_hint(s));
}

static const char *dumped(const char *url)
{
    kit_step *s = step("postgres.backup", url);
    kit_set(s, "to", kit_folder());
    must(s, KIT_PREPARE);
    must(s, KIT_EXECUTE);
    const char *rows = kit_output_of("pg_restore", "-a", "-t", "which", "-f", "-", kit_output(s, "file"), NULL);
    kit_step_free(s);
    return rows;
}

static void a_dump_is_of_the_server_that_the_session_reached(void **state)
{
    (void)state;
    assert_non_null(strstr(dumped(both_hosts()), "primary"));
}

static void a_restore_goes_to_the_server_that_the_session_reached(void **state)
{
    (void)state;
    kit_step *b = step("postgres.backup", both_hosts());
    kit_set(b, "to", kit_folder());
    kit_set(b, "prove", "restore");
    must(b, KIT_EXECUTE);
    kit_step *r = step("postgres.restore", both_hosts());
    kit_set(r, "file", kit_output(b, "file"));
    world_sql("shop", "UPDATE which SET w = 'after the dump'");
    must(r, KIT_PREPARE);
    must(r, KIT_EXECUTE);
    assert_string_equal(world_sql("shop", "SELECT w FROM which"), "primary\n");
    assert_string_equal(sql_at(standby, "postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop\\_%'"),
                        "0\n");
    kit_step_free(r);
    kit_step_free(b);
}

static kit_step *migration(const char *kind, const char *database)
{
    const char *dir = kit_folder();
    kit_write(kit_path("%s/001_a.sql", dir), "\\set n 7\nCREATE TABLE by_psql AS SELECT :n AS n, w FROM which;\n"
                                             "SELECT 1 / count(*) FROM which WHERE w = 'primary';\n");
    kit_step *s = step(kind, database);
    kit_set(s, "dir", dir);
    kit_set(s, "runner", "psql");
    return s;
}

static void psql_migrates_the_server_that_has_the_ledger(void **state)
{
    (void)state;
    kit_step *s = migration("postgres.migrate", both_hosts());
    kit_set(s, "undo", "none");
    must(s, KIT_PREPARE);
    must(s, KIT_EXECUTE);
    assert_string_equal(world_sql("shop", "SELECT n, w FROM by_psql"), "7|primary\n");
    assert_string_equal(sql_at(standby, "shop", "SELECT to_regclass('by_psql') IS NULL"), "t\n");
    world_sql("shop", "DROP TABLE by_psql, belay_migrations");
    kit_step_free(s);
}

static void a_trial_by_dump_copies_the_server_that_the_session_reached(void **state)
{
    (void)state;
    kit_step *s = migration("postgres.trial", both_hosts());
    kit_set(s, "copy", "dump");
    must(s, KIT_PREPARE);
    must(s, KIT_EXECUTE);
    kit_step_free(s);
}

/* A service file and a password file of the user's, which the session reads by itself. */
static void service_and_passfile_reach_the_programs(void **state)
{
    (void)state;
    const char *port = port_of(kit_postgres_url()), *home = kit_folder();
    const char *passwords = kit_path("%s/passwords", home), *old_home = kit_path("%s", getenv("HOME"));
    kit_write(passwords, kit_path("127.0.0.1:%s:*:postgres:" PASSWORD "\n", port));
    assert_int_equal(chmod(passwords, 0600), 0);
    kit_write(kit_path("%s/.pg_service.conf", home),
              kit_path("[svc]\nhost=127.0.0.1\nport=%s\nuser=postgres\ndbname=shop\npassword=" PASSWORD "\n", port));
    setenv("HOME", home, 1);
    const char *by_service = dumped("service=svc");
    setenv("HOME", old_home, 1);
    assert_non_null(strstr(by_service, "primary"));
    assert_non_null(
        strstr(dumped(kit_path("postgresql://postgres@127.0.0.1:%s/shop?passfile=%s", port, passwords)), "primary"));
}

static void a_password_of_any_length_reaches_the_programs(void **state)
{
    (void)state;
    char password[2001];
    memset(password, 'x', sizeof password - 1);
    password[sizeof password - 1] = '\0';
    world_sql("shop", kit_path("CREATE ROLE cloud SUPERUSER LOGIN PASSWORD '%s'", password));
    assert_non_null(strstr(
        dumped(kit_path("postgresql://cloud:%s@127.0.0.1:%s/shop", password, port_of(kit_postgres_url()))), "primary"));
}

static void a_parameter_that_cannot_be_passed_on_is_refused_by_name(void **state)
{
    (void)state;
    kit_step *s = step("postgres.backup", kit_path("%s?application_name=nightly%%20", kit_postgres_database("shop")));
    kit_set(s, "to", kit_folder());
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_summary(s), "the connection parameter application_name cannot be given to pg_dump, "
                                        "pg_restore and psql: it ends in white space");
    kit_step_free(s);
}

/* The programs' own way, wherever it leads: into another container, through a load balancer ... */
static void programs_that_reach_another_server_are_refused(void **state)
{
    (void)state;
    const char *elsewhere = kit_path("%s/elsewhere", kit_folder()), *folder = kit_folder();
    kit_write(elsewhere, kit_path("#!/bin/sh\nunset PGSERVICE PGSERVICEFILE\nexport PGHOST=127.0.0.1 PGPORT=%s "
                                  "PGPASSWORD=" PASSWORD "\nexec \"$@\"\n",
                                  port_of(standby)));
    kit_output_of("chmod", "755", elsewhere, NULL);
    kit_step *s = step("postgres.backup", kit_postgres_database("shop"));
    kit_set(s, "to", folder);
    kit_set_list(s, "tool_prefix", elsewhere, NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "psql is connected to another server than Belay"));
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "pg_dump is connected to another server than Belay"));
    assert_string_equal(kit_output_of("ls", "-A", folder, NULL), "");
    kit_step_free(s);

    s = migration("postgres.migrate", kit_postgres_database("shop"));
    kit_set(s, "undo", "none");
    kit_set_list(s, "tool_prefix", elsewhere, NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "psql is connected to another server than Belay"));
    assert_string_equal(sql_at(standby, "shop", "SELECT to_regclass('by_psql') IS NULL"), "t\n");
    kit_step_free(s);
}

/* pg_dump would refuse it only once everything has stopped. */
static void a_client_older_than_its_server_is_found_in_prepare(void **state)
{
    (void)state;
    const char *old = kit_path("%s/old", kit_folder());
    kit_write(old,
              "#!/bin/sh\nif [ \"$1 $2\" = 'pg_dump --version' ]; then echo 'pg_dump (PostgreSQL) 9.6.24'; else exec "
              "\"$@\"; fi\n");
    kit_output_of("chmod", "755", old, NULL);
    static const char *const kinds[] = {"postgres.backup", "postgres.trial"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        kit_step *s = step(kinds[i], kit_postgres_database("shop"));
        kit_set(s, i == 0 ? "to" : "dir", kit_folder());
        if (i == 1)
            kit_set(s, "copy", "dump");
        kit_set_list(s, "tool_prefix", old, NULL);
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
        assert_non_null(strstr(kit_summary(s), "pg_dump is of version 9, the server of version"));
        assert_non_null(strstr(kit_hint(s), "docker://CONTAINER/NAME"));
        kit_step_free(s);
    }
}

static void addresses_for_other_libraries_are_refused_by_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *address, *says, *hint;
    } cases[] = {
        {"postgresql://u:the-password@h/db?schema=public", "the parameter \"schema\"", "options=-csearch_path"},
        {"postgres://u:the-password@h/db?sslmode=require&pgbouncer=true", "the parameter \"pgbouncer\"", "remove it"},
        {"postgresql+psycopg2://u:the-password@h/db", "the scheme \"postgresql+psycopg2\"", "postgresql://"},
        {"postgresql+asyncpg://u:the-password@h/db", "the scheme \"postgresql+asyncpg\"", "postgresql://"},
        {"mysql://u:the-password@h/db", "the scheme \"mysql\"", "postgresql://"},
        {"host=h pasword=the-password", "the parameter \"pasword\"", "remove it"},
        {"postgresql://u:the-password@h/db?sslmode=maybe", "invalid sslmode value", "correct that parameter"},
        {"postgresql://u:the-password@h:%zz/db", "cannot be read", "percent-encoded"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_step *s = step("postgres.snapshot", cases[i].address);
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
        if (!strstr(kit_summary(s), cases[i].says) || !strstr(kit_hint(s), cases[i].hint))
            fail_msg("%s: %s (%s)", cases[i].address, kit_summary(s), kit_hint(s));
        assert_null(strstr(kit_summary(s), "the-password"));
        kit_step_free(s);
    }
}

static void what_tls_refuses_is_not_taken_for_a_server_that_is_down(void **state)
{
    (void)state;
    const char *url = kit_postgres_database("shop");
    kit_step *s = step("postgres.snapshot", kit_path("%s?sslmode=require", url));
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "server does not support SSL"));
    assert_non_null(strstr(kit_hint(s), "sslmode"));
    kit_step_free(s);
}

/* IPv6 literals and names beside 127.0.0.1. */
static void a_server_is_reached_by_each_kind_of_name(void **state)
{
    (void)state;
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    const size_t count = access("/proc/net/if_inet6", F_OK) == 0 ? 3 : 2;
    for (size_t i = 0; i < count; i++)
        assert_non_null(
            strstr(dumped(kit_path("postgresql://postgres:" PASSWORD "@%s:%s/shop", hosts[i], port_of(standby))),
                   "STALE standby"));
}

/* ---- pgbouncer ---------------------------------------------------------------------------------------------------
 */

static const char *pgbouncer_program(void)
{
    static const char *const places[] = {"/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"};
    const char *source = getenv("BELAY_SOURCE_DIR"),
               *unpacked = kit_path("%s/.dev/bin/pgbouncer", source ? source : "");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return access(unpacked, X_OK) == 0 ? unpacked : NULL;
}

/* It refuses to run as root. */
static pid_t pgbouncer_start(const char *mode, int port)
{
    const char *folder = kit_folder(), *settings = kit_path("%s/pgbouncer.ini", folder);
    const char *users = kit_path("%s/users", folder), *log = kit_path("%s/log", folder);
    kit_write(users, "\"postgres\" \"" PASSWORD "\"\n");
    kit_write(settings,
              kit_path("[databases]\n* = host=127.0.0.1 port=%s\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=%d\n"
                       "auth_type=scram-sha-256\nauth_file=%s\npool_mode=%s\nunix_socket_dir=\nlogfile=%s\n%s",
                       port_of(kit_postgres_url()), port, users, mode, log, geteuid() == 0 ? "user=postgres\n" : ""));
    if (geteuid() == 0)
        kit_output_of("chown", "-R", "postgres", folder, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(pgbouncer_program(), "pgbouncer", "-q", settings, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 200 && kit_status_of("psql", "-X", "-q", "-d",
                                             kit_path("postgresql://postgres:" PASSWORD "@127.0.0.1:%d/shop", port),
                                             "-c", "SELECT", NULL) != 0;
         i++)
        usleep(50000);
    return pid;
}

static belay_status through_pgbouncer(const char *mode, kit_step *s)
{
    const int port = kit_free_port();
    pid_t pid = pgbouncer_start(mode, port);
    kit_set(s, "database", kit_path("postgresql://postgres:" PASSWORD "@127.0.0.1:%d/shop", port));
    belay_status status = kit_run(s, KIT_PREPARE);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return status;
}

static void a_pooler_is_refused_unless_a_session_is_its_own(void **state)
{
    (void)state;
    if (!pgbouncer_program()) {
        print_message("pgbouncer is not installed (apt-get install pgbouncer)\n");
        skip();
    }
    kit_step *s = step("postgres.snapshot", "");
    assert_int_equal(through_pgbouncer("transaction", s), BELAY_E_CONFIG);
    assert_non_null(strstr(kit_summary(s), "a connection pooler in transaction mode"));
    assert_non_null(strstr(kit_hint(s), "pool_mode = session"));
    assert_string_equal(kit_option_to_blame(s), "database");
    assert_int_equal(through_pgbouncer("statement", s), BELAY_E_CONFIG);
    assert_int_equal(through_pgbouncer("session", s), BELAY_OK);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dump_is_of_the_server_that_the_session_reached),
        cmocka_unit_test(a_restore_goes_to_the_server_that_the_session_reached),
        cmocka_unit_test(psql_migrates_the_server_that_has_the_ledger),
        cmocka_unit_test(a_trial_by_dump_copies_the_server_that_the_session_reached),
        cmocka_unit_test(service_and_passfile_reach_the_programs),
        cmocka_unit_test(a_password_of_any_length_reaches_the_programs),
        cmocka_unit_test(a_parameter_that_cannot_be_passed_on_is_refused_by_name),
        cmocka_unit_test(programs_that_reach_another_server_are_refused),
        cmocka_unit_test(a_client_older_than_its_server_is_found_in_prepare),
        cmocka_unit_test(addresses_for_other_libraries_are_refused_by_what_is_wrong),
        cmocka_unit_test(what_tls_refuses_is_not_taken_for_a_server_that_is_down),
        cmocka_unit_test(a_server_is_reached_by_each_kind_of_name),
        cmocka_unit_test(a_pooler_is_refused_unless_a_session_is_its_own),
    };
    return cmocka_run_group_tests_name("postgres: connections", tests, set_up, NULL);
}
