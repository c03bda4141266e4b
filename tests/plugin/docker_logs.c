#include "docker_world.h"

#include <time.h>
#include <unistd.h>

static docker_world talking_world(void)
{
    docker_world w = docker_world_new();
    docker_world_services(
        &w,
        "  app: {build: ., image: $P-app, command: [say, 'Application startup complete', complain, "
        "'ERROR: cache is cold']}\n"
        "  slow: {build: ., image: $P-app, command: [nap, '3', say, 'Application startup complete']}\n"
        "  term: {build: ., image: $P-app, tty: true, command: [say, 'from a terminal']}\n"
        "  idle: {build: ., image: $P-app, profiles: [never]}\n",
        "");
    docker_world_compose(&w, "build", "--quiet", "app");
    docker_world_compose(&w, "up", "-d", "--no-build", "app", "slow", "term");
    return w;
}

static kit_step *logs(const docker_world *w)
{
    kit_step *s = docker_world_step(w, "docker.logs");
    kit_set(s, "since", "10m");
    return s;
}

static void checks(kit_step *s, belay_status wanted)
{
    belay_status got = kit_run(s, KIT_PREPARE);
    if (got == BELAY_OK)
        got = kit_run(s, KIT_VERIFY);
    if (got != wanted)
        fail_msg("logs gave %d: %s", got, kit_summary(s));
}

static void waits_for_what_is_required(void **state)
{
    (void)state;
    docker_world w = talking_world();
    kit_step *s = logs(&w);
    kit_set_list(s, "services", "app", "slow", NULL);
    kit_set_list(s, "required", "startup complete$", NULL);
    checks(s, BELAY_NOT_YET);
    assert_holds(kit_summary(s), "slow has not written 'startup complete$'");
    assert_int_equal(kit_verify_until(s, 10), BELAY_OK);
    kit_set_list(s, "services", "app", "term", NULL);
    kit_set_list(s, "required", "app: startup", "term: from a terminal$", NULL);
    checks(s, BELAY_OK);
    kit_step_free(s);
    docker_world_free(&w);
}

static void quotes_what_is_forbidden_unless_it_is_allowed(void **state)
{
    (void)state;
    docker_world w = talking_world();
    kit_step *s = logs(&w);
    kit_set_list(s, "forbidden", "error", NULL);
    checks(s, BELAY_OK);
    kit_set(s, "ignore_case", "true");
    checks(s, BELAY_E_FAIL);
    assert_holds(kit_summary(s), "app | ERROR: cache is cold");
    assert_true(kit_measured(s, "matches") == 1);
    assert_true(kit_measured(s, "matches/app") == 1);
    assert_true(kit_measured(s, "matches/slow") == 0);
    kit_set_list(s, "allow", "cache is cold", NULL);
    checks(s, BELAY_OK);
    assert_true(kit_measured(s, "matches") == 0);
    kit_step_free(s);
    docker_world_free(&w);
}

static void only_what_was_written_since_counts(void **state)
{
    (void)state;
    docker_world w = talking_world();
    sleep(1);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    kit_step *s = logs(&w);
    kit_fact(s, "stage.started_at", kit_path("%lld.%03ld", (long long)now.tv_sec, now.tv_nsec / 1000000));
    kit_set_list(s, "services", "app", NULL);
    kit_set_list(s, "forbidden", "ERROR", NULL);
    kit_set(s, "since", "stage");
    checks(s, BELAY_OK);
    assert_true(kit_measured(s, "lines") == 0);
    kit_set(s, "min_lines", "1");
    checks(s, BELAY_NO_DATA);
    kit_set(s, "since", "30m");
    checks(s, BELAY_E_FAIL);
    kit_step_free(s);
    docker_world_free(&w);
}

static void reads_containers_by_name_without_compose(void **state)
{
    (void)state;
    docker_world w = talking_world();
    kit_step *s = kit_step_new("docker.logs");
    kit_set(s, "since", "10m");
    kit_set_list(s, "containers", kit_path("%s-app-1", w.project), NULL);
    kit_set_list(s, "required", "startup complete", NULL);
    checks(s, BELAY_OK);
    kit_set_list(s, "containers", "belay-test-no-such-container", NULL);
    checks(s, BELAY_E_FAIL);
    kit_step_free(s);
    docker_world_free(&w);
}

static void forbids(kit_step *s, const char *pattern, belay_status wanted)
{
    kit_set_list(s, "forbidden", pattern, NULL);
    checks(s, wanted);
}

static void a_pattern_is_for_one_service_or_container_when_it_names_one(void **state)
{
    (void)state;
    docker_world w = talking_world();
    kit_step *s = logs(&w);
    forbids(s, "app: ^ERROR", BELAY_E_FAIL);
    forbids(s, kit_path("%s-app-1: ^ERROR", w.project), BELAY_E_FAIL);
    forbids(s, "slow: ^ERROR", BELAY_OK);
    forbids(s, kit_path("%s-slow-1: ^ERROR", w.project), BELAY_OK);
    forbids(s, "ERROR: cache", BELAY_E_FAIL);
    assert_holds(kit_log(s), "'ERROR: cache' is looked for as it stands");
    kit_set_list(s, "allow", "app: cache is cold", NULL);
    checks(s, BELAY_OK);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_pattern_for_a_log_that_is_not_read_does_not_pass(void **state)
{
    (void)state;
    docker_world w = talking_world();
    kit_step *s = logs(&w);
    forbids(s, "idle: ERROR", BELAY_NO_DATA);
    assert_holds(kit_summary(s), "no container of service idle");
    kit_set(s, "project", w.project); /* the file is asked all the same */
    checks(s, BELAY_NO_DATA);
    kit_set_list(s, "services", "slow", NULL);
    forbids(s, "app: ERROR", BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "forbidden");
    assert_holds(kit_summary(s), "name it in services, or write 'app[:] ERROR'");
    forbids(s, "app[:] ERROR", BELAY_OK);
    kit_set_list(s, "allow", "app: ERROR", NULL);
    checks(s, BELAY_OK);
    kit_set_list(s, "required", "app: startup", NULL);
    checks(s, BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "required");
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_service_without_container_is_inconclusive(void **state)
{
    (void)state;
    docker_world w = talking_world();
    kit_step *s = logs(&w);
    kit_set_list(s, "services", "ghost", NULL);
    kit_set_list(s, "forbidden", "ERROR", NULL);
    checks(s, BELAY_NO_DATA);
    assert_holds(kit_summary(s), "no container of service ghost");
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_project_without_container_is_inconclusive(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    kit_step *s = logs(&w);
    kit_set_list(s, "forbidden", "ERROR", NULL);
    checks(s, BELAY_NO_DATA);
    assert_holds(kit_summary(s), kit_path("project %s has no container", w.project));
    kit_set(s, "project", "belay-test-misspelt");
    checks(s, BELAY_NO_DATA);
    assert_holds(kit_summary(s), "project belay-test-misspelt has no container");
    kit_step_free(s);
    docker_world_free(&w);
}

static void finds_what_stands_behind_colours_nul_bytes_and_16_kilobytes(void **state)
{
    (void)state;
    static const char *const forbidden[] = {"ERROR:", "^ERROR", "FATAL17k", "FATAL70k", "FATALnul", "^a FATALnul$"};
    docker_world w = docker_world_new();
    docker_world_services(&w,
                          "  app: {build: ., image: $P-app, command: [say, \"\\e[31mERROR\\e[0m:    Exception\", pad, "
                          "'17000', say, ' FATAL17k', pad, '70000', say, ' FATAL70k', put, a, zero, '1', say, "
                          "' FATALnul', say, ready]}\n",
                          "");
    docker_world_compose(&w, "up", "-d", "--build");
    kit_step *s = logs(&w);
    kit_set_list(s, "required", "^ready$", NULL);
    assert_int_equal(kit_verify_until(s, 10), BELAY_OK);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        forbids(s, forbidden[i], BELAY_E_FAIL);
        assert_true(kit_measured(s, "matches") == 1);
    }
    kit_set_list(s, "required", "FATAL70k$", NULL);
    forbids(s, "FATAL71k", BELAY_OK);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_line_that_is_cut_is_inconclusive(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(
        &w, "  app: {build: ., image: $P-app, command: [pad, '1100000', say, ' FATAL', say, ready]}\n", "");
    docker_world_compose(&w, "up", "-d", "--build");
    kit_step *s = logs(&w);
    kit_set_list(s, "required", "^ready$", NULL);
    assert_int_equal(kit_verify_until(s, 10), BELAY_OK);
    forbids(s, "FATAL", BELAY_NO_DATA);
    assert_holds(kit_summary(s), "1 log line of app is longer than 1048576 bytes");
    forbids(s, "^x", BELAY_E_FAIL);
    kit_step_free(s);
    docker_world_free(&w);
}

static void refuses_what_cannot_check_anything(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    kit_step *s = logs(&w);
    checks(s, BELAY_E_CONFIG);
    kit_set_list(s, "forbidden", "(", NULL);
    checks(s, BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "forbidden");
    kit_set_list(s, "forbidden", "x", NULL);
    kit_set(s, "since", "yesterday");
    checks(s, BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "since");
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_what_is_required),
        cmocka_unit_test(quotes_what_is_forbidden_unless_it_is_allowed),
        cmocka_unit_test(only_what_was_written_since_counts),
        cmocka_unit_test(reads_containers_by_name_without_compose),
        cmocka_unit_test(a_pattern_is_for_one_service_or_container_when_it_names_one),
        cmocka_unit_test(a_pattern_for_a_log_that_is_not_read_does_not_pass),
        cmocka_unit_test(a_service_without_container_is_inconclusive),
        cmocka_unit_test(a_project_without_container_is_inconclusive),
        cmocka_unit_test(finds_what_stands_behind_colours_nul_bytes_and_16_kilobytes),
        cmocka_unit_test(a_line_that_is_cut_is_inconclusive),
        cmocka_unit_test(refuses_what_cannot_check_anything),
    };
    return cmocka_run_group_tests_name("docker.logs", tests, NULL, docker_world_teardown);
}
