/* Deliveries: taken by a flow that listens, and by the step http.listen; the sender is a child process of the test. */
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flow_world.h"

/* HMAC-SHA256 of {"event":"done","n":7} by the key "key-8833af21", made with: openssl dgst -sha256 -hmac key-8833af21
 */
#define BODY      "{\"event\":\"done\",\"n\":7}"
#define SIGNATURE "08d8cd081528d5e8b7080e4effa5ae60418c1b10d0c34ed403abb4ba283a8463"
#define KEY       "key-8833af21"

static int connected(int port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int tries = 0; tries < 400; tries++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
            return fd;
        close(fd);
        usleep(25000);
    }
    return -1;
}

/* Sends each text (NULL-terminated) on a connection of its own, as soon as somebody listens; exits 0 when each was
 * answered by 200. */
static pid_t send_later(int port, ...)
{
    va_list texts;
    va_start(texts, port);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int bad = 0;
        for (const char *text = va_arg(texts, const char *); text; text = va_arg(texts, const char *)) {
            char answer[64] = "";
            int fd = connected(port);
            if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 || read(fd, answer, sizeof answer - 1) < 0 ||
                strncmp(answer, "HTTP/1.1 200", 12) != 0)
                bad = 1;
            close(fd);
        }
        _exit(bad);
    }
    va_end(texts);
    return pid;
}

static int ended(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

#define HOOK(path, signature, body)                                                                                    \
    "POST " path                                                                                                       \
    " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Event: done\r\nX-Sign: sha256=" signature             \
    "\r\nContent-Length: 22\r\n\r\n" body
#define RECEIVE                                                                                                        \
    "requests: ( { name = \"the hook\"; receive = \"/hook\"; limit = \"5s\";\n"                                        \
    "  signature: { header = \"X-Sign\"; prefix = \"sha256=\"; key = \"${key}\"; };\n"                                 \
    "  expect: { header: ( { at = \"X-Event\"; is = \"done\"; } ); json: ( { at = \"n\"; is = 7; } ); };\n"            \
    "  capture: { n = \"json:n\"; }; } );\n"

static kit_step *receiving(int port)
{
    kit_step *s = flow_world_step(RECEIVE, NULL);
    kit_set(s, "listen", kit_path("127.0.0.1:%d", port));
    kit_set_list(s, "secrets", "key=" KEY, NULL);
    return s;
}

static void a_delivery_is_taken_and_its_signature_checked(void **state)
{
    (void)state;
    int port = kit_free_port();
    kit_step *s = receiving(port);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    pid_t sender = send_later(port, HOOK("/other", "00", BODY), HOOK("/hook?x=1", SIGNATURE, BODY), NULL);
    flow_world_verify(s, BELAY_OK);
    assert_int_equal(ended(sender), 0);
    flow_world_says(kit_artifact(s, "requests.log"), "received POST /hook?x=1, 22 bytes");
    kit_step_free(s);
}

static void a_body_in_chunks_is_put_together(void **state)
{
    (void)state;
    int port = kit_free_port();
    kit_step *s = receiving(port);
    pid_t sender =
        send_later(port,
                   "POST /hook HTTP/1.1\r\nX-Event: done\r\nTransfer-Encoding: chunked\r\nX-Sign: sha256=" SIGNATURE
                   "\r\n\r\n5\r\n{\"eve\r\n11;x=y\r\nnt\":\"done\",\"n\":7}\r\n0\r\n\r\n",
                   NULL);
    flow_world_verify(s, BELAY_OK);
    assert_int_equal(ended(sender), 0);
    kit_step_free(s);
}

static void a_wrong_signature_or_payload_fails_with_what_came(void **state)
{
    (void)state;
    int port = kit_free_port();
    kit_step *s = receiving(port);
    pid_t sender = send_later(port, HOOK("/hook", "0123", "{\"event\":\"done\",\"n\":8}"), NULL);
    flow_world_verify(s, BELAY_E_FAIL);
    assert_int_equal(ended(sender), 0);
    flow_world_says(kit_summary(s),
                    ":2: 'the hook': expected in X-Sign the signature of the body by the key, came sha256=0123");
    flow_world_says(kit_summary(s), "json 'n': expected 7, came 8");
    kit_step_free(s);
}

static void no_delivery_fails_with_what_came_instead(void **state)
{
    (void)state;
    int port = kit_free_port();
    kit_step *s = flow_world_step("requests: ( { receive = \"/hook\"; limit = \"700ms\"; } );", NULL);
    kit_set(s, "listen", kit_path("127.0.0.1:%d", port));
    pid_t sender = send_later(port, "GET /health HTTP/1.0\r\n\r\n", NULL);
    flow_world_verify(s, BELAY_E_FAIL);
    assert_int_equal(ended(sender), 0);
    flow_world_says(kit_summary(s), "expected a delivery to /hook within 700 ms, came GET /health");
    kit_step_free(s);
}

static void what_is_no_request_harms_nobody(void **state)
{
    (void)state;
    int port = kit_free_port();
    kit_step *s = receiving(port);
    pid_t bad = send_later(port, "what?\r\n\r\n", "POST /hook HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
                           "POST /hook HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                           "POST /hook HTTP/1.1\r\nContent-Length: many\r\n\r\n", HOOK("/hook", SIGNATURE, BODY), NULL);
    flow_world_verify(s, BELAY_OK);
    assert_int_equal(ended(bad), 1);
    kit_step_free(s);
}

static void the_address_is_a_variable_and_may_be_an_interface(void **state)
{
    (void)state;
    kit_step *s = flow_world_step("requests: ( { get = \"/api/echo\"; headers: { At = \"${listen}/hook\"; };\n"
                                  "  expect: { matches = \"At: http://here.example:[1-9][0-9]*/hook\"; }; } );",
                                  NULL);
    kit_set(s, "listen", "lo:0");
    kit_set(s, "listen_name", "here.example");
    flow_world_verify(s, BELAY_OK);
    kit_set(s, "listen", "nosuch0:0");
    flow_world_verify(s, BELAY_E_RETRY);
    flow_world_says(kit_summary(s), "'nosuch0:0' is neither an IPv4 address nor a network interface");
    kit_set(s, "listen", "127.0.0.1:http");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "listen");
    kit_step_free(s);
}

static void a_receive_that_cannot_work_is_refused(void **state)
{
    (void)state;
    flow_world_refuses("requests: (\n{ receive = \"hook\"; follow = 1; expect: { status = 200; }; },\n"
                       "{ receive = \"/hook\"; signature: { header = \"X\"; algorithm = \"md5\"; }; } );",
                       ":2: 'hook' is no path", ":2: 'receive' needs the step's option listen", ":2: unknown 'follow'",
                       ":2: unknown 'status' in what is expected of a delivery", ":3: 'signature' needs",
                       ":3: 'md5' is no", NULL);
}

static void waiting_ends_when_cancelled(void **state)
{
    (void)state;
    kit_step *s = flow_world_step("requests: ( { receive = \"/hook\"; limit = \"1m\"; } );", NULL);
    kit_set(s, "listen", "127.0.0.1:0");
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 300), BELAY_E_CANCELLED);
    kit_step_free(s);
}

/* ---- http.listen ------------------------------------------------------------------------------------------------- */

static kit_step *listening(int port)
{
    kit_step *s = kit_step_new("http.listen");
    kit_set(s, "listen", kit_path("127.0.0.1:%d", port));
    kit_set(s, "path", "/hook");
    kit_set(s, "limit", "5s");
    kit_set(s, "signature_header", "X-Sign");
    kit_set(s, "signature_prefix", "sha256=");
    kit_set(s, "signature_key", KEY);
    kit_set_list(s, "headers", "X-Event: done", NULL);
    kit_set_list(s, "json", "n=7", "event=done", NULL);
    return s;
}

static void listen_waits_for_as_many_as_wanted(void **state)
{
    (void)state;
    int port = kit_free_port();
    kit_step *s = listening(port);
    kit_set(s, "count", "2");
    kit_set(s, "body", "\"n\":[0-9]");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    pid_t sender = send_later(port, HOOK("/hook", SIGNATURE, BODY), HOOK("/hook", SIGNATURE, BODY), NULL);
    flow_world_verify(s, BELAY_OK);
    assert_int_equal(ended(sender), 0);
    assert_true(kit_measured(s, "deliveries") == 2);
    flow_world_says(kit_artifact(s, "deliveries.txt"), BODY);
    kit_set(s, "limit", "1s");
    sender = send_later(port, HOOK("/hook", SIGNATURE, BODY), NULL);
    flow_world_verify(s, BELAY_E_FAIL);
    assert_int_equal(ended(sender), 0);
    flow_world_says(kit_summary(s), "1 of 2 deliveries to /hook came within 1000 ms; besides, nothing came");
    kit_step_free(s);
}

static void listen_names_all_that_is_wrong(void **state)
{
    (void)state;
    int port = kit_free_port();
    kit_step *s = listening(port);
    kit_set(s, "body", "never");
    kit_set_list(s, "headers", "X-Event: begun", NULL);
    pid_t sender = send_later(port, HOOK("/hook", "12", "{\"event\":\"done\",\"n\":8}"), NULL);
    flow_world_verify(s, BELAY_E_FAIL);
    assert_int_equal(ended(sender), 0);
    flow_world_says(kit_summary(s), "in X-Sign the signature of the body by the key, came sha256=12");
    flow_world_says(kit_summary(s), "expected the header 'X-Event: begun', came done");
    flow_world_says(kit_summary(s), "expected 'n=7' in the body's JSON, came 8");
    flow_world_says(kit_summary(s), "matches 'never'");
    kit_step_free(s);
}

static void listen_refuses_options_that_cannot_work(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"listen", ":80"}, {"json", "=x"}, {"headers", "X=1"}, {"body", "["}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        kit_step *s = listening(1);
        if (i == 1 || i == 2)
            kit_set_list(s, bad[i][0], bad[i][1], NULL);
        else
            kit_set(s, bad[i][0], bad[i][1]);
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
        assert_string_equal(kit_option_to_blame(s), bad[i][0]);
        kit_step_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivery_is_taken_and_its_signature_checked),
        cmocka_unit_test(a_body_in_chunks_is_put_together),
        cmocka_unit_test(a_wrong_signature_or_payload_fails_with_what_came),
        cmocka_unit_test(no_delivery_fails_with_what_came_instead),
        cmocka_unit_test(what_is_no_request_harms_nobody),
        cmocka_unit_test(the_address_is_a_variable_and_may_be_an_interface),
        cmocka_unit_test(a_receive_that_cannot_work_is_refused),
        cmocka_unit_test(waiting_ends_when_cancelled),
        cmocka_unit_test(listen_waits_for_as_many_as_wanted),
        cmocka_unit_test(listen_names_all_that_is_wrong),
        cmocka_unit_test(listen_refuses_options_that_cannot_work),
    };
    return cmocka_run_group_tests_name("http deliveries", tests, flow_world_start, flow_world_stop);
}
