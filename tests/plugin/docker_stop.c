#include "docker_world.h"

#include <time.h>
#include <unistd.h>

#define SERVICES                                                                                                       \
    "  db: {build: ., image: $P-app, command: [deaf]}\n"                                                               \
    "  app: {build: ., image: $P-app, depends_on: [db], restart: always}\n"                                            \
    "  web: {build: ., image: $P-app, depends_on: [app]}\n"                                                            \
    "  done: {build: ., image: $P-app, command: [exit, '0']}\n"

static docker_world running_world(void)
{
    docker_world w = docker_world_new();
    docker_world_services(&w, SERVICES "  forgotten: {image: $P-app}\n", "");
    docker_world_compose(&w, "build", "--quiet");
    docker_world_compose(&w, "up", "-d");
    docker_world_services(&w, SERVICES, "");
    return w;
}

static const char *running(const docker_world *w)
{
    return docker_says("ps", "-q", "--no-trunc", "--filter",
                       kit_path("label=com.docker.compose.project=%s", w->project));
}

static void must(kit_step *s, kit_phase phase)
{
    belay_status got = kit_run(s, phase);
    if (got < 0)
        fail_msg("phase %d gave %d: %s\n%s", (int)phase, got, kit_summary(s), kit_log(s));
}

static void stops_all_but_the_infrastructure_and_starts_the_same_again(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w), *ids = running(&w);
    kit_step *s = docker_world_step(&w, "docker.stop");
    kit_set_list(s, "keep_running", "db", NULL);
    must(s, KIT_PREPARE);
    assert_holds(kit_plan(s), "stop 3 containers");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "forgotten");
    must(s, KIT_EXECUTE);
    must(s, KIT_VERIFY);
    assert_string_equal(running(&w), docker_world_id(kit_path("%s-db-1", w.project)));
    assert_null(strstr(kit_output(s, "stopped"), "-done-"));
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    assert_string_equal(running(&w), ids);
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_second_try_keeps_the_true_original(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w);
    kit_step *s = docker_world_step(&w, "docker.stop");
    kit_set_list(s, "services", "app", "web", NULL);
    must(s, KIT_EXECUTE);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_NOTHING);
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void one_that_does_not_end_is_killed_after_its_grace(void **state)
{
    (void)state;
    docker_world w = running_world();
    kit_step *s = docker_world_step(&w, "docker.stop");
    kit_set_list(s, "services", "db", NULL);
    kit_set(s, "grace", "1s");
    must(s, KIT_EXECUTE);
    must(s, KIT_VERIFY);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_misspelt_name_stops_nothing(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w);
    kit_step *s = docker_world_step(&w, "docker.stop");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    kit_set_list(s, "keep_running", "bd", NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_CONFIG);
    assert_holds(kit_summary(s), "'bd'");
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_container_made_again_is_started_in_place_of_the_old_one(void **state)
{
    (void)state;
    docker_world w = running_world();
    kit_step *s = docker_world_step(&w, "docker.stop");
    kit_set_list(s, "services", "app", "web", NULL);
    must(s, KIT_EXECUTE);
    docker_world_compose(&w, "up", "--no-start", "--force-recreate", "app");
    must(s, KIT_ROLLBACK);
    assert_string_equal(docker_says("inspect", "-f", "{{.State.Running}}", kit_path("%s-app-1", w.project)), "true");

    must(s, KIT_EXECUTE);
    kit_output_of("docker", "rm", "-f", kit_path("%s-app-1", w.project), NULL);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "are gone");
    assert_string_equal(docker_says("inspect", "-f", "{{.State.Running}}", kit_path("%s-web-1", w.project)), "true");
    kit_step_free(s);
    docker_world_free(&w);
}

/* Somebody stopped the database meanwhile, or an engine was restarted that starts no container by itself. */
static void what_the_stopped_ones_depend_on_is_started_first(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w);
    kit_step *s = docker_world_step(&w, "docker.stop");
    kit_set_list(s, "services", "web", NULL);
    must(s, KIT_EXECUTE);
    docker_says("stop", "-t", "0", kit_path("%s-app-1", w.project), kit_path("%s-db-1", w.project));
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    const char *db = docker_says("inspect", "-f", "{{.State.StartedAt}}", kit_path("%s-db-1", w.project));
    const char *app = docker_says("inspect", "-f", "{{.State.StartedAt}}", kit_path("%s-app-1", w.project));
    assert_true(strcmp(db, app) < 0);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_kill_in_the_middle_is_rolled_back(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w);
    for (int moment = 0; moment < 6; moment++) {
        kit_step *s = docker_world_step(&w, "docker.stop");
        kit_set_list(s, "services", "app", "web", NULL);
        kit_run_killed(s, KIT_EXECUTE, moment < 3 ? moment : 0, moment * 60);
        kit_run_killed(s, KIT_ROLLBACK, 0, 20 + moment * 40);
        must(s, KIT_ROLLBACK);
        docker_world_same(&w, before);
        kit_step_free(s);
    }
    docker_world_free(&w);
}

/* Services of which some no longer do after docker.stop what they did before: their writable layer tells them that
 * they ran once. */
#define ONCE(then)                                                                                                     \
    "image: debian:bookworm-slim, command: [sh, -c, 'test -e /once && " then "; touch /once; sleep 1000']"

static void start_world(const docker_world *w)
{
    docker_world_compose(w, "build", "--quiet");
    docker_world_compose(w, "up", "-d");
}

static docker_world world_of(const char *services)
{
    docker_world w = docker_world_new();
    docker_world_services(&w, services, "");
    start_world(&w);
    return w;
}

static kit_step *stop_all(const docker_world *w)
{
    kit_step *s = docker_world_step(w, "docker.stop");
    kit_set_list(s, "keep_running", "idle", NULL);
    kit_set(s, "grace", "1s");
    must(s, KIT_EXECUTE);
    return s;
}

static const char *state_of(const docker_world *w, const char *service)
{
    return docker_says("inspect", "-f", "{{.State.Status}}", kit_path("%s-%s-1", w->project, service));
}

#define IDLE "  idle: {build: ., image: $P-app}\n"

static void one_that_does_not_start_keeps_no_other_down(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    kit_output_of("mkdir", kit_path("%s/data", w.dir), NULL);
    docker_world_services(&w,
                          IDLE "  db: {image: $P-app, volumes: [{type: bind, source: ./data, target: /data, bind: "
                               "{create_host_path: false}}]}\n"
                               "  dead: {" ONCE("exit 3") "}\n"
                                                          "  app: {image: $P-app, depends_on: [db, dead]}\n"
                                                          "  web: {image: $P-app, depends_on: [app]}\n",
                          "");
    start_world(&w);
    kit_step *s = stop_all(&w);
    kit_output_of("rmdir", kit_path("%s/data", w.dir), NULL);
    assert_int_not_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_holds(kit_summary(s), "-db-1 does not start");
    assert_holds(kit_summary(s), "-dead-1 ended right after its start, exit code 3");
    assert_string_equal(state_of(&w, "app"), "running");
    assert_string_equal(state_of(&w, "web"), "running");
    kit_step_free(s);
    docker_world_free(&w);
}

static void one_that_is_meant_to_end_may_end_well_and_a_service_may_not(void **state)
{
    (void)state;
    docker_world w = world_of(IDLE "  job: {" ONCE(
        "exit 0") ", restart: on-failure}\n"
                  "  asked: {" ONCE(
                      "exit 0") "}\n"
                                "  asking: {image: $P-app, depends_on: {asked: {condition: service_started}}}\n");
    kit_step *s = stop_all(&w);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "-asked-1 ended right after its start, exit code 0");
    assert_null(strstr(kit_summary(s), "-job-1"));
    assert_string_equal(state_of(&w, "asking"), "running");
    docker_world_compose(&w, "rm", "-sf", "asked", "asking");
    docker_world_compose(&w, "up", "-d", "--force-recreate", "job");
    kit_step *again = stop_all(&w);
    must(again, KIT_ROLLBACK);
    assert_string_equal(state_of(&w, "job"), "exited");
    kit_step_free(again);
    kit_step_free(s);
    docker_world_free(&w);
}

static void one_that_kept_ending_before_is_not_waited_for(void **state)
{
    (void)state;
    docker_world w = world_of(IDLE "  ill: {image: $P-app, command: [exit, '1'], restart: always}\n"
                                   "  app: {image: $P-app, depends_on: [ill]}\n");
    for (int i = 0; i < 100 && strcmp(state_of(&w, "ill"), "restarting") != 0; i++)
        usleep(100000);
    usleep(3000000); /* the engine waits for longer each time */
    for (int i = 0; i < 100 && strcmp(state_of(&w, "ill"), "restarting") != 0; i++)
        usleep(10000);
    kit_step *s = stop_all(&w);
    time_t began = time(NULL);
    must(s, KIT_ROLLBACK);
    assert_true(time(NULL) - began < 10);
    assert_string_equal(state_of(&w, "app"), "running");
    assert_string_not_equal(state_of(&w, "ill"), "exited");
    kit_step_free(s);
    docker_world_free(&w);
}

static void one_that_keeps_ending_now_is_no_success(void **state)
{
    (void)state;
    docker_world w = world_of(IDLE "  ill: {" ONCE("exit 1") ", restart: always}\n"
                                                             "  app: {image: $P-app, depends_on: [ill]}\n");
    kit_step *s = stop_all(&w);
    kit_limit(s, 12000);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_RETRY);
    assert_holds(kit_summary(s), "-ill-1 was started again but does not keep running");
    assert_string_equal(state_of(&w, "app"), "running");
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_all_but_the_infrastructure_and_starts_the_same_again),
        cmocka_unit_test(a_second_try_keeps_the_true_original),
        cmocka_unit_test(one_that_does_not_end_is_killed_after_its_grace),
        cmocka_unit_test(a_misspelt_name_stops_nothing),
        cmocka_unit_test(a_container_made_again_is_started_in_place_of_the_old_one),
        cmocka_unit_test(what_the_stopped_ones_depend_on_is_started_first),
        cmocka_unit_test(a_kill_in_the_middle_is_rolled_back),
        cmocka_unit_test(one_that_does_not_start_keeps_no_other_down),
        cmocka_unit_test(one_that_is_meant_to_end_may_end_well_and_a_service_may_not),
        cmocka_unit_test(one_that_kept_ending_before_is_not_waited_for),
        cmocka_unit_test(one_that_keeps_ending_now_is_no_success),
    };
    return cmocka_run_group_tests_name("docker.stop", tests, NULL, docker_world_teardown);
}
