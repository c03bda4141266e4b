/* docker://CONTAINER/DATABASE: a server that only its container leads to. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

#define PASSWORD "kit-postgres"

/* Two containers, made of this machine's own PostgreSQL, with the rules of the official image: trust by the socket and
 * from 127.0.0.1, a password else. The second one publishes its port, has its socket in an odd place, and no psql. */
static const char *hidden, *odd;

static const char start_server[] =
    "set -e; bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1); as='setpriv --reuid=postgres --regid=postgres "
    "--init-groups'; install -d -o postgres -m 755 /data/d /run/postgresql $0; chmod 700 /data/d;"
    "[ -e /data/d/PG_VERSION ] || { $as $bin/initdb -D /data/d -U postgres -A trust --no-sync >/dev/null;"
    "echo 'host all all all scram-sha-256' >>/data/d/pg_hba.conf; }; rm -f $0/.s.PGSQL.*;"
    "exec $as $bin/postgres -D /data/d -c listen_addresses='*' -c unix_socket_directories=$0 -c fsync=off "
    "-c shared_buffers=16MB -c max_connections=30";

static const char *in(const char *container, const char *database, const char *sql)
{
    return kit_output_of("docker", "exec", container, "sh", "-c",
                         "$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)/psql -XqAt -v ON_ERROR_STOP=1 -h 127.0.0.1 "
                         "-U postgres -d \"$0\" -c \"$1\"",
                         database, sql, NULL);
}

static void await_server(const char *container)
{
    for (int i = 0; i < 300; i++) {
        if (kit_status_of("docker", "exec", container, "sh", "-c",
                          "$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)/pg_isready -q -h 127.0.0.1", NULL) == 0)
            return;
        usleep(100000);
    }
    fail_msg("%s: %s", container, kit_output_of("docker", "logs", container, NULL));
}

/* extra: two more words for `docker run`. */
static const char *start(const char *kind, const char *sockets, const char *option, const char *value)
{
    const char *name = kit_path("belay-test-%d-%s", (int)getpid(), kind);
    kit_output_of(
        "docker", "run", "-d", "--name", name, "-v", "/usr:/usr:ro", "-v", "/etc/passwd:/etc/passwd:ro", "-v",
        "/etc/group:/etc/group:ro", "-v", "/data", option, value, "-e",
        kit_path("PATH=%s:/usr/sbin:/usr/bin:/sbin:/bin",
                 strcmp(kind, "hidden") == 0
                     ? strtok(strdup(kit_output_of("sh", "-c", "ls -d /usr/lib/postgresql/*/bin", NULL)), "\n")
                     : "/nowhere"),
        "debian:bookworm-slim", "sh", "-c", start_server, sockets, NULL);
    return name;
}

static int tear_down(void **state)
{
    (void)state;
    kit_status_of("docker", "rm", "-fv", hidden ? hidden : "x", NULL);
    kit_status_of("docker", "rm", "-fv", odd ? odd : "x", NULL);
    return 0;
}

static void fill(const char *container)
{
    await_server(container);
    in(container, "postgres", "ALTER ROLE postgres PASSWORD '" PASSWORD "'");
    in(container, "postgres", "CREATE DATABASE shop");
    in(container, "shop", kit_path("CREATE TABLE which AS SELECT '%s' AS w", container));
}

static int set_up(void **state)
{
    (void)state;
    setenv("DOCKER_HOST", kit_docker_host(), 1);
    hidden = start("hidden", "/run/postgresql", "--label", "belay-test");
    odd = start("odd", "/odd", "-v", "/dev/null:/usr/bin/psql:ro");
    fill(hidden);
    fill(odd);
    return 0;
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
        fail_msg("phase %d gave %d: %s (%s)\n%s", (int)phase, got, kit_summary(s), kit_hint(s), kit_log(s));
}

#define assert_holds(text, part)                                                                                       \
    do {                                                                                                               \
        if (!strstr((text), (part)))                                                                                   \
            fail_msg("'%s' is not in: %s", (part), (text));                                                            \
    } while (0)

static void without_a_password_the_socket_of_the_container_is_used(void **state)
{
    (void)state;
    kit_step *s = step("postgres.query", kit_path("docker://%s/shop?user=postgres", hidden));
    kit_set(s, "sql", "SELECT w FROM which");
    kit_set(s, "expect", hidden);
    must(s, KIT_VERIFY);
    assert_holds(kit_log(s), "is reached by its socket in /var/run/postgresql");
    kit_set(s, "database", kit_path("docker://%s/shop", hidden)); /* postgres is the user */
    must(s, KIT_VERIFY);
    kit_step_free(s);
}

static void with_a_password_its_address_is_used_where_no_port_is_published(void **state)
{
    (void)state;
    kit_step *s = step("postgres.query", kit_path("docker://postgres:" PASSWORD "@%s/shop", hidden));
    kit_set(s, "sql", "SELECT w FROM which");
    kit_set(s, "expect", hidden);
    must(s, KIT_VERIFY);
    assert_holds(kit_log(s), "is reached by its address ");
    kit_set(s, "database", kit_path("docker://postgres:wrong-password@%s/shop", hidden));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "password authentication failed");
    kit_step_free(s);
}

static void docker_exec_leads_to_a_server_that_nothing_else_reaches(void **state)
{
    (void)state;
    kit_step *s = step("postgres.query", kit_path("docker://%s/shop", odd));
    kit_set(s, "sql", "SELECT w FROM which");
    kit_set(s, "expect", odd);
    must(s, KIT_VERIFY);
    assert_holds(kit_log(s), "is reached by a tunnel by docker exec");
    assert_string_equal(kit_end(s), "returned");
    kit_step_free(s);
    const char *sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'belay'";
    for (int i = 0; i < 50 && strcmp(in(odd, "postgres", sessions), "0\n") != 0; i++)
        usleep(50000);
    assert_string_equal(in(odd, "postgres", sessions), "0\n");
    /* A process left in the container would be the server's child, whose end it takes for a crash. */
    assert_null(strstr(kit_output_of("sh", "-c", kit_path("docker logs %s 2>&1", odd), NULL), "reinitializing"));
}

static void the_programs_run_in_the_container(void **state)
{
    (void)state;
    const char *url = kit_path("docker://%s/shop?user=postgres&options=-cwork_mem%%3D7MB", hidden),
               *folder = kit_folder();
    kit_step *b = step("postgres.backup", url);
    kit_set(b, "to", folder);
    kit_set(b, "prove", "restore");
    must(b, KIT_PREPARE);
    assert_holds(kit_plan(b), kit_path("dump database shop in the container %s (reached by its socket in ", hidden));
    must(b, KIT_EXECUTE);
    assert_holds(kit_output_of("pg_restore", "-a", "-t", "which", "-f", "-", kit_output(b, "file"), NULL), hidden);
    in(hidden, "shop", "DELETE FROM which");
    kit_step *r = step("postgres.restore", url);
    kit_set(r, "file", kit_output(b, "file"));
    must(r, KIT_PREPARE);
    must(r, KIT_EXECUTE);
    assert_string_equal(in(hidden, "shop", "SELECT w FROM which"), kit_path("%s\n", hidden));
    const char *dir = kit_folder();
    kit_write(kit_path("%s/001_a.sql", dir), "\\set n 7\nCREATE TABLE by_psql AS SELECT :n AS n, "
                                             "current_setting('work_mem') AS w;\n");
    kit_step *m = step("postgres.migrate", url);
    kit_set(m, "dir", dir);
    kit_set(m, "runner", "psql");
    kit_set(m, "undo", "none");
    must(m, KIT_PREPARE);
    must(m, KIT_EXECUTE);
    assert_string_equal(in(hidden, "shop", "SELECT n, w FROM by_psql"), "7|7MB\n");
    kit_step_free(m);
    kit_step_free(r);
    kit_step_free(b);
}

static void what_is_wrong_with_the_container_is_said(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    kit_step *s = step("postgres.backup", "docker://no-such-container/shop");
    kit_set(s, "to", folder);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_string_equal(kit_summary(s), "there is no container no-such-container");

    kit_set(s, "database", "docker:///shop");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);

    kit_set(s, "database", kit_path("docker://%s/shop", odd));
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("the container %s has no program ", odd));

    setenv("DOCKER_HOST", "unix:///no/such/docker.sock", 1);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_RETRY);
    assert_holds(kit_summary(s), "Docker cannot be asked");
    setenv("DOCKER_HOST", kit_docker_host(), 1);
    kit_step_free(s);
}

static pid_t start_later(const char *container)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        usleep(1500000);
        execlp("docker", "docker", "start", container, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void a_rollback_waits_for_a_container_that_starts_again(void **state)
{
    (void)state;
    kit_step *s = step("postgres.snapshot", kit_path("docker://%s/shop", hidden));
    must(s, KIT_EXECUTE);
    in(hidden, "shop", "UPDATE which SET w = 'the release'");
    kit_output_of("docker", "stop", "-t", "20", hidden, NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_holds(kit_summary(s), kit_path("the container %s does not run: it is exited", hidden));
    pid_t starter = start_later(hidden);
    must(s, KIT_ROLLBACK);
    waitpid(starter, NULL, 0);
    assert_string_equal(in(hidden, "shop", "SELECT w FROM which"), kit_path("%s\n", hidden));
    kit_step_free(s);
}

/* ---- a first deploy ----------------------------------------------------------------------------------------------
 */

static const char compose_file[] =
    "name: %s\nservices:\n  db:\n    image: debian:bookworm-slim\n    volumes: ['/usr:/usr:ro', "
    "'/etc/passwd:/etc/passwd:ro', '/etc/group:/etc/group:ro', '%s/start:/start:ro', /data]\n"
    "    environment: {PATH: '%s:/usr/sbin:/usr/bin:/sbin:/bin'}\n    command: [sh, /start]\n"
    "    healthcheck: {test: [CMD, pg_isready, -q, -h, 127.0.0.1], interval: 1s, retries: 60}\n";

static const char pipeline_file[] =
    "pipeline: { name = \"first\"; environment = \"%s\"; version = \"v1\"; };\n"
    "stages: ( { name = \"deploy\"; steps: (\n"
    "  { id = \"db\"; use = \"docker.up\"; project_dir = \"%s\"; services = [\"db\"]; ready = \"60s\"; },\n"
    "  { id = \"dump\"; use = \"postgres.backup\"; needs = [\"db\"]; to = \"%s\";\n"
    "    database = \"docker://${steps.db.containers}/postgres\"; },\n"
    "  { id = \"migrate\"; use = \"postgres.migrate\"; needs = [\"dump\"]; dir = \"%s\"; undo = \"none\";\n"
    "    database = \"docker://${steps.db.containers}/postgres\"; } ); } );\n";

/* Its database is there only once the run has started it: the address uses what the step that starts it gives. */
static void a_first_deploy_starts_its_database_and_migrates_it(void **state)
{
    (void)state;
    const char *project = kit_path("belay-test-%d-first", (int)getpid()), *dir = kit_folder(), *files = kit_folder();
    const char *build = getenv("BELAY_BUILD_DIR"),
               *bin = kit_output_of("sh", "-c", "ls -d /usr/lib/postgresql/*/bin", NULL);
    setenv("PATH", kit_path("%s/.dev/bin:%s", getenv("BELAY_SOURCE_DIR"), getenv("PATH")), 1);
    kit_write(kit_path("%s/start", dir), kit_path("set -- /run/postgresql; %s", strstr(start_server, "bin=")));
    kit_output_of("sed", "-i", "s/\\$0/$1/g", kit_path("%s/start", dir), NULL);
    kit_write(kit_path("%s/docker-compose.yml", dir), kit_path(compose_file, project, dir, strtok(strdup(bin), "\n")));
    kit_write(kit_path("%s/001_a.sql", files), "CREATE TABLE migrated AS SELECT 1 AS n;\n");
    kit_write(kit_path("%s/belay.cfg", dir), kit_path(pipeline_file, project, dir, kit_folder(), files));
    setenv("BELAY_STATE_DIR", kit_folder(), 1);
    const char *said =
        kit_output_of("sh", "-c", "\"$@\" 2>&1; echo \"exit $?\"", "sh", kit_path("%s/bin/belay", build), "run",
                      kit_path("%s/belay.cfg", dir), "--plugin-dir", kit_path("%s/plugins", build), "--plain", NULL);
    const bool done = strstr(said, "\nexit 0") != NULL;
    const char *db = kit_path("%s-db-1", project);
    const char *migrated = done ? in(db, "postgres", "SELECT n FROM migrated") : "";
    kit_status_of("docker", "rm", "-fv", db, NULL);
    kit_status_of("docker", "network", "rm", kit_path("%s_default", project), NULL);
    if (!done)
        fail_msg("%s", said);
    assert_string_equal(migrated, "1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_password_the_socket_of_the_container_is_used),
        cmocka_unit_test(with_a_password_its_address_is_used_where_no_port_is_published),
        cmocka_unit_test(docker_exec_leads_to_a_server_that_nothing_else_reaches),
        cmocka_unit_test(the_programs_run_in_the_container),
        cmocka_unit_test(what_is_wrong_with_the_container_is_said),
        cmocka_unit_test(a_rollback_waits_for_a_container_that_starts_again),
        cmocka_unit_test(a_first_deploy_starts_its_database_and_migrates_it),
    };
    return cmocka_run_group_tests_name("postgres: docker://", tests, set_up, tear_down);
}
