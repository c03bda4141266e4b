#include "docker_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void tells_version_and_containers(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("docker.info");
    kit_set(s, "host", kit_docker_host());
    kit_set(s, "min_api", "1.41");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_non_null(strchr(kit_output(s, "version"), '.'));
    assert_int_equal(strncmp(kit_output(s, "api_version"), "1.", 2), 0);
    assert_true(kit_measured(s, "containers_running") >= 0 && kit_measured(s, "containers_stopped") >= 0);
    kit_set(s, "min_api", "9.0");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "9.0 is wanted");
    kit_step_free(s);
}

static void no_engine_is_an_error_not_a_failure(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("docker.info");
    kit_set(s, "host", kit_path("unix://%s/none.sock", kit_folder()));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_holds(kit_summary(s), "no Docker Engine answers at unix://");
    kit_set(s, "host", kit_path("tcp://127.0.0.1:%d", kit_free_port()));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    kit_set(s, "host", "ssh://somewhere");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "host");
    kit_step_free(s);
}

/* ---- an engine that misbehaves ---- */

typedef struct fake {
    const char *host; /* "unix://..." */
    pid_t pid;
} fake;

/* Answers the first requests with `answers` (NULL-terminated), then goes silent on the next one, or hangs up in the
 * middle of its answer. */
static void serve(int listening, const char *const *answers, bool silent)
{
    int fd = accept(listening, NULL, NULL);
    for (char request[65536]; read(fd, request, sizeof request) > 0; answers++) {
        if (!*answers) {
            const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
            if (silent || write(fd, half, sizeof half - 1) < 0)
                pause();
            break;
        }
        char head[128];
        int n = snprintf(head, sizeof head,
                         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                         strlen(*answers));
        if (write(fd, head, (size_t)n) < 0 || write(fd, *answers, strlen(*answers)) < 0)
            break;
    }
    close(fd);
    close(listening);
    pause();
}

static fake fake_new(const char *const *answers, bool silent)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s/engine.sock", kit_folder());
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(bind(listening, (struct sockaddr *)&at, sizeof at), 0);
    assert_return_code(listen(listening, 4), 0);
    fake f = {.host = kit_path("unix://%s", at.sun_path), .pid = fork()};
    if (f.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when the test fails midway */
        serve(listening, answers, silent);
        _exit(0);
    }
    close(listening);
    return f;
}

static void fake_free(fake *f)
{
    kill(f->pid, SIGKILL);
    waitpid(f->pid, NULL, 0);
}

#define VERSION "{\"Version\":\"20.10.24\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}"

static void an_engine_that_goes_away_in_the_middle_is_an_error(void **state)
{
    (void)state;
    fake f = fake_new((const char *const[]){VERSION, NULL}, false);
    kit_step *s = kit_step_new("docker.info");
    kit_set(s, "host", f.host);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_holds(kit_summary(s), "went away during GET /info");
    kit_step_free(s);
    fake_free(&f);
}

static void a_silent_engine_does_not_hold_up_a_cancellation(void **state)
{
    (void)state;
    fake f = fake_new((const char *const[]){VERSION, NULL}, true);
    kit_step *s = kit_step_new("docker.info");
    kit_set(s, "host", f.host);
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 300), BELAY_E_CANCELLED);
    kit_step_free(s);
    fake_free(&f);
}

static void an_engine_too_old_or_no_engine_at_all_is_said(void **state)
{
    (void)state;
    fake f = fake_new((const char *const[]){"{\"Version\":\"17.03\",\"ApiVersion\":\"1.26\"}", NULL}, false);
    kit_step *s = kit_step_new("docker.info");
    kit_set(s, "host", f.host);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "offers API 1.26; 1.41 is needed");
    fake_free(&f);
    f = fake_new((const char *const[]){"hello", NULL}, false);
    kit_set(s, "host", f.host);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    kit_step_free(s);
    fake_free(&f);
}

/* ---- compose_config ---- */

static void compose_config_gives_the_services(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(
        &w, "  app: {image: $P-app, environment: {PASSWORD: 'canary-7351'}}\n  db: {image: '${DB:-x}'}\n", "");
    kit_step *s = docker_world_step(&w, "docker.compose_config");
    kit_set_list(s, "expect_services", "app", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_string_equal(kit_output(s, "services"), "app,db");
    assert_string_equal(kit_output(s, "project"), w.project);
    assert_null(strstr(kit_log(s), "canary-7351"));
    kit_set_list(s, "expect_services", "app", "agents", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "lacks the services: agents");
    kit_step_free(s);
    docker_world_free(&w);
}

static void compose_config_shows_composes_own_message(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    kit_step *s = docker_world_step(&w, "docker.compose_config");
    docker_world_services(&w, "  app: {imagee: $P-app}\n", "");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "imagee is not allowed");
    docker_world_services(&w, "  app: {image: '${NEEDED:?must be set}'}\n", "");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "NEEDED");
    kit_set_list(s, "env", "NEEDED=there", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_set(s, "file", "missing.yml");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "missing.yml");
    kit_step_free(s);
    docker_world_free(&w);
}

static void without_compose_the_message_says_what_to_install(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    kit_step *s = docker_world_step(&w, "docker.compose_config");
    const char *path = kit_path("%s", getenv("PATH")), *bin = kit_folder();
    setenv("PATH", bin, 1);
    belay_status none = kit_run(s, KIT_VERIFY);
    const char *said = kit_path("%s", kit_summary(s)), *hint = kit_path("%s", kit_hint(s));
    kit_write(kit_path("%s/docker-compose", bin),
              "#!/bin/sh\ncase \"$*\" in *version*) echo 1.29.2;; *) exit 1;; esac\n");
    setenv("PATH", path, 1);
    kit_output_of("chmod", "+x", kit_path("%s/docker-compose", bin), NULL);
    setenv("PATH", kit_path("%s:%s", bin, path), 1);
    belay_status old = kit_run(s, KIT_VERIFY);
    setenv("PATH", path, 1);
    assert_int_equal(none, BELAY_E_RETRY);
    assert_holds(said, "neither docker-compose nor docker is in PATH");
    assert_holds(hint, "install Compose version 2");
    assert_int_equal(old, BELAY_E_RETRY);
    assert_holds(kit_summary(s), "Compose version 2 is needed; docker-compose answered: 1.29.2");
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_version_and_containers),
        cmocka_unit_test(no_engine_is_an_error_not_a_failure),
        cmocka_unit_test(an_engine_that_goes_away_in_the_middle_is_an_error),
        cmocka_unit_test(a_silent_engine_does_not_hold_up_a_cancellation),
        cmocka_unit_test(an_engine_too_old_or_no_engine_at_all_is_said),
        cmocka_unit_test(compose_config_gives_the_services),
        cmocka_unit_test(compose_config_shows_composes_own_message),
        cmocka_unit_test(without_compose_the_message_says_what_to_install),
    };
    return cmocka_run_group_tests_name("docker.info, compose_config", tests, NULL, docker_world_teardown);
}
