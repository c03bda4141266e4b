/* An engine at tcp:// with TLS that asks for a client's certificate: a relay before the real engine's socket. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "docker_world.h"

static const char relay[] = "import socket, ssl, sys, threading\n"
                            "port, folder, engine = int(sys.argv[1]), sys.argv[2], sys.argv[3]\n"
                            "tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
                            "tls.load_cert_chain(folder + '/cert.pem', folder + '/key.pem')\n"
                            "tls.load_verify_locations(folder + '/ca.pem')\n"
                            "tls.verify_mode = ssl.CERT_REQUIRED\n"
                            "def copy(a, b):\n"
                            "    try:\n"
                            "        while data := a.recv(65536):\n"
                            "            b.sendall(data)\n"
                            "        b.shutdown(socket.SHUT_WR)\n"
                            "    except OSError:\n"
                            "        pass\n"
                            "def serve(client):\n"
                            "    try:\n"
                            "        client = tls.wrap_socket(client, server_side=True)\n"
                            "    except OSError:\n"
                            "        return\n"
                            "    server = socket.socket(socket.AF_UNIX)\n"
                            "    server.connect(engine)\n"
                            "    threading.Thread(target=copy, args=(server, client), daemon=True).start()\n"
                            "    copy(client, server)\n"
                            "listening = socket.create_server(('127.0.0.1', port))\n"
                            "while True:\n"
                            "    client, _ = listening.accept()\n"
                            "    threading.Thread(target=serve, args=(client,), daemon=True).start()\n";

static pid_t server;
static const char *host, *folder;

/* ca.pem, cert.pem, key.pem: a certificate that vouches for itself. */
static const char *new_folder(void)
{
    const char *f = kit_folder(), *cert = kit_path("%s/cert.pem", f);
    kit_output_of("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                  "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", kit_path("%s/key.pem", f), "-out", cert, NULL);
    kit_output_of("cp", cert, kit_path("%s/ca.pem", f), NULL);
    return f;
}

static int set_up(void **state)
{
    (void)state;
    const char *engine = kit_docker_host() + strlen("unix://");
    folder = new_folder();
    const char *script = kit_path("%s/relay.py", folder), *port = kit_path("%d", kit_free_port());
    kit_write(script, relay);
    host = kit_path("tcp://127.0.0.1:%s", port);
    server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("python3", "python3", script, port, folder, engine, (char *)NULL);
        _exit(127);
    }
    return server > 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return docker_world_teardown(state);
}

static void speaks_with_an_engine_that_both_sides_trust(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("docker.info");
    kit_set(s, "host", host);
    kit_set(s, "tls", folder);
    belay_status got = BELAY_E_RETRY;
    for (int i = 0; i < 50 && got == BELAY_E_RETRY; i++) { /* until the relay listens */
        got = kit_run(s, KIT_VERIFY);
        usleep(100000);
    }
    assert_int_equal(got, BELAY_OK);
    kit_step_free(s);
}

static void refuses_an_engine_that_nobody_vouches_for(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("docker.info");
    kit_set(s, "host", host);
    kit_set(s, "tls", new_folder());
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_holds(kit_summary(s), "TLS with the Docker Engine at tcp://");
    kit_set(s, "tls", kit_folder());
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    kit_step_free(s);
}

static void compose_uses_the_same_certificates(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    const char *before = docker_world_state(&w);
    kit_step *build = docker_world_step(&w, "docker.build"), *up = docker_world_step(&w, "docker.up");
    kit_step *const steps[] = {build, up};
    for (size_t i = 0; i < 2; i++) {
        kit_set(steps[i], "host", host);
        kit_set(steps[i], "tls", folder);
        if (kit_run(steps[i], KIT_EXECUTE) != BELAY_OK)
            fail_msg("%s", kit_summary(steps[i]));
        assert_int_equal(kit_verify_until(steps[i], 10), BELAY_OK);
    }
    assert_int_equal(kit_run(up, KIT_ROLLBACK), BELAY_OK);
    assert_int_equal(kit_run(build, KIT_ROLLBACK), BELAY_OK);
    docker_world_same(&w, before);
    kit_step_free(build);
    kit_step_free(up);
    docker_world_free(&w);
}

static void a_docker_context_brings_its_certificates(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    const char *before = docker_world_state(&w);
    unsetenv("DOCKER_HOST");
    setenv("DOCKER_CONFIG", kit_folder(), 1);
    setenv("DOCKER_CONTEXT", "far", 1);
    kit_output_of("docker", "context", "create", "far", "--docker",
                  kit_path("host=%s,ca=%s/ca.pem,cert=%s/cert.pem,key=%s/key.pem", host, folder, folder, folder), NULL);
    kit_step *build = docker_world_step(&w, "docker.build");
    docker_world_must(build, KIT_EXECUTE);
    assert_holds(kit_log(build), kit_path("%s (docker context far)", host));
    docker_world_must(build, KIT_ROLLBACK);
    unsetenv("DOCKER_CONTEXT");
    setenv("DOCKER_HOST", kit_docker_host(), 1);
    docker_world_same(&w, before);
    kit_step_free(build);
    docker_world_free(&w);
}

/* DOCKER_TLS_VERIFY without DOCKER_CERT_PATH: never plain HTTP. */
static void the_docker_programs_own_folder_holds_the_default_certificates(void **state)
{
    (void)state;
    setenv("DOCKER_HOST", host, 1);
    setenv("DOCKER_TLS_VERIFY", "1", 1);
    setenv("DOCKER_CONFIG", folder, 1);
    kit_step *s = kit_step_new("docker.info");
    docker_world_must(s, KIT_VERIFY);
    kit_step_free(s);
    unsetenv("DOCKER_TLS_VERIFY");
    unsetenv("DOCKER_CONFIG");
    setenv("DOCKER_HOST", kit_docker_host(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speaks_with_an_engine_that_both_sides_trust),
        cmocka_unit_test(refuses_an_engine_that_nobody_vouches_for),
        cmocka_unit_test(compose_uses_the_same_certificates),
        cmocka_unit_test(a_docker_context_brings_its_certificates),
        cmocka_unit_test(the_docker_programs_own_folder_holds_the_default_certificates),
    };
    return cmocka_run_group_tests_name("docker over TLS", tests, set_up, tear_down);
}
