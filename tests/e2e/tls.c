/* The example plugin tls against real servers, with certificates of every sort: what is good passes, what is bad is
 * named. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "kit.h"
#include "run.h"

#define SERVERS_MAX 16

typedef struct pair {
    const char *certificate, *key;
} pair;

static const char *plugin, *folder;
static pair authority, good;
static int good_port;
static pid_t servers[SERVERS_MAX];
static size_t server_count;

/* ---- certificates ------------------------------------------------------------------------------------------------ */

static void openssl(const char *arguments)
{
    const char *command = kit_path("cd %s && exec openssl %s", folder, arguments);
    if (kit_status_of("sh", "-c", command, NULL) != 0)
        fail_msg("this failed: %s", command);
}

static pair pair_of(const char *name)
{
    return (pair){.certificate = kit_path("%s/%s.pem", folder, name), .key = kit_path("%s/%s.key", folder, name)};
}

#define NEW_KEY "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

/* Vouches for itself. */
static pair self_signed(const char *name, const char *for_whom)
{
    openssl(kit_path("req -x509 " NEW_KEY
                     " -days 90 -subj '/CN=%s' -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' "
                     "-keyout %s.key -out %s.pem",
                     for_whom, name, name));
    return pair_of(name);
}

/* Signed by an authority; extensions as openssl's configuration has them. */
static pair signed_by(pair signer, const char *name, int days, const char *extensions)
{
    kit_write(kit_path("%s/%s.ext", folder, name), extensions);
    openssl(kit_path("req " NEW_KEY " -subj '/CN=%s' -keyout %s.key -out %s.csr", name, name, name));
    openssl(kit_path("x509 -req -in %s.csr -CA %s -CAkey %s -CAcreateserial -days %d -extfile %s.ext -out %s.pem", name,
                     signer.certificate, signer.key, days, name, name));
    return pair_of(name);
}

#define FOR_LOCALHOST "subjectAltName=DNS:localhost,IP:127.0.0.1\n"

/* ---- servers ----------------------------------------------------------------------------------------------------- */

static bool answers(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return yes;
}

static void start(const char *command)
{
    int input[2];
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (pipe(input) == 0 && dup2(input[0], STDIN_FILENO) >= 0) /* s_server goes when its input ends */
            execlp("sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    servers[server_count++] = pid;
}

/* openssl s_server with more arguments; gives its port. */
static int serve(const char *arguments)
{
    int port = kit_free_port();
    start(kit_path("exec openssl s_server -quiet -accept 127.0.0.1:%d %s 2>%s/server.log", port, arguments, folder));
    for (int i = 0; i < 500 && !answers(port); i++)
        usleep(10 * 1000);
    return port;
}

static int serve_pair(pair p)
{
    return serve(kit_path("-cert %s -key %s", p.certificate, p.key));
}

/* Accepts, and says this to each client; NULL: nothing, and keeps it waiting. */
static int serve_words(const char *words)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t size = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&a, size) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        fail_msg("no server of words");
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int client; (client = accept(fd, NULL, NULL)) >= 0;)
            if (words) {
                char hello[4096]; /* unread, it would make the kernel reset the connection */
                (void)!read(client, hello, sizeof hello);
                (void)!write(client, words, strlen(words));
                close(client);
            }
        _exit(0);
    }
    servers[server_count++] = pid;
    close(fd);
    return ntohs(a.sin_port);
}

static int stop_servers(void **state)
{
    (void)state;
    while (server_count) {
        kill(servers[--server_count], SIGKILL);
        waitpid(servers[server_count], NULL, 0);
    }
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    const char *build = kit_folder();
    folder = kit_folder();
    kit_output_of("cp", "-R", kit_path("%s/examples/plugins/tls", getenv("BELAY_SOURCE_DIR")), build, NULL);
    setenv("PKG_CONFIG_PATH", kit_path("%s/sdk", getenv("BELAY_BUILD_DIR")), 1);
    kit_output_of("make", "-C", kit_path("%s/tls", build), "CFLAGS=-O1 -Wall -Wextra -Wpedantic -Wconversion -Werror",
                  NULL);
    plugin = kit_path("%s/tls/tls.so", build);
    authority = self_signed("authority", "Authority");
    good = signed_by(authority, "good", 90, FOR_LOCALHOST);
    good_port = serve_pair(good);
    return 0;
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

/* Tries the step once; more: one option, or NULL. */
static outcome look(const char *targets, const char *ca_file, const char *more)
{
    const char *ca = kit_path("ca_file=%s", ca_file ? ca_file : authority.certificate);
    return belay("plugin", "try", plugin, "certificate", "--set", kit_path("targets=%s", targets), "--set", ca, "--set",
                 "ready=1ms", more ? "--set" : NULL, more, NULL);
}

static const char *at(int port)
{
    return kit_path("127.0.0.1:%d", port);
}

static void assert_bad(outcome o, const char *sentence)
{
    assert_int_not_equal(o.status, 0);
    assert_holds(o.out, sentence);
    assert_holds_not(o.out, "The step passed.");
}

static void a_good_certificate_passes_by_address_and_by_name(void **state)
{
    (void)state;
    outcome o = look(at(good_port), NULL, NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, kit_path("days_left/127.0.0.1:%d 90", good_port));
    o = look(kit_path("localhost:%d", good_port), NULL, NULL);
    assert_int_equal(o.status, 0);
}

static void the_systems_authorities_are_trusted_unless_told_otherwise(void **state)
{
    (void)state;
    const char *targets = kit_path("targets=%s", at(good_port));
    assert_bad(belay("plugin", "try", plugin, "certificate", "--set", targets, NULL),
               "nobody vouches for its certificate");
    setenv("SSL_CERT_FILE", authority.certificate, 1);
    assert_int_equal(belay("plugin", "try", plugin, "certificate", "--set", targets, NULL).status, 0);
    unsetenv("SSL_CERT_FILE");
}

static void a_certificate_that_ends_soon_is_judged_by_the_threshold(void **state)
{
    (void)state;
    int port = serve_pair(signed_by(authority, "soon", 3, FOR_LOCALHOST));
    assert_bad(look(at(port), NULL, NULL), "bad if < 7");
    assert_int_equal(look(at(port), NULL, "fail_if=days_left < 2").status, 0);
}

static void what_vouches_for_it_may_end_earlier(void **state)
{
    (void)state;
    pair middle = signed_by(authority, "middle", 2, "basicConstraints=critical,CA:TRUE\n");
    pair leaf = signed_by(middle, "leaf", 90, FOR_LOCALHOST);
    int port = serve(kit_path("-cert %s -key %s -cert_chain %s", leaf.certificate, leaf.key, middle.certificate));
    outcome o = look(at(port), NULL, NULL);
    assert_bad(o, "bad if < 7");
    assert_holds(o.out, kit_path("days_left/127.0.0.1:%d 2", port));
}

static void an_expired_certificate_says_since_when(void **state)
{
    (void)state;
    int port = serve_pair(signed_by(authority, "expired", -1, FOR_LOCALHOST));
    assert_bad(look(at(port), NULL, NULL), "its certificate has expired 1.0 days ago");
}

static void a_certificate_for_somebody_else_is_refused(void **state)
{
    (void)state;
    int port = serve_pair(signed_by(authority, "other", 90, "subjectAltName=DNS:other.test\n"));
    assert_bad(look(at(port), NULL, NULL), "its certificate is not for '127.0.0.1'");
    assert_bad(look(kit_path("localhost:%d", port), NULL, NULL), "its certificate is not for 'localhost'");
    assert_int_equal(look(at(port), NULL, "server_name=other.test").status, 0);
}

static void the_server_is_asked_for_by_name(void **state)
{
    (void)state;
    pair shop = signed_by(authority, "shop", 90, "subjectAltName=DNS:shop.test\n");
    int port = serve(kit_path("-cert %s -key %s -servername shop.test -cert2 %s -key2 %s", good.certificate, good.key,
                              shop.certificate, shop.key));
    assert_int_equal(look(at(port), NULL, "server_name=shop.test").status, 0);
    assert_int_equal(look(kit_path("localhost:%d", port), NULL, NULL).status, 0);
    assert_bad(look(at(port), NULL, "server_name=shop.example"), "its certificate is not for 'shop.example'");
}

static void nobody_vouches_for_itself_or_for_a_stranger(void **state)
{
    (void)state;
    pair own = self_signed("own", "localhost"), stranger = self_signed("stranger", "Stranger");
    assert_bad(look(at(serve_pair(own)), NULL, NULL), "nobody vouches for its certificate: self");
    assert_bad(look(at(good_port), stranger.certificate, NULL), "nobody vouches for its certificate: unable to get");
}

static void what_speaks_no_tls_is_bad_and_who_does_not_listen_is_not_ready(void **state)
{
    (void)state;
    assert_bad(look(at(serve_words("HTTP/1.0 400 Bad Request\r\n\r\n")), NULL, NULL), "no TLS handshake: ");
    assert_bad(look(at(serve_words("")), NULL, NULL), "it closed the connection during the handshake");
    assert_bad(look(at(kit_free_port()), NULL, NULL), "Connection refused");
    assert_bad(look("none.invalid:443", NULL, NULL), "the name has no address");
}

static void a_server_that_listens_only_later_is_waited_for(void **state)
{
    (void)state;
    int port = kit_free_port();
    start(kit_path("sleep 1; exec openssl s_server -quiet -accept 127.0.0.1:%d -cert %s -key %s", port,
                   good.certificate, good.key));
    outcome o =
        belay("plugin", "try", plugin, "certificate", "--set", kit_path("targets=%s", at(port)), "--set",
              kit_path("ca_file=%s", authority.certificate), "--set", "ready=20s", "--set", "interval=100ms", NULL);
    assert_int_equal(o.status, 0);
}

static void of_several_targets_the_bad_ones_are_named(void **state)
{
    (void)state;
    int closed = kit_free_port(),
        other = serve_pair(signed_by(authority, "third", 90, "subjectAltName=DNS:third.test\n"));
    outcome o = look(kit_path("%s,%s,%s", at(good_port), at(other), at(closed)), NULL, NULL);
    assert_bad(o, kit_path("2 of 3 bad: %s: its certificate is not for '127.0.0.1'; %s: Connection refused", at(other),
                           at(closed)));
    assert_holds(o.out, kit_path("days_left/%s", at(good_port)));
}

static void a_silent_server_costs_the_time_that_was_given(void **state)
{
    (void)state;
    int port = serve_words(NULL);
    int64_t began = clock_steady_ms();
    assert_bad(look(at(port), NULL, "connect_timeout=300ms"), "no answer in time");
    assert_true(clock_steady_ms() - began < 10000);
}

static void a_cancelled_call_does_not_wait_for_a_silent_server(void **state)
{
    (void)state;
    const char *given = kit_folder();
    kit_write(kit_path("%s/case.cfg", given),
              kit_path("kind = \"certificate\";\noptions = { targets = \"%s\"; connect_timeout = \"60s\"; };\n",
                       at(serve_words(NULL))));
    outcome o = belay("plugin", "check", plugin, "--case", given, "--only", "T1#12", NULL);
    assert_holds(o.out, "cancellations, 1 before its end");
    assert_holds_not(o.out, "FAILED");
}

static void wrong_options_are_refused_before_anything_is_asked(void **state)
{
    (void)state;
    static const char *const wrong[] = {"localhost", "localhost:", ":443", "localhost:70000",
                                        "::1:443",   "-x:443",     "a b:1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_bad(look(wrong[i], NULL, NULL), kit_path("this is no HOST:PORT: %s", wrong[i]));
    assert_bad(look(at(good_port), kit_path("%s/none.pem", folder), NULL), "the authorities cannot be read");
    assert_bad(look(at(good_port), good.key, NULL), "the authorities cannot be read");
}

/* ---- in a pipeline ----------------------------------------------------------------------------------------------- */

/* conf/ with the line of staging.cfg that includes the extra check taken in. */
static const char *staging_with_tls(void)
{
    const char *conf = kit_folder();
    kit_output_of("cp", "-R", kit_path("%s/conf", getenv("BELAY_SOURCE_DIR")), conf, NULL);
    kit_output_of("sed", "-i", "/^#   , *$/s/#/ /; s/^# \\(@include \"parts.extra-tls.cfg\"\\)/\\1/",
                  kit_path("%s/conf/staging.cfg", conf), NULL);
    return kit_path("%s/conf/staging.cfg", conf);
}

static void staging_does_without_it_and_takes_it_in_by_one_line(void **state)
{
    (void)state;
    const char *plain = kit_path("%s/conf/staging.cfg", getenv("BELAY_SOURCE_DIR")), *with = staging_with_tls();
    assert_int_equal(belay("validate", plain, NULL).status, 0);
    outcome o = belay("validate", with, NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "extra-tls.cfg:");
    assert_holds(o.err, "'tls.certificate'");
    const char *plugins = kit_folder();
    kit_output_of("cp", plugin, plugins, NULL);
    o = belay("validate", with, "--plugin-dir", plugins, NULL);
    assert_string_equal(strstr(o.err, "error") ? o.err : "", "");
    assert_int_equal(o.status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_certificate_passes_by_address_and_by_name),
        cmocka_unit_test(the_systems_authorities_are_trusted_unless_told_otherwise),
        cmocka_unit_test(a_certificate_that_ends_soon_is_judged_by_the_threshold),
        cmocka_unit_test(what_vouches_for_it_may_end_earlier),
        cmocka_unit_test(an_expired_certificate_says_since_when),
        cmocka_unit_test(a_certificate_for_somebody_else_is_refused),
        cmocka_unit_test(the_server_is_asked_for_by_name),
        cmocka_unit_test(nobody_vouches_for_itself_or_for_a_stranger),
        cmocka_unit_test(what_speaks_no_tls_is_bad_and_who_does_not_listen_is_not_ready),
        cmocka_unit_test(a_server_that_listens_only_later_is_waited_for),
        cmocka_unit_test(of_several_targets_the_bad_ones_are_named),
        cmocka_unit_test(a_silent_server_costs_the_time_that_was_given),
        cmocka_unit_test(a_cancelled_call_does_not_wait_for_a_silent_server),
        cmocka_unit_test(wrong_options_are_refused_before_anything_is_asked),
        cmocka_unit_test(staging_does_without_it_and_takes_it_in_by_one_line),
    };
    return cmocka_run_group_tests(tests, set_up, stop_servers);
}
