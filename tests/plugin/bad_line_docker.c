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

static kit_step *build(const proxy *line)
{
    kit_step *s = over(line, "docker.build");
    kit_set(s, "no_cache", "true");
    return s;
}

static kit_step *up(const proxy *line)
{
    return over(line, "docker.up");
}

/* Cut in the middle of what Compose does: a quarter, half and three quarters of what the engine has to say. */
static void cut_under_compose(proxy *line, bad_line_make make, const char *version)
{
    const char *before = state_of_world();
    docker_world_version(&world, version);
    kit_step *whole = make(line);
    proxy_break(line, PROXY_GOOD, 0, false);
    docker_world_must(whole, KIT_EXECUTE);
    const size_t bytes = proxy_bytes(line);
    docker_world_must(whole, KIT_ROLLBACK);
    kit_step_free(whole);
    for (size_t quarter = 1; quarter < 4; quarter++) {
        kit_step *s = make(line);
        proxy_break(line, PROXY_CUT, bytes * quarter / 4, false);
        belay_status status = kit_run(s, KIT_EXECUTE);
        if (status != BELAY_E_RETRY)
            fail_msg("cut after %zu of 4 quarters: %d: %s\n%s", quarter, status, kit_summary(s), kit_log(s));
        proxy_break(line, PROXY_GOOD, 0, false);
        docker_world_must(s, KIT_ROLLBACK);
        docker_world_same(&world, before);
        kit_step_free(s);
    }
}

static void an_engine_that_goes_away_under_compose_is_an_error_and_not_the_release_s_failure(void **state)
{
    (void)state;
    proxy *line = line_to_engine();
    cut_under_compose(line, build, "2");
    cut_under_compose(line, up, "2");
    proxy_stop(line);
}

static void a_rollback_waits_for_an_engine_that_is_starting(void **state)
{
    (void)state;
    const char *before = state_of_world(), *late = kit_path("%s/late.sock", world.dir);
    kit_step *s = docker_world_step(&world, "docker.stop");
    kit_set(s, "grace", "1s");
    kit_set_list(s, "services", "web", NULL);
    docker_world_must(s, KIT_EXECUTE);
    kit_set(s, "host", kit_path("unix://%s", late));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY); /* no other phase waits */
    kit_output_of("sh", "-c", "(sleep 2; ln -s \"$0\" \"$1\") >/dev/null 2>&1 &", kit_docker_host() + strlen("unix://"),
                  late, NULL);
    docker_world_must(s, KIT_ROLLBACK);
    assert_holds(kit_log(s), "waiting for the Docker Engine");
    docker_world_same(&world, before);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_over_a_bad_line),
        cmocka_unit_test(a_stop_over_a_bad_line),
        cmocka_unit_test(an_engine_that_goes_away_under_compose_is_an_error_and_not_the_release_s_failure),
        cmocka_unit_test(a_rollback_waits_for_an_engine_that_is_starting),
    };
    return cmocka_run_group_tests(tests, bring_up, docker_world_teardown);
}
