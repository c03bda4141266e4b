#include "docker_world.h"

#include <sys/stat.h>

static void must(kit_step *s, kit_phase phase)
{
    belay_status got = kit_run(s, phase);
    if (got < 0)
        fail_msg("phase %d gave %d: %s\n%s", (int)phase, got, kit_summary(s), kit_log(s));
}

/* Two services; `base` is what their Dockerfile begins with. */
static docker_world two_services(void)
{
    docker_world w = docker_world_new();
    docker_world_services(&w, "  one: {build: ., image: $P-one}\n  two: {build: ., image: '$P-two:stable'}\n", "");
    return w;
}

static void builds_and_tells_the_ids_before_and_after(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet", "one");
    const char *old = docker_world_id(kit_path("%s-one", w.project));
    docker_world_version(&w, "2");
    kit_step *s = docker_world_step(&w, "docker.build");
    must(s, KIT_PREPARE);
    assert_holds(kit_plan(s), "build the images of one, two, 2 side by side");
    must(s, KIT_EXECUTE);
    must(s, KIT_VERIFY);
    assert_holds(kit_output(s, "previous_ids"), kit_path("\"one\":\"%s\"", old));
    assert_holds(kit_output(s, "previous_ids"), "\"two\":null");
    assert_holds(kit_output(s, "ids"), docker_world_id(kit_path("%s-one", w.project)));
    assert_holds(kit_artifact(s, "build.log"), "COPY tiny /tiny");
    assert_int_equal(kit_status_of("docker", "image", "inspect", old, NULL), 0);
    kit_step_free(s);
    docker_world_free(&w);
}

/* With the containerd image store the index of such an image is new. */
static void an_image_that_comes_from_the_cache_whole_keeps_its_id(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet");
    const char *before = docker_world_state(&w), *id = docker_world_id(kit_path("%s-one", w.project));
    kit_step *s = docker_world_step(&w, "docker.build");
    must(s, KIT_EXECUTE);
    must(s, KIT_VERIFY);
    assert_string_equal(docker_world_id(kit_path("%s-one", w.project)), id);
    assert_holds(kit_output(s, "ids"), kit_path("\"one\":\"%s\"", id));
    must(s, KIT_DISCARD);
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void rollback_gives_the_tags_back_and_leaves_nothing_of_its_own(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet", "one");
    const char *before = docker_world_state(&w);
    docker_world_version(&w, "2");
    kit_step *s = docker_world_step(&w, "docker.build");
    kit_set(s, "no_cache", "true");
    must(s, KIT_EXECUTE);
    must(s, KIT_VERIFY);
    const char *built = docker_world_id(kit_path("%s-one", w.project));
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    assert_int_not_equal(kit_status_of("docker", "image", "inspect", built, NULL), 0);
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void the_old_image_outlives_a_prune_by_others(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet");
    const char *before = docker_world_state(&w);
    docker_world_version(&w, "2");
    kit_step *s = docker_world_step(&w, "docker.build");
    must(s, KIT_EXECUTE);
    kit_output_of("docker", "image", "prune", "-f", "--filter", kit_path("label=project=%s", w.project), NULL);
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    must(s, KIT_DISCARD);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_kill_at_any_moment_is_rolled_back(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet", "one");
    const char *before = docker_world_state(&w);
    for (int moment = 0; moment < 9; moment++) {
        docker_world_version(&w, kit_path("2.%d", moment));
        kit_step *s = docker_world_step(&w, "docker.build");
        kit_run_killed(s, KIT_EXECUTE, moment < 4 ? moment : 0, moment * 60);
        kit_run_killed(s, KIT_ROLLBACK, 0, 20 + moment * 5);
        must(s, KIT_ROLLBACK);
        docker_world_same(&w, before);
        kit_step_free(s);
    }
    docker_world_free(&w);
}

static void a_build_that_fails_quotes_step_line_and_last_output(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet");
    const char *before = docker_world_state(&w);
    kit_write(kit_path("%s/Dockerfile", w.dir),
              kit_path("FROM debian:bookworm-slim\nLABEL project=%s\n# a comment\nRUN echo compiling && \\\n"
                       "    echo 'main.c:3: no such header' >&2; \\\n    exit 7\n",
                       w.project));
    kit_step *s = docker_world_step(&w, "docker.build");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "Dockerfile:4: RUN echo compiling");
    assert_holds(kit_summary(s), "exit code: 7");
    assert_holds(kit_summary(s), "| main.c:3: no such header");
    assert_holds(kit_artifact(s, "build.log"), "no such header");
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);

    kit_write(kit_path("%s/Dockerfile", w.dir), "FROM scratch\nCOPYY tiny /tiny\n");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("%s/Dockerfile:2", w.dir));
    kit_write(kit_path("%s/Dockerfile", w.dir), "FROM scratch\nCOPY missing /tiny\n");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "Dockerfile:2: COPY missing /tiny");
    kit_step_free(s);
    docker_world_free(&w);
}

/* Without BuildKit: neither service nor file is named. */
static void the_old_builders_failures_are_located_too(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(
        &w, "  one: {build: ., image: $P-one}\n  two: {build: {context: ., dockerfile: Two}, image: $P-two}\n", "");
    kit_write(kit_path("%s/Two", w.dir),
              kit_path("FROM debian:bookworm-slim\nLABEL project=%s\nRUN echo x && \\\n  exit 7\n", w.project));
    kit_step *s = docker_world_step(&w, "docker.build");
    kit_set_list(s, "env", "DOCKER_BUILDKIT=0", NULL);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("two does not build: %s/Two:3: RUN echo x", w.dir));
    assert_holds(kit_summary(s), "non-zero code: 7");
    must(s, KIT_ROLLBACK);
    kit_step_free(s);
    docker_world_free(&w);
}

static void an_image_changed_behind_its_back_is_seen(void **state)
{
    (void)state;
    docker_world w = two_services();
    kit_step *s = docker_world_step(&w, "docker.build");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    must(s, KIT_EXECUTE);
    docker_world_version(&w, "other");
    docker_world_compose(&w, "build", "--quiet", "two");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("%s-two:stable is sha256:", w.project));
    kit_step_free(s);
    docker_world_free(&w);
}

static void build_arguments_reach_the_build_but_no_command_line(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    kit_write(kit_path("%s/Dockerfile", w.dir),
              kit_path("FROM scratch\nARG COMMIT=none\nCOPY tiny /tiny\nLABEL commit=$COMMIT project=%s\n", w.project));
    kit_step *s = docker_world_step(&w, "docker.build");
    kit_set_list(s, "args", "COMMIT=abc123", NULL);
    must(s, KIT_EXECUTE);
    assert_string_equal(docker_says("inspect", "-f", "{{.Config.Labels.commit}}", kit_path("%s-app:latest", w.project)),
                        "abc123");
    kit_set_list(s, "args", "COMMIT", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_cancelled_build_ends_soon_and_is_rolled_back(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet");
    const char *before = docker_world_state(&w);
    kit_write(kit_path("%s/Dockerfile", w.dir),
              kit_path("FROM debian:bookworm-slim\nLABEL project=%s\nRUN sleep 30\n", w.project));
    kit_step *s = docker_world_step(&w, "docker.build");
    assert_int_not_equal(kit_run_cancelled(s, KIT_EXECUTE, 1500), BELAY_OK);
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

/* build.tags: they are Compose's as much as the image's own reference. */
static void every_reference_that_compose_writes_is_given_back(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w, "  app: {build: {context: ., tags: [$P-extra:live, $P-extra:new]}}\n", "");
    const char *live = kit_path("%s-extra:live", w.project), *new = kit_path("%s-extra:new", w.project);
    docker_world_compose(&w, "build", "--quiet");
    kit_output_of("docker", "rmi", new, NULL);
    const char *old = docker_world_id(live), *before = docker_world_state(&w);
    docker_world_version(&w, "2");
    kit_step *s = docker_world_step(&w, "docker.build");
    must(s, KIT_PREPARE);
    assert_holds(kit_plan(s), kit_path("references: %s-app, %s, %s", w.project, live, new));
    must(s, KIT_EXECUTE);
    const char *built = docker_world_id(live);
    assert_string_not_equal(built, old);
    assert_holds(kit_output(s, "previous_ids"), kit_path("\"%s\":\"%s\"", live, old));
    assert_holds(kit_output(s, "previous_ids"), kit_path("\"%s\":null", new));
    must(s, KIT_VERIFY);
    kit_output_of("docker", "tag", old, new, NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    kit_output_of("docker", "tag", built, new, NULL);
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    assert_false(docker_world_has("image", built));
    kit_step_free(s);
    docker_world_free(&w);
}

/* COMPOSE_COMPATIBILITY names images PROJECT_SERVICE. */
static void the_names_of_a_compatible_compose_are_known(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w, "  app: {build: .}\n", "");
    kit_write(kit_path("%s/.env", w.dir), "COMPOSE_COMPATIBILITY=true\n");
    docker_world_compose(&w, "build", "--quiet");
    const char *image = kit_path("%s_app", w.project), *old = docker_world_id(image);
    docker_world_version(&w, "2");
    kit_step *s = docker_world_step(&w, "docker.build");
    must(s, KIT_EXECUTE);
    assert_string_not_equal(docker_world_id(image), old);
    must(s, KIT_ROLLBACK);
    assert_string_equal(docker_world_id(image), old);
    kit_step_free(s);
    docker_world_free(&w);
}

/* An image may be older than the build: its layers come from the cache, or SOURCE_DATE_EPOCH says so. */
static void age_does_not_matter(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    const char *image = kit_path("%s-app", w.project);
    docker_world_compose(&w, "build", "--quiet");
    docker_world_version(&w, "2"); /* the layer is the same: the image is as old as that */
    const char *old = docker_world_id(image), *before = docker_world_state(&w);
    kit_step *s = docker_world_step(&w, "docker.build");
    must(s, KIT_EXECUTE);
    const char *built = docker_world_id(image);
    assert_string_not_equal(built, old);
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    assert_false(docker_world_has("image", built));
    kit_step_free(s);
    s = docker_world_step(&w, "docker.build");
    kit_set(s, "no_cache", "true");
    kit_set_list(s, "args", "SOURCE_DATE_EPOCH=1000000", NULL);
    must(s, KIT_EXECUTE);
    must(s, KIT_VERIFY);
    kit_step_free(s);
    docker_world_free(&w);
}

/* A second try builds another image; that of the first one would stay without a name. */
static void a_second_try_leaves_no_nameless_image(void **state)
{
    (void)state;
    docker_world w = two_services();
    kit_step *s = docker_world_step(&w, "docker.build");
    must(s, KIT_EXECUTE);
    const char *first = docker_world_id(kit_path("%s-one", w.project));
    docker_world_version(&w, "2");
    kit_fact(s, "attempt", "2");
    must(s, KIT_EXECUTE);
    must(s, KIT_VERIFY);
    assert_false(docker_world_has("image", first));
    docker_world_version(&w, "3");
    kit_fact(s, "attempt", "3");
    const char *second = docker_world_id(kit_path("%s-one", w.project));
    kit_run_killed(s, KIT_EXECUTE, 0, 1000);
    must(s, KIT_ROLLBACK);
    assert_false(docker_world_has("image", second));
    kit_step_free(s);
    docker_world_free(&w);
}

/* ---- tag ---- */

static void tags_and_takes_the_tags_back(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet");
    const char *one = kit_path("%s-one", w.project);
    kit_output_of("docker", "tag", kit_path("%s-two:stable", w.project), kit_path("%s:v2", one), NULL);
    docker_world_version(&w, "2");
    docker_world_compose(&w, "build", "--quiet");
    const char *before = docker_world_state(&w);
    kit_step *s = docker_world_step(&w, "docker.tag");
    kit_set(s, "tag", "v2");
    must(s, KIT_PREPARE);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    must(s, KIT_EXECUTE);
    must(s, KIT_VERIFY);
    assert_string_equal(docker_world_id(kit_path("%s:v2", one)), docker_world_id(one));
    assert_holds(kit_output(s, "tags"), kit_path("%s:v2", one));
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    must(s, KIT_ROLLBACK);
    docker_world_same(&w, before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void discard_removes_the_tags_that_kept_the_old_images(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet");
    kit_step *s = docker_world_step(&w, "docker.tag");
    kit_set(s, "tag", "v2");
    must(s, KIT_EXECUTE);
    must(s, KIT_DISCARD);
    assert_string_equal(docker_says("images", "-q", "--filter", kit_path("reference=%s*:belay-*", w.project)), "");
    assert_string_equal(docker_world_id(kit_path("%s-one:v2", w.project)),
                        docker_world_id(kit_path("%s-one", w.project)));
    kit_set(s, "tag", "no/slash");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    kit_step_free(s);
    docker_world_free(&w);
}

static void nothing_is_tagged_when_an_image_is_missing(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet", "one");
    const char *before = docker_world_state(&w);
    kit_step *s = docker_world_step(&w, "docker.tag");
    kit_set(s, "tag", "v2");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("there is no image %s-two:stable", w.project));
    docker_world_same(&w, before);
    must(s, KIT_ROLLBACK);
    kit_step_free(s);
    docker_world_free(&w);
}

/* ---- image_size ---- */

static void sizes_are_measured_and_compared(void **state)
{
    (void)state;
    docker_world w = two_services();
    docker_world_compose(&w, "build", "--quiet", "one");
    kit_step *s = docker_world_step(&w, "docker.image_size");
    kit_set_list(s, "budgets", "one=100kB..5MB", NULL);
    must(s, KIT_PREPARE);
    must(s, KIT_VERIFY);
    struct stat tiny;
    assert_return_code(stat(kit_path("%s/tiny", w.dir), &tiny), 0);
    assert_true(kit_measured(s, "size/one") == (double)tiny.st_size); /* unpacked, whatever the image store */
    assert_holds(kit_log(s), " unpacked (");
    kit_set_list(s, "budgets", "one=100kB", "two=5MB", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "allowed are 0 B to 100.0 kB");
    assert_holds(kit_summary(s), kit_path("image %s-two:stable not found", w.project));
    kit_set_list(s, "budgets", "one=1MB..2", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "budgets");
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_and_tells_the_ids_before_and_after),
        cmocka_unit_test(an_image_that_comes_from_the_cache_whole_keeps_its_id),
        cmocka_unit_test(rollback_gives_the_tags_back_and_leaves_nothing_of_its_own),
        cmocka_unit_test(the_old_image_outlives_a_prune_by_others),
        cmocka_unit_test(a_kill_at_any_moment_is_rolled_back),
        cmocka_unit_test(a_build_that_fails_quotes_step_line_and_last_output),
        cmocka_unit_test(the_old_builders_failures_are_located_too),
        cmocka_unit_test(an_image_changed_behind_its_back_is_seen),
        cmocka_unit_test(build_arguments_reach_the_build_but_no_command_line),
        cmocka_unit_test(a_cancelled_build_ends_soon_and_is_rolled_back),
        cmocka_unit_test(every_reference_that_compose_writes_is_given_back),
        cmocka_unit_test(the_names_of_a_compatible_compose_are_known),
        cmocka_unit_test(age_does_not_matter),
        cmocka_unit_test(a_second_try_leaves_no_nameless_image),
        cmocka_unit_test(tags_and_takes_the_tags_back),
        cmocka_unit_test(discard_removes_the_tags_that_kept_the_old_images),
        cmocka_unit_test(nothing_is_tagged_when_an_image_is_missing),
        cmocka_unit_test(sizes_are_measured_and_compared),
    };
    return cmocka_run_group_tests_name("docker.build, tag, image_size", tests, NULL, docker_world_teardown);
}
