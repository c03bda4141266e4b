/* TLS is verified: a server whose certificate nobody vouches for is not healthy, and gets no token. The server is
 * openssl's own. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

static int port;
static pid_t server;
static const char *certificate, *key;

static pid_t start(void)
{
    const char *at = kit_path("127.0.0.1:%d", port);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("openssl", "openssl", "s_server", "-quiet", "-www", "-accept", at, "-cert", certificate, "-key", key,
               (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int set_up(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    certificate = kit_path("%s/cert.pem", folder);
    key = kit_path("%s/key.pem", folder);
    if (kit_status_of("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                      "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
                      NULL) != 0)
        return -1;
    port = kit_free_port();
    server = start();
    return server > 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}

static kit_step *health(const char *host)
{
    kit_step *s = kit_step_new("http.health");
    kit_set_list(s, "targets", kit_path("https://%s:%d/", host, port), NULL);
    return s;
}

static void trusts_the_given_authority(void **state)
{
    (void)state;
    kit_step *s = health("127.0.0.1");
    kit_set(s, "ca_file", certificate);
    assert_int_equal(kit_verify_until(s, 10), BELAY_OK);
    kit_step_free(s);
}

static void refuses_a_certificate_that_nobody_vouches_for(void **state)
{
    (void)state;
    kit_step *s = health("127.0.0.1");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    assert_non_null(strstr(kit_summary(s), "certificate"));
    kit_step_free(s);
}

static void refuses_a_certificate_for_another_name(void **state)
{
    (void)state;
    kit_step *s = health("localhost");
    kit_set(s, "ca_file", certificate);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    assert_non_null(strstr(kit_summary(s), "localhost"));
    kit_step_free(s);
}

/* Another server of openssl's, which prints what it receives. */
static pid_t start_listener(int at, const char *log)
{
    const char *address = kit_path("127.0.0.1:%d", at);
    pid_t pid = fork();
    if (pid == 0) {
        int input[2]; /* never written to: at the end of its input it would go */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!freopen(log, "w", stdout) || pipe(input) != 0 || dup2(input[0], STDIN_FILENO) < 0)
            _exit(126);
        execlp("openssl", "openssl", "s_server", "-accept", address, "-cert", certificate, "-key", key, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static kit_step *query(int at, const char *host)
{
    kit_step *s = kit_step_new("grafana.query");
    kit_set(s, "url", kit_path("https://%s:%d", host, at));
    kit_set(s, "token", "glsa_0123456789abcdef");
    kit_set(s, "datasource", "prometheus");
    kit_set(s, "expr", "up");
    kit_set(s, "request_timeout", "2s");
    return s;
}

static void no_token_goes_to_a_grafana_that_nobody_vouches_for(void **state)
{
    (void)state;
    const char *log = kit_path("%s/received", kit_folder());
    int at = kit_free_port();
    pid_t listener = start_listener(at, log);
    /* With the authority it does arrive, so that it is known to be seen. */
    static const struct {
        const char *host;
        bool authority, arrives;
    } cases[] = {{"127.0.0.1", false, false}, {"localhost", true, false}, {"127.0.0.1", true, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_step *s = query(at, cases[i].host);
        if (cases[i].authority)
            kit_set(s, "ca_file", certificate);
        bool refused = false, arrived = false;
        for (int tries = 0; tries < 20 && !refused && !arrived; tries++) {
            assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
            refused = strstr(kit_summary(s), "certificate") || strstr(kit_summary(s), "localhost'");
            arrived = kit_status_of("grep", "-qF", "Bearer glsa_0123456789abcdef", log, NULL) == 0;
            usleep(100 * 1000); /* it may not listen yet */
        }
        if (refused == cases[i].arrives || arrived != cases[i].arrives)
            fail_msg("%s: %s", cases[i].host, kit_summary(s));
        kit_step_free(s);
    }
    kill(listener, SIGKILL);
    waitpid(listener, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trusts_the_given_authority),
        cmocka_unit_test(refuses_a_certificate_that_nobody_vouches_for),
        cmocka_unit_test(refuses_a_certificate_for_another_name),
        cmocka_unit_test(no_token_goes_to_a_grafana_that_nobody_vouches_for),
    };
    return cmocka_run_group_tests_name("http over TLS", tests, set_up, tear_down);
}
