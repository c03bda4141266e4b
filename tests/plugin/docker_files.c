/* Which compose files are read: Compose's own rules, and what the running containers were made from. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "docker_world.h"

static const char *at(const docker_world *w, const char *name)
{
    return kit_path("%s/%s", w->dir, name);
}

/* A world whose docker-compose.yml has a neighbour that gives the container a variable. */
static docker_world with_neighbour(const char *name)
{
    docker_world w = docker_world_new();
    docker_world_compose(&w, "build", "--quiet");
    kit_write(at(&w, name), "services: {app: {environment: {LEAF: oolong}}}\n");
    return w;
}

/* `docker compose ARGUMENTS` as a person would type it in the project's folder. */
static void by_hand(const docker_world *w, const char *arguments)
{
    const char *command = kit_path("cd '%s' && docker-compose %s 2>&1", w->dir, arguments);
    kit_output_of("sh", "-c", command, NULL);
}

static const char *id_of(const docker_world *w)
{
    return docker_world_id(kit_path("%s-app-1", w->project));
}

/* docker.up as it is by default leaves the container as Compose has made it. */
static void assert_untouched(const docker_world *w)
{
    const char *id = id_of(w);
    kit_step *s = docker_world_step(w, "docker.up");
    docker_world_must(s, KIT_PREPARE);
    docker_world_must(s, KIT_EXECUTE);
    assert_int_equal(kit_verify_until(s, 20), BELAY_OK);
    assert_string_equal(id_of(w), id);
    assert_holds(docker_says("inspect", "-f", "{{.Config.Env}}", id), "LEAF=oolong");
    kit_step_free(s);
}

static void override_files_count(void **state)
{
    (void)state;
    docker_world w = with_neighbour("docker-compose.override.yml");
    by_hand(&w, "up -d");
    assert_untouched(&w);
    docker_world_free(&w);
}

static void compose_file_counts_in_dot_env_and_in_the_environment(void **state)
{
    (void)state;
    docker_world w = with_neighbour("extra file, ünd.yml");
    kit_write(at(&w, ".env"), "COMPOSE_FILE='docker-compose.yml:extra file, ünd.yml'\n");
    by_hand(&w, "up -d");
    assert_untouched(&w);
    kit_write(at(&w, ".env"), "COMPOSE_PATH_SEPARATOR=|\nCOMPOSE_FILE=docker-compose.yml|extra file, ünd.yml\n");
    assert_untouched(&w);
    kit_write(at(&w, ".env"), "COMPOSE_FILE=nowhere.yml\n");
    setenv("COMPOSE_FILE", "docker-compose.yml:extra file, ünd.yml", 1); /* over .env */
    assert_untouched(&w);
    unsetenv("COMPOSE_FILE");
    docker_world_free(&w);
}

static void the_usual_names_are_found_in_composes_order(void **state)
{
    (void)state;
    docker_world w = with_neighbour("compose.override.yaml");
    assert_return_code(rename(at(&w, "docker-compose.yml"), at(&w, "compose.yaml")), 0);
    kit_write(at(&w, "docker-compose.yml"), "services: {other: {image: nothing}}\n");
    by_hand(&w, "up -d");
    assert_untouched(&w);
    docker_world_free(&w);
}

static void project_name_and_profiles_come_from_the_environment(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    kit_write(at(&w, "compose.yaml"), "services: {app: {image: a}, more: {image: b, profiles: [more]}}\n");
    unlink(at(&w, "docker-compose.yml"));
    setenv("COMPOSE_PROJECT_NAME", "named", 1);
    setenv("COMPOSE_PROFILES", "more", 1);
    kit_step *s = docker_world_step(&w, "docker.compose_config");
    docker_world_must(s, KIT_VERIFY);
    assert_string_equal(kit_output(s, "project"), "named");
    assert_string_equal(kit_output(s, "services"), "app,more");
    unsetenv("COMPOSE_PROJECT_NAME");
    unsetenv("COMPOSE_PROFILES");
    kit_write(at(&w, ".env"), "COMPOSE_PROJECT_NAME=dotted\n");
    docker_world_must(s, KIT_VERIFY);
    assert_string_equal(kit_output(s, "project"), "dotted");
    assert_string_equal(kit_output(s, "services"), "app");
    kit_step_free(s);
    docker_world_free(&w);
}

static void file_is_a_list_and_its_first_folder_is_the_projects(void **state)
{
    (void)state;
    docker_world w = with_neighbour("extra.yml");
    kit_step *s = kit_step_new("docker.compose_config");
    kit_set_list(s, "file", at(&w, "docker-compose.yml"), at(&w, "extra.yml"), NULL);
    kit_set_list(s, "expect_services", "app", NULL);
    docker_world_must(s, KIT_VERIFY);
    kit_set_list(s, "file", at(&w, "docker-compose.yml"), at(&w, "gone.yml"), NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("compose file not found: %s", at(&w, "gone.yml")));
    kit_step_free(s);
    s = kit_step_new("docker.compose_config");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "project_dir");
    kit_set(s, "project_dir", kit_folder());
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "no compose file in /");
    kit_step_free(s);
    docker_world_free(&w);
}

static void other_files_than_the_containers_were_made_from_are_refused(void **state)
{
    (void)state;
    static const char *const kinds[] = {"docker.up", "docker.build", "docker.tag", "docker.stop", "docker.prune"};
    docker_world w = with_neighbour("extra.yml");
    by_hand(&w, "-f docker-compose.yml -f extra.yml up -d");
    const char *id = id_of(&w);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        kit_step *s = docker_world_step(&w, kinds[i]);
        if (strcmp(kinds[i], "docker.tag") == 0)
            kit_set(s, "tag", "v1");
        if (strcmp(kinds[i], "docker.stop") == 0)
            kit_set_list(s, "services", "app", NULL);
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
        assert_holds(kit_summary(s), kit_path("made from %s,%s, but this step reads %s", at(&w, "docker-compose.yml"),
                                              at(&w, "extra.yml"), at(&w, "docker-compose.yml")));
        kit_set(s, "other_files", "allow");
        docker_world_must(s, KIT_PREPARE);
        kit_step_free(s);
    }
    kit_step *s = docker_world_step(&w, "docker.up"); /* whoever does not ask first */
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_string_equal(id_of(&w), id);
    kit_set_list(s, "file", "docker-compose.yml", "extra.yml", NULL);
    docker_world_must(s, KIT_PREPARE);
    docker_world_must(s, KIT_EXECUTE);
    assert_string_equal(id_of(&w), id);
    kit_step_free(s);
    docker_world_free(&w);
}

/* Each release in a folder of its own; and a release that takes its override file away. */
static void the_same_files_in_another_folder_are_the_same(void **state)
{
    (void)state;
    docker_world w = with_neighbour("docker-compose.override.yml");
    by_hand(&w, "up -d");
    const char *copy = kit_path("%s/v2", kit_folder());
    kit_output_of("cp", "-r", w.dir, copy, NULL);
    kit_step *s = docker_world_step(&w, "docker.up");
    kit_set(s, "project_dir", copy);
    docker_world_must(s, KIT_PREPARE);
    kit_step_free(s);
    s = docker_world_step(&w, "docker.up");
    unlink(at(&w, "docker-compose.override.yml"));
    docker_world_must(s, KIT_EXECUTE);
    assert_holds(kit_log(s), "docker-compose.override.yml; this step reads");
    docker_world_must(s, KIT_ROLLBACK);
    kit_step_free(s);
    docker_world_free(&w);
}

/* COMPOSE_REMOVE_ORPHANS in .env: what goes then was set aside by nobody. */
static void containers_of_no_service_stay(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_compose(&w, "build", "--quiet");
    docker_world_services(&w, "  app: {image: $P-app}\n  old: {image: $P-app}\n", "");
    by_hand(&w, "up -d");
    docker_world_services(&w, "  app: {image: $P-app}\n", "");
    kit_write(at(&w, ".env"), "COMPOSE_REMOVE_ORPHANS=true\n");
    kit_step *s = docker_world_step(&w, "docker.up");
    docker_world_must(s, KIT_EXECUTE);
    assert_true(docker_world_has("container", kit_path("%s-old-1", w.project)));
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(override_files_count),
        cmocka_unit_test(compose_file_counts_in_dot_env_and_in_the_environment),
        cmocka_unit_test(the_usual_names_are_found_in_composes_order),
        cmocka_unit_test(project_name_and_profiles_come_from_the_environment),
        cmocka_unit_test(file_is_a_list_and_its_first_folder_is_the_projects),
        cmocka_unit_test(other_files_than_the_containers_were_made_from_are_refused),
        cmocka_unit_test(the_same_files_in_another_folder_are_the_same),
        cmocka_unit_test(containers_of_no_service_stay),
    };
    return cmocka_run_group_tests_name("compose files", tests, NULL, docker_world_teardown);
}
