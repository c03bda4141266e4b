/* docker.diagnose with real causes, on a real engine. */
#include <unistd.h>

#include "collector.h"
#include "docker_world.h"

static docker_world world(const char *services)
{
    docker_world w = docker_world_new();
    docker_world_services(&w, services, "");
    docker_world_compose(&w, "build", "--quiet");
    kit_status_of("docker-compose", "--project-directory", w.dir, "-f", kit_path("%s/docker-compose.yml", w.dir), "up",
                  "-d", NULL);
    return w;
}

/* Waits until `docker inspect` of the service's container says so. */
static void await(const docker_world *w, const char *service, const char *format, const char *wanted)
{
    const char *said = "", *name = kit_path("%s-%s-1", w->project, service);
    for (int i = 0; i < 300; i++, usleep(100000)) {
        said = docker_says("inspect", "-f", format, name);
        if (strcmp(said, wanted) == 0)
            return;
    }
    fail_msg("%s: %s is '%s', not '%s'", service, format, said, wanted);
}

static void one_that_exits_at_start_is_told_with_its_status_and_why(void **state)
{
    (void)state;
    docker_world w =
        world("  app: {build: ., image: $P-app}\n"
              "  sick: {build: ., image: $P-app, command: [say, 'starting', complain, "
              "'FATAL: password authentication failed for user \"app\"', complain, 'good bye', exit, '3']}\n"
              "  mute: {build: ., image: $P-app, command: [exit, '4']}\n"
              "  done: {build: ., image: $P-app, command: [say, 'ERROR of long ago', exit, '0']}\n");
    await(&w, "sick", "{{.State.Status}}", "exited");
    await(&w, "mute", "{{.State.Status}}", "exited");
    kit_step *s = docker_world_step(&w, "docker.diagnose");
    kit_fact(s, "failure.started_at", "4000000000");
    const char *found = collector_findings(s);
    collector_found(found,
                    "{\"weight\": 90, \"text\": \"sick exited with status 3: a user or password is refused, \\\"FATAL: "
                    "password authentication failed for user \\\"app\\\"\\\"\"}");
    collector_found(found, "{\"weight\": 90, \"text\": \"mute exited with status 4\"}");
    assert_null(strstr(found, "app exited"));
    assert_null(strstr(found, "long ago")); /* it is well, and wrote that before the failed step */
    collector_found(kit_artifact(s, kit_path("%s-sick-1.log", w.project)), "starting\n");
    collector_found(kit_artifact(s, "containers.json"), "\"ExitCode\": 3");
    collector_found(kit_artifact(s, "memory.txt"), kit_path("%s-app-1", w.project));
    kit_step_free(s);
    docker_world_free(&w);
}

static void one_that_was_killed_for_want_of_memory_is_told(void **state)
{
    (void)state;
    docker_world w =
        world("  fat: {build: ., image: $P-app, command: [eat, '200'], mem_limit: 32m, memswap_limit: 32m}\n");
    await(&w, "fat", "{{.State.OOMKilled}}", "true");
    kit_step *s = docker_world_step(&w, "docker.diagnose");
    collector_found(collector_findings(s),
                    "{\"weight\": 97, \"text\": \"fat was killed for want of memory (its limit is 33.6 MB)\"}");
    kit_step_free(s);
    docker_world_free(&w);
}

static void one_that_is_nearly_out_of_memory_is_told(void **state)
{
    (void)state;
    docker_world w = world("  fat: {build: ., image: $P-app, command: [eat, '61'], mem_limit: 64m}\n");
    kit_step *s = docker_world_step(&w, "docker.diagnose");
    const char *found = "";
    for (int i = 0; i < 20 && !*found; i++, usleep(100000))
        found = collector_findings(s);
    collector_found(found, "\"text\": \"fat uses 9");
    collector_found(found, " % of the memory that it may have (67.1 MB)");
    kit_step_free(s);
    docker_world_free(&w);
}

static void one_that_is_started_again_and_again_is_told(void **state)
{
    (void)state;
    docker_world w =
        world("  sick: {build: ., image: $P-app, command: [complain, \"KeyError: 'ZONE'\", nap, '1', exit, '1'], "
              "restart: always}\n");
    await(&w, "sick", "{{if gt .RestartCount 0}}yes{{end}}", "yes");
    kit_step *s = docker_world_step(&w, "docker.diagnose");
    const char *found = collector_findings(s);
    collector_found(found, "sick keeps ending");
    collector_found(found, ": a setting is missing, \\\"KeyError: 'ZONE'\\\"");
    kit_step_free(s);
    docker_world_free(&w);
}

static void one_that_is_unhealthy_is_told_with_what_its_check_says(void **state)
{
    (void)state;
    docker_world w =
        world("  app: {build: ., image: $P-app, healthcheck: {test: [CMD, /tiny, say, 'no answer', exit, '1'], "
              "interval: 200ms, retries: 1}}\n"
              "  next: {build: ., image: $P-app, depends_on: {app: {condition: service_healthy}}}\n");
    await(&w, "app", "{{.State.Health.Status}}", "unhealthy");
    kit_step *s = docker_world_step(&w, "docker.diagnose");
    const char *found = collector_findings(s);
    collector_found(found, "{\"weight\": 75, \"text\": \"app is unhealthy, its check says: no answer\"}");
    collector_found(found, "{\"weight\": 72, \"text\": \"next depends on app, which is not up\"}");
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_port_that_another_container_holds_is_told(void **state)
{
    (void)state;
    const int port = kit_free_port();
    docker_world other = world(kit_path("  web: {build: ., image: $P-app, ports: ['127.0.0.1:%d:80']}\n", port));
    docker_world w = world(kit_path("  app: {build: ., image: $P-app, ports: ['127.0.0.1:%d:80']}\n", port));
    kit_step *s = docker_world_step(&w, "docker.diagnose");
    collector_found(
        collector_findings(s),
        kit_path("{\"weight\": 94, \"text\": \"port %d, which app publishes, is held by container %s-web-1\"}", port,
                 other.project));
    kit_step_free(s);
    docker_world_free(&w);
    docker_world_free(&other);
}

static void what_a_healthy_one_logs_since_the_failure_is_told_and_weighs_less(void **state)
{
    (void)state;
    docker_world w =
        world("  db: {build: ., image: $P-app, command: [complain, 'ERROR:  relation \"runs\" does not exist']}\n");
    kit_step *s = docker_world_step(&w, "docker.diagnose");
    kit_fact(s, "failure.started_at", "1000000000");
    collector_found(collector_findings(s),
                    "{\"weight\": 80, \"text\": \"db logged: the database lacks something, \\\"ERROR:  relation ");
    kit_step_free(s);
    docker_world_free(&w);
}

static void no_environment_and_no_argument_is_kept(void **state)
{
    (void)state;
    docker_world w = world("  app: {build: ., image: $P-app, command: [nap, '900'], environment: {KEY: hush-hush}, "
                           "labels: {x: y}}\n");
    kit_step *s = docker_world_step(&w, "docker.diagnose");
    (void)collector_findings(s);
    assert_null(strstr(kit_artifact(s, "containers.json"), "hush-hush"));
    assert_null(strstr(kit_artifact(s, "containers.json"), "900"));
    kit_step_free(s);
    docker_world_free(&w);
}

static void an_engine_that_does_not_answer_is_told(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("docker.diagnose");
    kit_set(s, "host", kit_path("unix://%s/none.sock", kit_folder()));
    kit_set(s, "project", "x");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    collector_found(kit_artifact(s, "findings.jsonl"), "the Docker Engine does not answer");
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_exits_at_start_is_told_with_its_status_and_why),
        cmocka_unit_test(one_that_was_killed_for_want_of_memory_is_told),
        cmocka_unit_test(one_that_is_nearly_out_of_memory_is_told),
        cmocka_unit_test(one_that_is_started_again_and_again_is_told),
        cmocka_unit_test(one_that_is_unhealthy_is_told_with_what_its_check_says),
        cmocka_unit_test(a_port_that_another_container_holds_is_told),
        cmocka_unit_test(what_a_healthy_one_logs_since_the_failure_is_told_and_weighs_less),
        cmocka_unit_test(no_environment_and_no_argument_is_kept),
        cmocka_unit_test(an_engine_that_does_not_answer_is_told),
    };
    return cmocka_run_group_tests_name("docker.diagnose", tests, NULL, docker_world_teardown);
}
