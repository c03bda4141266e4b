/* A Compose that builds by bake and replaces networks (Debian's next release, from testbed/engine newer). */
#include <stdio.h>
#include <stdlib.h>

#include "docker_world.h"

static int set_up(void **state)
{
    (void)state;
    docker_world w = docker_world_new(); /* sets DOCKER_HOST */
    docker_world_free(&w);
    const char *command = kit_path("'%s/testbed/engine' newer || true", getenv("BELAY_SOURCE_DIR"));
    const char *folder = docker_world_trim(kit_output_of("sh", "-c", command, NULL));
    if (!*folder) {
        printf("skipped: no newer Compose could be fetched\n");
        exit(77);
    }
    setenv("DOCKER_CONFIG", folder, 1);
    return 0;
}

#define compose_by_hand(w, ...)                                                                                        \
    kit_output_of("docker", "compose", "--project-directory", (w)->dir, "-f",                                          \
                  kit_path("%s/docker-compose.yml", (w)->dir), __VA_ARGS__, NULL)

static const char two[] = "  db: {image: 'debian:bookworm-slim', command: [sleep, '900'], init: true}\n"
                          "  web: {image: 'debian:bookworm-slim', command: [sleep, '900'], init: true}\n";

static void a_network_that_compose_would_replace_is_refused_before_anything_stops(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w, two, "networks: {default: {labels: {note: '<a&b> é'}}}\n");
    compose_by_hand(&w, "up", "-d");
    const char *before = docker_world_state(&w);
    kit_step *s = docker_world_step(&w, "docker.up");
    kit_set_list(s, "services", "web", NULL);
    docker_world_must(s, KIT_PREPARE); /* nothing changed: Compose's own hash is met */
    docker_world_must(s, KIT_EXECUTE);
    kit_step_free(s);
    docker_world_same(&w, before);

    docker_world_services(&w, two, "networks: {default: {labels: {note: other}}}\n");
    s = docker_world_step(&w, "docker.up");
    kit_set_list(s, "services", "web", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("would replace the network %s_default", w.project));
    assert_holds(kit_summary(s), kit_path("%s-db-1", w.project));
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static const char *const built[] = {"one", "two.b", "three"};

static docker_world three_builds(void)
{
    docker_world w = docker_world_new();
    docker_world_services(&w,
                          "  one: {build: {context: ., tags: ['$P-extra:1']}, image: $P-one}\n"
                          "  two.b: {build: {context: ., dockerfile: Two}, image: $P-two}\n"
                          "  three: {build: ., image: $P-three}\n",
                          "");
    kit_write(kit_path("%s/Two", w.dir), kit_path("FROM scratch\nLABEL project=%s\nCOPY tiny /two\n", w.project));
    return w;
}

static void bake_gets_so_many_services_at_a_time(void **state)
{
    (void)state;
    docker_world w = three_builds();
    const char *before = docker_world_state(&w);
    kit_step *s = docker_world_step(&w, "docker.build");
    kit_set(s, "parallel", "1");
    docker_world_must(s, KIT_EXECUTE);
    docker_world_must(s, KIT_VERIFY);
    int runs = 0;
    for (const char *at = kit_artifact(s, "build.log"); (at = strstr(at, "load local bake definitions")); at++)
        runs++;
    assert_int_equal(runs, 3);
    assert_true(docker_world_has("image", kit_path("%s-extra:1", w.project)));
    docker_world_must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_failure_under_bake_names_service_file_and_line(void **state)
{
    (void)state;
    docker_world w = three_builds();
    kit_write(kit_path("%s/Two", w.dir), "FROM scratch\n# x\nCOPY missing /two\n");
    for (size_t i = 0; i < 2; i++) {
        kit_step *s = docker_world_step(&w, "docker.build");
        if (i == 0) /* alone: bake leaves the name out */
            kit_set_list(s, "services", built[1], NULL);
        assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
        assert_holds(kit_summary(s), kit_path("two.b does not build: %s/Two:3: COPY missing /two", w.dir));
        docker_world_must(s, KIT_ROLLBACK);
        kit_step_free(s);
    }
    docker_world_free(&w);
}

/* The image that a build starts from is built, and named, too (by a BuildKit newer than that of engine 20.10). */
static void the_image_of_a_service_that_a_build_starts_from_is_owned(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w,
                          "  app: {build: {context: ., dockerfile: App, additional_contexts: {base: 'service:base'}}, "
                          "image: $P-app}\n"
                          "  base: {build: ., image: $P-base}\n",
                          "");
    kit_step *s = docker_world_step(&w, "docker.build");
    kit_set_list(s, "services", "app", NULL);
    docker_world_must(s, KIT_PREPARE);
    assert_holds(kit_plan(s), kit_path("references: %s-app, %s-base", w.project, w.project));
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_that_compose_would_replace_is_refused_before_anything_stops),
        cmocka_unit_test(bake_gets_so_many_services_at_a_time),
        cmocka_unit_test(a_failure_under_bake_names_service_file_and_line),
        cmocka_unit_test(the_image_of_a_service_that_a_build_starts_from_is_owned),
    };
    return cmocka_run_group_tests_name("a newer Compose", tests, set_up, docker_world_teardown);
}
