/* docker.prune over a whole engine: on an engine of the test's own, for nobody else's things may be near. */
#include <stdlib.h>

#include "docker_world.h"

/* An image that belongs to nobody's project, without a tag; its id. */
static const char *foreign_image(const docker_world *w, const char *label)
{
    const char *archive = kit_path("%s/foreign.tar", w->dir);
    kit_output_of("tar", "-C", w->dir, "-cf", archive, "tiny", NULL);
    return docker_says("import", "--change", kit_path("LABEL foreign=%s", label), archive);
}

/* Records of the build cache. */
static long cache_records(void)
{
    const char *counts = docker_says("system", "df", "--format", "{{.Type}}: {{.TotalCount}}");
    const char *cache = strstr(counts, "Build Cache: ");
    assert_non_null(cache);
    return strtol(cache + strlen("Build Cache: "), NULL, 10);
}

static void foreign_things_go_only_with_scope_engine(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_compose(&w, "build", "--quiet", "app");
    const char *unused = foreign_image(&w, "unused"), *kept = foreign_image(&w, "kept");
    const char *tagged = foreign_image(&w, "tagged"), *of_job = foreign_image(&w, "of-job");
    kit_output_of("docker", "tag", tagged, "foreign:1", NULL);
    const char *job = docker_says("create", "--network", "none", of_job, "/tiny");
    const char *twin = docker_says("create", "--network", "none", "--label", "belay.twin=1", "foreign:1", "/tiny");
    kit_step *s = docker_world_step(&w, "docker.prune");
    kit_set_list(s, "keep", kept, NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_NOTHING);
    assert_true(docker_world_has("image", unused) && docker_world_has("container", job));

    kit_set(s, "scope", "engine");
    docker_world_must(s, KIT_PREPARE);
    assert_holds(kit_plan(s), "1 untagged images of the whole engine");
    assert_holds(kit_plan(s), "1 stopped containers of the whole engine");
    assert_true(docker_world_has("image", unused) && docker_world_has("container", job));
    docker_world_must(s, KIT_EXECUTE);
    assert_false(docker_world_has("image", unused));
    assert_false(docker_world_has("container", job));
    assert_true(kit_measured(s, "images") == 1 && kit_measured(s, "containers") == 1);
    assert_true(docker_world_has("image", kept));   /* named in keep */
    assert_true(docker_world_has("image", of_job)); /* a container used it when the step looked */
    assert_true(docker_world_has("image", "foreign:1"));
    assert_true(docker_world_has("container", twin)); /* the way back of somebody's deploy */
    assert_true(docker_world_has("image", kit_path("%s-app", w.project)));

    docker_world_must(s, KIT_EXECUTE);
    assert_false(docker_world_has("image", of_job));
    assert_true(docker_world_has("image", kept));
    kit_step_free(s);
    docker_world_free(&w);
}

static void without_a_keep_set_the_engine_loses_nothing(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    const char *unused = foreign_image(&w, "unused");
    kit_step *s = docker_world_step(&w, "docker.prune");
    kit_set(s, "scope", "engine");
    kit_set_list(s, "keep", "foreign:no-such-version", NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "nothing was deleted");
    assert_true(docker_world_has("image", unused));
    kit_status_of("docker", "image", "rm", unused, NULL);
    kit_step_free(s);
    docker_world_free(&w);
}

static void foreign_volumes_go_only_when_asked(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w, "  app: {build: ., image: $P-app, volumes: ['data:/data']}\n", "volumes: {data: {}}\n");
    docker_world_compose(&w, "build", "--quiet", "app");
    const char *data = kit_path("%s_data", w.project);
    kit_output_of("docker", "volume", "create", data, NULL);
    kit_output_of("docker", "volume", "create", "foreign", NULL);
    kit_step *s = docker_world_step(&w, "docker.prune");
    kit_set(s, "scope", "engine");
    docker_world_must(s, KIT_EXECUTE);
    assert_true(docker_world_has("volume", "foreign"));
    kit_set(s, "volumes", "true");
    docker_world_must(s, KIT_EXECUTE);
    assert_false(docker_world_has("volume", "foreign"));
    assert_true(docker_world_has("volume", data)); /* the compose file names it */
    kit_output_of("docker", "volume", "rm", data, NULL);
    kit_step_free(s);
    docker_world_free(&w);
}

static void build_cache_is_freed_when_asked_and_not_otherwise(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_compose(&w, "build", "--quiet", "app");
    docker_world_version(&w, "2");
    docker_world_compose(&w, "build", "--quiet", "app"); /* version 1 is untagged now */
    const char *image = docker_world_id(kit_path("%s-app", w.project));
    long records = cache_records();
    assert_true(records > 0);
    kit_step *s = docker_world_step(&w, "docker.prune");
    kit_set(s, "scope", "engine");
    docker_world_must(s, KIT_EXECUTE);
    assert_true(kit_measured(s, "images") == 1);
    assert_int_equal(cache_records(), records);

    kit_set(s, "build_cache", "true");
    docker_world_must(s, KIT_PREPARE);
    assert_holds(kit_plan(s), "build cache");
    docker_world_must(s, KIT_EXECUTE);
    assert_true(cache_records() < records);
    assert_true(kit_measured(s, "freed") > 0);
    assert_string_equal(docker_world_id(kit_path("%s-app", w.project)), image);
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    docker_world_own_engine();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_things_go_only_with_scope_engine),
        cmocka_unit_test(without_a_keep_set_the_engine_loses_nothing),
        cmocka_unit_test(foreign_volumes_go_only_when_asked),
        cmocka_unit_test(build_cache_is_freed_when_asked_and_not_otherwise),
    };
    return cmocka_run_group_tests_name("docker.prune of an engine", tests, NULL, docker_world_teardown);
}
