/* The engine's socket as a bad line: for the Engine API and for Compose, which the steps run, alike. */
#include <stdlib.h>
#include <string.h>

#include "bad_line.h"
#include "docker_world.h"

static docker_world world;

static const char *socket_of(const proxy *line)
{
    (void)line;
    return kit_path("%s/line.sock", world.dir);
}

static proxy *line_to_engine(void)
{
    const char *engine = kit_docker_host();
    return proxy_start(engine + strlen("unix://"), socket_of(NULL));
}

static kit_step *over(const proxy *line, const char *kind)
{
    kit_step *s = docker_world_step(&world, kind);
    kit_set(s, "host", kit_path("unix://%s", socket_of(line)));
    return s;
}

static const char *state_of_world(void)
{
    return docker_world_state(&world);
}

static int bring_up(void **state)
{
    (void)state;
    world = docker_world_new();
    docker_world_services(
        &world, "  app: {build: ., image: $P-app}\n  web: {build: ., image: $P-app, depends_on: [app]}\n", "");
    docker_world_compose(&world, "up", "-d", "--build");
    return 0;
}

static kit_step *info(const proxy *line)
{
    kit_step *s = kit_step_new("docker.info");
    kit_set(s, "host", kit_path("unix://%s", socket_of(line)));
    return s;
}

static kit_step *logs(const proxy *line)
{
    kit_step *s = over(line, "docker.logs");
    kit_set_list(s, "forbidden", "no such line", NULL);
    return s;
}

static kit_step *stop(const proxy *line)
{
    kit_step *s = over(line, "docker.stop");
    kit_set(s, "grace", "1s");
    kit_set_list(s, "services", "web", NULL);
    return s;
}

static void checks_over_a_bad_line(void **state)
{
    (void)state;
    proxy *line = line_to_engine();
    bad_line_verify(line, info);
    bad_line_verify(line, logs);
    proxy_stop(line);
}

static void a_stop_over_a_bad_line(void **state)
{
    (void)state;
    proxy *line = line_to_engine();
    bad_line_change(line, stop, state_of_world);
    proxy_stop(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_over_a_bad_line),
        cmocka_unit_test(a_stop_over_a_bad_line),
    };
    return cmocka_run_group_tests(tests, bring_up, docker_world_teardown);
}
