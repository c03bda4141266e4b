#include "docker_world.h"

/* Three versions were built, the second runs; a job was run by hand, and a service has been dropped from the file. */
static docker_world used_world(void)
{
    docker_world w = docker_world_new();
    const char *app = "  app: {build: ., image: $P-app}\n"
                      "  later: {build: ., image: $P-app, command: [exit, '0']}\n"
                      "  backup: {image: $P-app, profiles: [nightly], volumes: ['data:/data']}\n";
    docker_world_services(&w, kit_path("%s  dropped: {image: $P-app}\n", app), "volumes: {data: {}, other: {}}\n");
    docker_world_compose(&w, "build", "--quiet", "app");
    docker_world_version(&w, "2");
    docker_world_compose(&w, "build", "--quiet", "app");
    docker_world_compose(&w, "up", "-d", "--no-build");
    docker_world_compose(&w, "run", "--name", kit_path("%s-job", w.project), "app", "exit", "0");
    docker_world_compose(&w, "stop", "dropped");
    docker_world_version(&w, "3");
    docker_world_compose(&w, "build", "--quiet", "app");
    docker_world_services(&w, app, "volumes: {data: {}}\n");
    return w;
}

/* Untagged images of the project. */
static const char *untagged(const docker_world *w)
{
    return docker_world_sorted(kit_output_of("docker", "images", "-q", "--no-trunc", "--filter", "dangling=true",
                                             "--filter", kit_path("label=com.docker.compose.project=%s", w->project),
                                             NULL));
}

static void deletes_left_overs_and_nothing_that_a_version_needs(void **state)
{
    (void)state;
    docker_world w = used_world();
    const char *running = docker_says("inspect", "-f", "{{.Image}}", kit_path("%s-app-1", w.project));
    kit_output_of("docker", "tag", running, kit_path("%s-app:v2", w.project), NULL);
    assert_int_equal(strlen(untagged(&w)), 72); /* version 1 alone */
    kit_step *s = docker_world_step(&w, "docker.prune");
    kit_set_list(s, "keep", kit_path("%s-app:v2", w.project), NULL);
    const char *before = docker_world_state(&w);
    docker_world_must(s, KIT_PREPARE);
    docker_world_same(&w, before);
    assert_holds(kit_plan(s), "1 untagged images");
    assert_holds(kit_plan(s), kit_path("%s-job", w.project));
    docker_world_must(s, KIT_EXECUTE);
    assert_string_equal(untagged(&w), "");
    assert_false(docker_world_has("container", kit_path("%s-job", w.project)));
    assert_false(docker_world_has("container", kit_path("%s-dropped-1", w.project)));
    assert_true(
        docker_world_has("container", kit_path("%s-later-1", w.project))); /* stopped, but its service is in the file */
    assert_true(docker_world_has("image", running));
    assert_true(docker_world_has("image", kit_path("%s-app:latest", w.project)));
    assert_true(kit_measured(s, "images") == 1 && kit_measured(s, "containers") == 2);
    assert_true(kit_measured(s, "freed") >= 0);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_NOTHING);
    kit_step_free(s);
    docker_world_free(&w);
}

static void an_unreadable_keep_set_deletes_nothing(void **state)
{
    (void)state;
    docker_world w = used_world();
    kit_step *s = docker_world_step(&w, "docker.prune");
    kit_set_list(s, "keep", kit_path("%s-app:v1.7.0", w.project), NULL);
    const char *before = docker_world_state(&w), *dangling = untagged(&w);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "nothing was deleted");
    docker_world_same(&w, before);
    assert_string_equal(untagged(&w), dangling);

    kit_set_list(s, "keep", kit_path("%s-app:", w.project), NULL); /* the version of a first deploy's predecessor */
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    kit_set(s, "keep_missing", "allow");
    docker_world_must(s, KIT_PREPARE);

    kit_write(kit_path("%s/docker-compose.yml", w.dir), "services: [");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    docker_world_same(&w, before);

    docker_world_services(&w, "  app: {build: ., image: $P-app}\n", "");
    docker_world_must(s, KIT_EXECUTE);
    const char *running = docker_says("inspect", "-f", "{{.Image}}", kit_path("%s-app-1", w.project));
    assert_string_equal(docker_world_trim(untagged(&w)), running);
    kit_step_free(s);
    docker_world_free(&w);
}

static void what_a_deploy_has_set_aside_stays(void **state)
{
    (void)state;
    docker_world w = used_world();
    const char *before = docker_world_state(&w);
    kit_step *up = docker_world_step(&w, "docker.up");
    kit_set_list(up, "services", "app", NULL);
    docker_world_must(up, KIT_EXECUTE);
    kit_step *s = docker_world_step(&w, "docker.prune");
    docker_world_must(s, KIT_EXECUTE);
    docker_world_must(up, KIT_ROLLBACK);
    assert_true(docker_world_has("container", kit_path("%s-app-1", w.project)));
    assert_holds(before, docker_says("inspect", "-f", "{{.Image}}", kit_path("%s-app-1", w.project)));
    kit_step_free(s);
    kit_step_free(up);
    docker_world_free(&w);
}

static void what_this_run_has_stopped_stays(void **state)
{
    (void)state;
    docker_world w = used_world();
    const char *dropped = kit_path("%s-dropped-1", w.project);
    kit_output_of("docker", "start", dropped, NULL);
    kit_step *stop = docker_world_step(&w, "docker.stop"), *s = docker_world_step(&w, "docker.prune");
    kit_set_list(stop, "services", "dropped", NULL);
    docker_world_must(stop, KIT_EXECUTE);
    docker_world_must(s, KIT_EXECUTE);
    assert_true(docker_world_has("container", dropped));
    assert_false(docker_world_has("container", kit_path("%s-job", w.project)));
    docker_world_must(stop, KIT_ROLLBACK);
    assert_string_equal(docker_says("inspect", "-f", "{{.State.Running}}", dropped), "true");
    kit_output_of("docker", "stop", dropped, NULL);
    kit_step *later = docker_world_step(&w, "docker.prune");
    docker_world_must(later, KIT_EXECUTE);
    assert_false(docker_world_has("container", dropped));
    kit_step_free(later);
    kit_step_free(s);
    kit_step_free(stop);
    docker_world_free(&w);
}

static void volumes_only_when_asked_and_never_those_of_the_file(void **state)
{
    (void)state;
    docker_world w = used_world();
    const char *data = kit_path("%s_data", w.project), *other = kit_path("%s_other", w.project);
    const char *label = kit_path("com.docker.compose.project=%s", w.project);
    kit_output_of("docker", "volume", "create", "--label", label, data, NULL);
    kit_output_of("docker", "volume", "create", "--label", label, other, NULL);
    kit_step *s = docker_world_step(&w, "docker.prune");
    docker_world_must(s, KIT_EXECUTE);
    assert_true(docker_world_has("volume", data) && docker_world_has("volume", other));
    kit_set(s, "volumes", "true");
    docker_world_must(s, KIT_EXECUTE);
    assert_true(docker_world_has("volume", data));
    assert_false(docker_world_has("volume", other));
    kit_step_free(s);
    docker_world_free(&w);
}

static void without_a_compose_file_nothing_is_deleted(void **state)
{
    (void)state;
    docker_world w = used_world();
    const char *before = docker_world_state(&w), *dangling = untagged(&w);
    kit_step *s = docker_world_step(&w, "docker.prune");
    kit_set(s, "file", "missing.yml");
    docker_world_must(s, KIT_PREPARE);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_NOTHING);
    docker_world_same(&w, before);
    assert_string_equal(untagged(&w), dangling);
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deletes_left_overs_and_nothing_that_a_version_needs),
        cmocka_unit_test(an_unreadable_keep_set_deletes_nothing),
        cmocka_unit_test(what_a_deploy_has_set_aside_stays),
        cmocka_unit_test(what_this_run_has_stopped_stays),
        cmocka_unit_test(volumes_only_when_asked_and_never_those_of_the_file),
        cmocka_unit_test(without_a_compose_file_nothing_is_deleted),
    };
    return cmocka_run_group_tests_name("docker.prune", tests, NULL, docker_world_teardown);
}
