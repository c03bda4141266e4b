/* docker://CONTAINER: a Redis that only its container leads to. The containers are made of this machine's own. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"

static const char *guarded, *open_to_itself; /* with a password; in protected mode, which answers 127.0.0.1 only */

static const char *start(const char *kind, const char *password)
{
    const char *name = kit_path("belay-test-%d-redis-%s", (int)getpid(), kind);
    kit_output_of("docker", "run", "-d", "--name", name, "-v", "/usr:/usr:ro", "debian:bookworm-slim", "redis-server",
                  "--bind", "0.0.0.0", "--save", "", "--requirepass", password, NULL);
    for (int i = 0; i < 200; i++) {
        const char *said =
            kit_output_of("sh", "-c", "docker exec \"$0\" redis-cli --no-auth-warning -a \"$1\" PING 2>&1 || :", name,
                          *password ? password : "none", NULL);
        if (strstr(said, "PONG"))
            return name;
        usleep(50000);
    }
    fail_msg("%s", kit_output_of("docker", "logs", name, NULL));
    return name;
}

static int set_up(void **state)
{
    (void)state;
    if (access("/usr/bin/redis-server", X_OK) != 0)
        (void)kit_redis_url(); /* says so and skips */
    setenv("DOCKER_HOST", kit_docker_host(), 1);
    guarded = start("guarded", "in-there");
    open_to_itself = start("open", "");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kit_status_of("docker", "rm", "-fv", guarded ? guarded : "x", NULL);
    kit_status_of("docker", "rm", "-fv", open_to_itself ? open_to_itself : "x", NULL);
    return 0;
}

static kit_step *info(const char *url)
{
    kit_step *s = kit_step_new("redis.info");
    kit_set(s, "url", url);
    return s;
}

static void assert_reached(const char *url, const char *way)
{
    kit_step *s = info(url);
    belay_status got = kit_run(s, KIT_VERIFY);
    if (got != BELAY_OK || !strstr(kit_log(s), way))
        fail_msg("%d: %s (%s)\n%s", got, kit_summary(s), kit_end(s), kit_log(s));
    assert_string_equal(kit_output(s, "role"), "master");
    kit_step_free(s);
}

static void a_server_is_reached_by_its_containers_address(void **state)
{
    (void)state;
    assert_reached(kit_path("docker://:in-there@%s/0", guarded), "is reached by its address ");
    kit_step *s = info(kit_path("docker://:wrong@%s", guarded));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "refused AUTH"));
    kit_step_free(s);
}

static void docker_exec_leads_to_a_server_that_answers_itself_alone(void **state)
{
    (void)state;
    assert_reached(kit_path("docker://%s", open_to_itself), "is reached by a tunnel by docker exec");
}

static void what_is_wrong_with_the_container_is_said(void **state)
{
    (void)state;
    kit_step *s = info("docker://no-such-container/0");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_string_equal(kit_summary(s), "there is no container no-such-container");
    kit_output_of("docker", "stop", "-t", "5", guarded, NULL);
    kit_set(s, "url", kit_path("docker://:in-there@%s/0", guarded));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_non_null(strstr(kit_summary(s), kit_path("the container %s does not run", guarded)));
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_reached_by_its_containers_address),
        cmocka_unit_test(docker_exec_leads_to_a_server_that_answers_itself_alone),
        cmocka_unit_test(what_is_wrong_with_the_container_is_said),
    };
    return cmocka_run_group_tests_name("redis: docker://", tests, set_up, tear_down);
}
