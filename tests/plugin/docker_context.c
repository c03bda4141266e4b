/* Which engine: docker contexts, as the docker program itself makes them. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "docker_world.h"

static const char *engine; /* the real one's address */

static void no_variables(void)
{
    static const char *const names[] = {"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

/* A docker configuration of the test's own, with the context `real`, which leads to the engine, and `dead`. */
static int set_up(void **state)
{
    (void)state;
    engine = kit_docker_host();
    docker_world w = docker_world_new(); /* sets PATH */
    docker_world_free(&w);
    no_variables();
    setenv("DOCKER_CONFIG", kit_path("%s/with space, ünd", kit_folder()), 1);
    kit_output_of("docker", "context", "create", "real", "--docker", kit_path("host=%s", engine), NULL);
    kit_output_of("docker", "context", "create", "dead", "--docker", kit_path("host=unix://%s/dead.sock", kit_folder()),
                  NULL);
    kit_output_of("docker", "context", "create", "far", "--docker", "host=ssh://far.example", NULL);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    no_variables();
    kit_output_of("docker", "context", "use", "default", NULL);
    return 0;
}

/* What docker.info says of the engine that it finds. */
static belay_status look(const char **ret_said)
{
    kit_step *s = kit_step_new("docker.info");
    belay_status got = kit_run(s, KIT_VERIFY);
    *ret_said = kit_path("%s\n%s\n%s", kit_summary(s), kit_hint(s), kit_log(s));
    kit_step_free(s);
    return got;
}

static void the_context_in_use_leads_to_its_engine(void **state)
{
    (void)state;
    const char *said;
    kit_output_of("docker", "context", "use", "real", NULL);
    assert_int_equal(look(&said), BELAY_OK);
    assert_holds(said, kit_path("%s (docker context real)", engine));
    kit_output_of("docker", "context", "use", "dead", NULL);
    assert_int_equal(look(&said), BELAY_E_RETRY);
    assert_holds(said, "dead.sock (docker context dead)");
}

static void precedence_is_that_of_the_docker_program(void **state)
{
    (void)state;
    const char *said;
    kit_output_of("docker", "context", "use", "dead", NULL);
    setenv("DOCKER_CONTEXT", "real", 1); /* over the configuration */
    assert_int_equal(look(&said), BELAY_OK);
    assert_holds(said, "(docker context real)");
    setenv("DOCKER_CONTEXT", "dead", 1);
    setenv("DOCKER_HOST", engine, 1); /* over the context */
    assert_int_equal(look(&said), BELAY_OK);
    assert_null(strstr(said, "docker context"));
    unsetenv("DOCKER_HOST");
    kit_step *s = kit_step_new("docker.info");
    kit_set(s, "host", engine); /* the option over all */
    docker_world_must(s, KIT_VERIFY);
    kit_step_free(s);
    setenv("DOCKER_CONTEXT", "default", 1); /* contexts switched off */
    (void)look(&said);
    assert_null(strstr(said, "docker context"));
}

static void a_context_that_cannot_be_used_is_refused_by_name(void **state)
{
    (void)state;
    const char *said;
    setenv("DOCKER_CONTEXT", "gone", 1);
    assert_int_equal(look(&said), BELAY_E_FAIL);
    assert_holds(said, "docker context \"gone\" not found");
    setenv("DOCKER_CONTEXT", "far", 1);
    assert_int_equal(look(&said), BELAY_E_CONFIG);
    assert_holds(said, "\"ssh://far.example\" (from docker context far)");
    unsetenv("DOCKER_CONTEXT");
    const char *config = kit_path("%s/config.json", getenv("DOCKER_CONFIG"));
    char *whole = kit_read(config);
    kit_write(config, "{\"currentContext\": ");
    assert_int_equal(look(&said), BELAY_E_FAIL);
    assert_holds(said, config);
    kit_write(config, whole);
    free(whole);
}

static void plan_names_the_engine_and_compose_gets_the_same(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    const char *before = docker_world_state(&w);
    kit_step *build = docker_world_step(&w, "docker.build"), *up = docker_world_step(&w, "docker.up");
    no_variables();
    kit_output_of("docker", "context", "use", "real", NULL);
    kit_step *const steps[] = {build, up};
    for (size_t i = 0; i < 2; i++) {
        docker_world_must(steps[i], KIT_PREPARE);
        assert_holds(kit_plan(steps[i]), kit_path("Docker Engine: %s (docker context real)", engine));
        docker_world_must(steps[i], KIT_EXECUTE);
        assert_holds(kit_log(steps[i]), "(docker context real)");
        assert_int_equal(kit_verify_until(steps[i], 20), BELAY_OK);
    }
    docker_world_must(up, KIT_ROLLBACK);
    docker_world_must(build, KIT_ROLLBACK);
    docker_world_same(&w, before);
    kit_step_free(build);
    kit_step_free(up);
    docker_world_free(&w);
}

static void the_variables_in_a_compose_file_stay_the_users(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w, "  app: {build: ., environment: {AT: \"${DOCKER_HOST:-nothing}\"}}\n", "");
    no_variables();
    kit_output_of("docker", "context", "use", "real", NULL);
    docker_world_compose(&w, "up", "-d", "--quiet-pull");
    const char *name = kit_path("%s-app-1", w.project), *id = docker_world_id(name);
    kit_step *s = docker_world_step(&w, "docker.up");
    docker_world_must(s, KIT_EXECUTE);
    assert_string_equal(docker_world_id(name), id);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_rollback_touches_no_other_engine(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    kit_step *s = docker_world_step(&w, "docker.build");
    kit_set(s, "host", engine);
    docker_world_must(s, KIT_EXECUTE);
    kit_set(s, "host", kit_docker_own());
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("this step changed the Docker Engine at %s", engine));
    kit_set(s, "host", engine);
    docker_world_must(s, KIT_ROLLBACK);
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_context_in_use_leads_to_its_engine, reset),
        cmocka_unit_test_setup(precedence_is_that_of_the_docker_program, reset),
        cmocka_unit_test_setup(a_context_that_cannot_be_used_is_refused_by_name, reset),
        cmocka_unit_test_setup(plan_names_the_engine_and_compose_gets_the_same, reset),
        cmocka_unit_test_setup(the_variables_in_a_compose_file_stay_the_users, reset),
        cmocka_unit_test_setup(a_rollback_touches_no_other_engine, reset),
    };
    return cmocka_run_group_tests_name("docker contexts", tests, set_up, docker_world_teardown);
}
