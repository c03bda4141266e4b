#include "docker_world.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A database with a volume and a health check, and two applications on it: one with the default name, one with its own.
 */
#define SERVICES                                                                                                       \
    "  db:\n"                                                                                                          \
    "    image: $P-db\n"                                                                                               \
    "    build: .\n"                                                                                                   \
    "    container_name: $P-the-db\n"                                                                                  \
    "    command: [say, 'db is up']\n"                                                                                 \
    "    volumes: ['data:/data', '/anonymous']\n"                                                                      \
    "    healthcheck: {test: [CMD, /tiny, exit, '0'], interval: 300ms, retries: 2}\n"                                  \
    "  app:\n"                                                                                                         \
    "    image: $P-app\n"                                                                                              \
    "    build: .\n"                                                                                                   \
    "    depends_on: {db: {condition: service_healthy}}\n"                                                             \
    "    command: [say, 'app is up']\n"                                                                                \
    "    environment: {PASSWORD: 'canary-7351'}\n"                                                                     \
    "    volumes: ['/cache']\n"                                                                                        \
    "    networks: {default: {aliases: [front]}, back: {}}\n"                                                          \
    "    restart: unless-stopped\n"
#define WEB                                                                                                            \
    "  web:\n"                                                                                                         \
    "    image: $P-web\n"                                                                                              \
    "    build: .\n"                                                                                                   \
    "    container_name: $P-the-web\n"                                                                                 \
    "    depends_on: [app]\n"                                                                                          \
    "    network_mode: 'service:app'\n"
#define REST "volumes: {data: {}}\nnetworks: {back: {}}\n"

/* Version 1 runs. */
static docker_world running_world(void)
{
    docker_world w = docker_world_new();
    docker_world_services(&w, SERVICES WEB, REST);
    docker_world_compose(&w, "build", "--quiet");
    docker_world_compose(&w, "up", "-d");
    return w;
}

static void version_2(const docker_world *w)
{
    docker_world_version(w, "2");
    docker_world_compose(w, "build", "--quiet");
}

static kit_step *up(const docker_world *w)
{
    kit_step *s = docker_world_step(w, "docker.up");
    kit_set_list(s, "services", "app", "web", NULL);
    kit_set(s, "stable", "300ms");
    return s;
}

static void must(kit_step *s, kit_phase phase)
{
    belay_status got = kit_run(s, phase);
    if (got < 0)
        fail_msg("phase %d gave %d: %s\n%s", (int)phase, got, kit_summary(s), kit_log(s));
}

static void becomes(kit_step *s, belay_status wanted)
{
    belay_status got = kit_verify_until(s, 15);
    if (got != wanted)
        fail_msg("verify gave %d: %s", got, kit_summary(s));
}

static void brings_up_new_images_and_leaves_the_database_alone(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *db = docker_world_id(kit_path("%s-the-db", w.project));
    docker_world_version(&w, "2");
    docker_world_compose(&w, "build", "--quiet", "app", "web");
    kit_step *s = up(&w);
    must(s, KIT_PREPARE);
    assert_holds(kit_plan(s), "bring up app, web");
    must(s, KIT_EXECUTE);
    becomes(s, BELAY_OK);
    assert_holds(docker_world_state(&w), "-app-1-belay-2026");
    assert_null(strstr(docker_world_state(&w), "-the-db-belay-2026")); /* stays, so nothing need be kept of it */
    assert_string_equal(docker_world_id(kit_path("%s-the-db", w.project)), db);
    assert_string_equal(docker_says("inspect", "-f", "{{.Image}}", kit_path("%s-app-1", w.project)),
                        docker_world_id(kit_path("%s-app", w.project)));
    assert_holds(kit_output(s, "images"), docker_world_id(kit_path("%s-app", w.project)));
    assert_null(strstr(kit_log(s), "canary-7351"));
    assert_null(strstr(kit_undo(s, "before"), "canary-7351"));
    must(s, KIT_DISCARD);
    assert_string_equal(docker_says("ps", "-aq", "--filter", kit_path("name=%s.*belay-2026", w.project)), "");
    kit_step_free(s);
    docker_world_free(&w);
}

static void rollback_restores_the_world_though_tags_and_file_are_new(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w);
    version_2(&w);
    const char *tagged = docker_world_id(kit_path("%s-app", w.project));
    docker_world_services(&w, SERVICES WEB "  extra: {image: $P-app, volumes: ['more:/more'], networks: [third]}\n",
                          "volumes: {data: {}, more: {}}\nnetworks: {back: {}, third: {}}\n");
    kit_step *s = up(&w);
    kit_set_list(s, "services", "db", "app", "web", "extra", NULL);
    must(s, KIT_EXECUTE);
    becomes(s, BELAY_OK);
    assert_int_not_equal(strcmp(docker_world_state(&w), before), 0);

    time_t started = time(NULL);
    must(s, KIT_ROLLBACK);
    assert_true(time(NULL) - started < 15);
    assert_string_equal(docker_world_id(kit_path("%s-app", w.project)), tagged); /* not this step's to undo */
    assert_holds(kit_artifact(s, kit_path("%s-app-1.log", w.project)), "app is up");
    must(s, KIT_ROLLBACK);
    docker_world_version(&w, "1"); /* the tags as they were */
    docker_world_services(&w, SERVICES WEB, REST);
    docker_world_compose(&w, "build", "--quiet");
    docker_world_same(&w, before);
    /* Compose takes them for its own: nothing is recreated. */
    const char *app = docker_world_id(kit_path("%s-app-1", w.project));
    docker_world_compose(&w, "up", "-d", "--no-build");
    assert_string_equal(docker_world_id(kit_path("%s-app-1", w.project)), app);
    kit_step_free(s);
    docker_world_free(&w);
}

static void rollback_keeps_what_was_stopped_stopped(void **state)
{
    (void)state;
    docker_world w = running_world();
    docker_world_compose(&w, "stop", "-t", "1", "web", "app");
    const char *before = docker_world_state(&w);
    docker_world_version(&w, "2");
    docker_world_compose(&w, "build", "--quiet", "app");
    kit_step *s = up(&w);
    must(s, KIT_EXECUTE);
    must(s, KIT_ROLLBACK);
    docker_world_version(&w, "1");
    docker_world_compose(&w, "build", "--quiet", "app");
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void rollback_of_a_first_deploy_leaves_nothing(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w, SERVICES WEB, REST);
    docker_world_compose(&w, "build", "--quiet");
    const char *before = docker_world_state(&w);
    kit_step *s = up(&w);
    must(s, KIT_PREPARE);
    must(s, KIT_EXECUTE);
    becomes(s, BELAY_OK);
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_kill_at_any_moment_is_rolled_back(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w);
    static const int moments[] = {0, 400, 700, 900, 1100, 1300, 1500, 1800};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        docker_world_version(&w, "2");
        docker_world_compose(&w, "build", "--quiet", "app", "web");
        kit_step *s = up(&w);
        if (moments[i] == 0)
            kit_run_killed(s, KIT_EXECUTE, 1, 0);
        else
            kit_run_killed(s, KIT_EXECUTE, 0, moments[i]);
        kit_run_killed(s, KIT_ROLLBACK, 0, moments[i] / 2 + 50);
        kit_run_killed(s, KIT_ROLLBACK, 0, moments[i] + 150);
        must(s, KIT_ROLLBACK);
        docker_world_version(&w, "1");
        docker_world_compose(&w, "build", "--quiet", "app", "web");
        docker_world_same(&w, before);
        assert_string_equal(
            docker_says("inspect", "-f", "{{.HostConfig.NetworkMode}}", kit_path("%s-the-web", w.project)),
            kit_path("container:%s", docker_world_id(kit_path("%s-app-1", w.project))));
        kit_step_free(s);
    }
    docker_world_free(&w);
}

static void a_second_execute_keeps_the_true_original(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w);
    docker_world_version(&w, "2");
    docker_world_compose(&w, "build", "--quiet", "app", "web");
    kit_step *s = up(&w);
    kit_run_killed(s, KIT_EXECUTE, 0, 700);
    must(s, KIT_EXECUTE);
    becomes(s, BELAY_OK);
    must(s, KIT_ROLLBACK);
    docker_world_version(&w, "1");
    docker_world_compose(&w, "build", "--quiet", "app", "web");
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_service_that_dies_at_start_is_quoted(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(
        &w,
        "  app: {build: ., image: $P-app, command: [say, loading, complain, 'no such table: runs', "
        "exit, '3']}\n"
        "  loop: {build: ., image: $P-app, restart: always, command: [say, 'cannot bind', nap, '3', exit, '4']}\n",
        "");
    docker_world_compose(&w, "build", "--quiet");
    kit_step *s = docker_world_step(&w, "docker.up");
    must(s, KIT_EXECUTE);
    assert_int_equal(kit_verify_until(s, 15), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "exit code 3");
    assert_holds(kit_summary(s), "| no such table: runs");
    kit_set_list(s, "services", "loop", NULL);
    kit_set(s, "max_restarts", "0");
    while (strcmp(docker_says("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", kit_path("%s-loop-1", w.project)),
                  "running 1") != 0)
        usleep(100000);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL); /* while it runs the engine says 0 */
    assert_holds(kit_summary(s), "was started again");
    assert_holds(kit_summary(s), "was started again 1 times, last exit code 4");
    assert_null(strstr(kit_summary(s), "exit code 0"));
    assert_holds(kit_summary(s), "| cannot bind");
    must(s, KIT_ROLLBACK);
    kit_step_free(s);
    docker_world_free(&w);
}

static void health_that_never_comes_shows_the_check(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w,
                          "  app:\n    build: .\n    image: $P-app\n    healthcheck: {test: [CMD, /tiny, say, "
                          "'no connection to redis', exit, '1'], interval: 300ms, retries: 3}\n",
                          "");
    docker_world_compose(&w, "build", "--quiet");
    kit_step *s = docker_world_step(&w, "docker.up");
    must(s, KIT_EXECUTE);
    assert_int_equal(kit_verify_until(s, 20), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "health check /tiny fails");
    assert_holds(kit_summary(s), "no connection to redis");
    kit_set(s, "on_unhealthy", "wait");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    assert_holds(kit_summary(s), "no connection to redis");
    kit_step_free(s);
    docker_world_free(&w);
}

static void replaces_unchanged_containers_when_asked_and_takes_it_back(void **state)
{
    (void)state;
    docker_world w = running_world();
    kit_step *s = up(&w);
    kit_set(s, "recreate", "true");
    const char *app = docker_world_id(kit_path("%s-app-1", w.project));
    must(s, KIT_EXECUTE);
    assert_string_not_equal(docker_world_id(kit_path("%s-app-1", w.project)), app);
    must(s, KIT_ROLLBACK);
    assert_null(strstr(docker_world_state(&w), "-belay-2026"));
    assert_string_equal(docker_says("inspect", "-f", "{{.State.Running}}", kit_path("%s-app-1", w.project)), "true");
    kit_step_free(s);
    docker_world_free(&w);
}

static void write_scaled(const docker_world *w, const char *member, int scale)
{
    const char *end = strchr(member, '{') ? "}" : "";
    docker_world_services(w,
                          kit_path("  app: {build: ., image: $P-app, %s: %d%s}\n"
                                   "  web: {image: $P-app, depends_on: [app]}\n",
                                   member, scale, end),
                          "");
}

#define FIXED_ADDRESS "02:42:ac:11:00:77"

static const char *network_settings(const docker_world *w, bool knows_priority)
{
    return docker_says("inspect", "-f",
                       knows_priority ? "{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.GwPriority}} {{end}}"
                                      : "{{.Config.MacAddress}}",
                       kit_path("%s-app-1", w->project));
}

static void one_with_a_fixed_address(const docker_world *w, const char *said, bool knows_priority)
{
    const char *networks = knows_priority ? "networks: {front: {gw_priority: 7}, back: {mac_address: '" FIXED_ADDRESS
                                            "'}}"
                                          : "networks: [front], mac_address: '" FIXED_ADDRESS "'";
    docker_world_services(w, kit_path("  app: {build: ., image: $P-app, command: [say, %s], %s}\n", said, networks),
                          "networks: {front: {}, back: {}}\n");
}

/* A fixed MAC address, and which network is the gateway (API 1.48); of one that runs, and of one that was stopped. */
static void settings_of_networks_come_back(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    const char *minor = strchr(docker_says("version", "-f", "{{.Server.APIVersion}}"), '.') + 1;
    const bool knows_priority = atoi(minor) >= 48;
    one_with_a_fixed_address(&w, "one", knows_priority);
    docker_world_compose(&w, "build", "--quiet");
    docker_world_compose(&w, "up", "-d");
    const char *before = network_settings(&w, knows_priority), *app = kit_path("%s-app-1", w.project);
    const char *const format = "{{range .NetworkSettings.Networks}}{{.MacAddress}} {{end}}";
    const bool was_fixed = strstr(docker_says("inspect", "-f", format, app), FIXED_ADDRESS);
    one_with_a_fixed_address(&w, "two", knows_priority);
    for (int stopped = 0; stopped < 2; stopped++) {
        kit_step *s = docker_world_step(&w, "docker.up");
        if (stopped)
            docker_says("stop", "-t", "0", app);
        must(s, KIT_EXECUTE);
        must(s, KIT_ROLLBACK);
        if (stopped)
            docker_says("start", app);
        assert_string_equal(docker_says("inspect", "-f", "{{.Config.Cmd}}", app), "[say one]");
        assert_string_equal(network_settings(&w, knows_priority), before);
        if (was_fixed) /* Compose 2.26 does not pass it on to old engines */
            assert_holds(docker_says("inspect", "-f", format, app), FIXED_ADDRESS);
        kit_step_free(s);
    }
    docker_world_free(&w);
}

/* Compose's hash of the configuration leaves the scale out. */
static void containers_that_are_scaled_away_come_back(void **state)
{
    (void)state;
    static const char *const scales[] = {"deploy: {replicas", "scale"};
    for (size_t left = 0; left < 2; left++) {
        docker_world w = docker_world_new();
        write_scaled(&w, scales[left], 2);
        docker_world_compose(&w, "build", "--quiet");
        docker_world_compose(&w, "up", "-d");
        const char *before = docker_world_state(&w);
        write_scaled(&w, scales[left], (int)left);
        kit_step *s = docker_world_step(&w, "docker.up");
        kit_set(s, "stable", "300ms");
        kit_set_list(s, "services", "web", NULL);
        assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
        assert_holds(kit_summary(s), "of service app too, which this step does not name: its scale went down");
        docker_world_same(&w, before);
        kit_set_list(s, "services", "app", NULL);
        must(s, KIT_EXECUTE);
        if (left > 0)
            becomes(s, BELAY_OK);
        assert_string_equal(docker_says("ps", "-a", "--format", "x", "--filter",
                                        kit_path("label=com.docker.compose.project=%s", w.project), "--filter",
                                        "label=com.docker.compose.service=app"),
                            left > 0 ? "x" : "");
        must(s, KIT_ROLLBACK);
        docker_world_same(&w, before);
        kit_step_free(s);
        docker_world_free(&w);
    }
}

static void a_oneshot_that_ends_well_is_fine_and_one_that_fails_is_not(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w,
                          "  good: {build: ., image: $P-app, command: [nap, '1', exit, '0']}\n"
                          "  bad: {build: ., image: $P-app, command: [exit, '5']}\n",
                          "");
    docker_world_compose(&w, "build", "--quiet");
    kit_step *s = docker_world_step(&w, "docker.up");
    kit_set_list(s, "services", "good", NULL);
    kit_set_list(s, "oneshot", "good", "bad", NULL);
    must(s, KIT_EXECUTE);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    becomes(s, BELAY_OK);
    kit_set_list(s, "services", "bad", NULL);
    must(s, KIT_EXECUTE);
    assert_int_equal(kit_verify_until(s, 10), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "exit code 5");
    kit_step_free(s);
    docker_world_free(&w);
}

#define INIT_THEN_APP(code)                                                                                            \
    "  init: {build: ., image: $P-app, command: [nap, '1', exit, '" code "']}\n"                                       \
    "  app: {image: $P-app, depends_on: {init: {condition: service_completed_successfully}}}\n"

/* The compose file says which services do their work and end. */
static void a_service_that_another_waits_for_to_complete_may_end(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w, INIT_THEN_APP("0"), "");
    docker_world_compose(&w, "build", "--quiet");
    kit_step *s = docker_world_step(&w, "docker.up");
    kit_set(s, "stable", "300ms");
    must(s, KIT_PREPARE);
    assert_holds(kit_plan(s), "run the one-shot services init; each `compose up` runs them again");
    must(s, KIT_EXECUTE);
    becomes(s, BELAY_OK);
    assert_true(kit_measured(s, "containers") == 2);
    docker_world_services(&w, INIT_THEN_APP("1"), "");
    kit_set_list(s, "services", "init", NULL);
    must(s, KIT_EXECUTE);
    assert_int_equal(kit_verify_until(s, 10), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "ended, exit code 1");
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_container_of_an_older_image_is_a_failure(void **state)
{
    (void)state;
    docker_world w = running_world();
    kit_step *s = up(&w);
    must(s, KIT_EXECUTE);
    becomes(s, BELAY_OK);
    version_2(&w);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "runs the image");
    kit_step_free(s);
    docker_world_free(&w);
}

/* With the containerd image store an image that is built again, all from the cache, has a new id. */
static void an_image_that_was_built_again_from_the_cache_is_the_same(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w), *db = docker_world_id(kit_path("%s-the-db", w.project));
    kit_step *build = docker_world_step(&w, "docker.build"), *s = up(&w);
    must(build, KIT_EXECUTE);
    must(s, KIT_EXECUTE);
    becomes(s, BELAY_OK);
    assert_string_equal(docker_world_id(kit_path("%s-the-db", w.project)), db);
    docker_world_compose(&w, "build", "--quiet");
    becomes(s, BELAY_OK);
    must(s, KIT_ROLLBACK);
    must(build, KIT_ROLLBACK);
    docker_world_same(&w, before);
    kit_step_free(build);
    kit_step_free(s);
    docker_world_free(&w);
}

/* As the containerd image store does when an image is built anew. */
static void a_container_whose_image_is_gone_is_not_replaced(void **state)
{
    (void)state;
    docker_world w = running_world();
    docker_world_compose(&w, "stop", "-t", "1", "web", "app");
    const char *old = docker_world_id(kit_path("%s-app", w.project));
    docker_world_version(&w, "2");
    docker_world_compose(&w, "build", "--quiet", "app", "web");
    kit_status_of("docker", "rmi", "-f", old, NULL);
    assert_false(docker_world_has("image", old));
    const char *before = docker_world_state(&w);
    kit_step *s = up(&w);
    kit_set_list(s, "services", "app", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("the Docker Engine no longer has its image %s", old));
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("the Docker Engine no longer has its image %s", old));
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void refuses_to_replace_a_database_that_is_not_named(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w);
    docker_world_services(&w, SERVICES "    labels: {changed: 'yes'}\n", REST);
    const char *file = kit_path("%s/docker-compose.yml", w.dir);
    char *text = kit_read(file);
    char *said = strstr(text, "db is up");
    memcpy(said, "DB", 2);
    kit_write(file, text);
    free(text);
    kit_step *s = docker_world_step(&w, "docker.up");
    kit_set_list(s, "services", "app", NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "of service db too");
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

/* As an engine leaves it behind that is killed while it starts a container. */
static void an_interface_that_no_container_has_is_named(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *id = docker_says("network", "inspect", "-f", "{{.Id}}", kit_path("%s_default", w.project));
    const char *bridge = kit_path("br-%.12s", id), *port = kit_path("veth-t%d", (int)getpid());
    if (geteuid() != 0 || access(kit_path("/sys/class/net/%s/brif", bridge), R_OK) != 0) {
        docker_world_free(&w);
        skip(); /* only root makes one, and only where the engine runs */
    }
    kit_step *s = up(&w);
    must(s, KIT_EXECUTE);
    becomes(s, BELAY_OK);
    kit_output_of("ip", "link", "add", port, "type", "veth", "peer", "name", kit_path("%sp", port), NULL);
    kit_output_of("ip", "link", "set", port, "master", bridge, NULL);
    belay_status found = kit_run(s, KIT_VERIFY);
    const char *summary = kit_summary(s), *hint = kit_hint(s);
    kit_output_of("ip", "link", "delete", port, NULL);
    assert_int_equal(found, BELAY_NOT_YET);
    assert_holds(summary, kit_path("the network %s_default has 3 interfaces for 2 containers: %s", w.project, port));
    assert_holds(hint, kit_path("ip link delete %s", port));
    becomes(s, BELAY_OK);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_port_in_use_is_said_in_the_engines_words(void **state)
{
    (void)state;
    docker_world w = running_world();
    const char *before = docker_world_state(&w);
    int port = kit_free_port();
    docker_world_services(&w,
                          kit_path(SERVICES WEB "  one: {image: $P-app, ports: ['127.0.0.1:%d:80']}\n"
                                                "  two: {image: $P-app, ports: ['127.0.0.1:%d:80']}\n",
                                   port, port),
                          REST);
    kit_step *s = docker_world_step(&w, "docker.up");
    kit_set_list(s, "services", "one", "two", NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "port is already allocated");
    assert_holds(kit_hint(s), "end what listens on that port");
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brings_up_new_images_and_leaves_the_database_alone),
        cmocka_unit_test(rollback_restores_the_world_though_tags_and_file_are_new),
        cmocka_unit_test(rollback_keeps_what_was_stopped_stopped),
        cmocka_unit_test(rollback_of_a_first_deploy_leaves_nothing),
        cmocka_unit_test(a_kill_at_any_moment_is_rolled_back),
        cmocka_unit_test(a_second_execute_keeps_the_true_original),
        cmocka_unit_test(a_service_that_dies_at_start_is_quoted),
        cmocka_unit_test(health_that_never_comes_shows_the_check),
        cmocka_unit_test(replaces_unchanged_containers_when_asked_and_takes_it_back),
        cmocka_unit_test(settings_of_networks_come_back),
        cmocka_unit_test(containers_that_are_scaled_away_come_back),
        cmocka_unit_test(a_oneshot_that_ends_well_is_fine_and_one_that_fails_is_not),
        cmocka_unit_test(a_service_that_another_waits_for_to_complete_may_end),
        cmocka_unit_test(a_container_of_an_older_image_is_a_failure),
        cmocka_unit_test(an_image_that_was_built_again_from_the_cache_is_the_same),
        cmocka_unit_test(a_container_whose_image_is_gone_is_not_replaced),
        cmocka_unit_test(refuses_to_replace_a_database_that_is_not_named),
        cmocka_unit_test(an_interface_that_no_container_has_is_named),
        cmocka_unit_test(a_port_in_use_is_said_in_the_engines_words),
    };
    return cmocka_run_group_tests_name("docker.up", tests, NULL, docker_world_teardown);
}
