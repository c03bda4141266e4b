/* The ways to a Redis server: IPv6, TLS, users of its access list, containers; and what only looks like one. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

#define SERVER "/usr/bin/redis-server"

static pid_t started[8];
static size_t started_count;

/* redis-server with these words; up once redis-cli, with `asks`, gets PONG. Ends with the test. */
static void start_server(const char *const *words, const char *asks)
{
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[40] = {0};
        for (size_t i = 0; words[i]; i++)
            argv[i] = strdup(words[i]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!freopen("/dev/null", "w", stdout))
            _exit(126);
        execv(SERVER, argv);
        _exit(127);
    }
    started[started_count++] = pid;
    const char *ask = kit_path("redis-cli --no-auth-warning %s PING 2>&1 || :", asks);
    for (int i = 0; i < 200; i++) {
        if (strstr(kit_output_of("sh", "-c", ask, NULL), "PONG"))
            return;
        usleep(50000);
    }
    fail_msg("redis-server did not start");
}

static int end_servers(void **state)
{
    (void)state;
    while (started_count > 0) {
        kill(started[--started_count], SIGKILL);
        waitpid(started[started_count], NULL, 0);
    }
    return 0;
}

static kit_step *info(const char *url)
{
    kit_step *s = kit_step_new("redis.info");
    kit_set(s, "url", url);
    return s;
}

static void must(kit_step *s)
{
    belay_status got = kit_run(s, KIT_VERIFY);
    if (got != BELAY_OK)
        fail_msg("%d: %s (%s)\n%s", got, kit_summary(s), kit_hint(s), kit_log(s));
}

static const char *number(int port)
{
    return kit_path("%d", port);
}

static void an_ipv6_literal_is_an_address(void **state)
{
    (void)state;
    if (access("/proc/net/if_inet6", F_OK) != 0)
        skip();
    const char *port = number(kit_free_port());
    start_server(
        (const char *const[]){SERVER, "--port", port, "--bind", "::1", "--save", "", "--dir", kit_folder(), NULL},
        kit_path("-h ::1 -p %s", port));
    kit_step *s = info(kit_path("redis://[::1]:%s/0", port));
    must(s);
    assert_string_equal(kit_output(s, "role"), "master");
    kit_step_free(s);
    s = info(kit_path("redis://[::1]:%d/0", kit_free_port()));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_non_null(strstr(kit_summary(s), "no connection to Redis at [::1]:"));
    kit_step_free(s);
}

static void a_user_of_the_access_list_logs_in_with_a_password_of_any_length(void **state)
{
    (void)state;
    char password[1801];
    memset(password, 'p', sizeof password - 1);
    password[sizeof password - 1] = '\0';
    kit_step *s = info(kit_redis_url());
    const char *port =
        kit_path("%.*s", (int)strcspn(strrchr(kit_redis_url(), ':') + 1, "/"), strrchr(kit_redis_url(), ':') + 1);
    kit_output_of("redis-cli", "--no-auth-warning", "-p", port, "-a", "kit-redis", "ACL", "SETUSER", "watcher", "on",
                  kit_path(">%s", password), "+info", "+select", "+ping", NULL);
    kit_set(s, "url", kit_path("redis://watcher:%s@localhost:%s/0", password, port));
    must(s);
    kit_step_free(s);
}

static void make_certificates(const char *folder)
{
    kit_output_of("sh", "-ec",
                  "cd $0; exec 2>/dev/null; openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=kit-ca -keyout "
                  "ca.key -out ca.pem;"
                  "openssl req -newkey rsa:2048 -nodes -subj /CN=kit -keyout server.key -out server.csr;"
                  "printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' >names;"
                  "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names "
                  "-out server.pem",
                  folder, NULL);
}

static void tls_is_spoken_and_the_certificate_verified(void **state)
{
    (void)state;
    const char *folder = kit_folder(), *port = number(kit_free_port());
    const char *ca = kit_path("%s/ca.pem", folder), *cert = kit_path("%s/server.pem", folder);
    const char *key = kit_path("%s/server.key", folder);
    make_certificates(folder);
    start_server((const char *const[]){SERVER,      "--port",
                                       "0",         "--tls-port",
                                       port,        "--tls-cert-file",
                                       cert,        "--tls-key-file",
                                       key,         "--tls-ca-cert-file",
                                       ca,          "--bind",
                                       "127.0.0.1", "--save",
                                       "",          "--dir",
                                       folder,      "--requirepass",
                                       "over-tls",  NULL},
                 kit_path("--tls --insecure --cert %s --key %s -a over-tls -p %s", cert, key, port));
    kit_step *s = info(kit_path("rediss://:over-tls@localhost:%s/0", port));
    kit_set(s, "tls_ca", ca);
    assert_true(kit_run(s, KIT_VERIFY) < 0); /* it asks for a certificate of ours, too, or closes without a word */
    assert_non_null(strstr(kit_hint(s), "tls_cert"));
    kit_set(s, "tls_cert", cert);
    kit_set(s, "tls_key", key);
    must(s);
    kit_set(s, "url", kit_path("rediss://:over-tls@127.0.0.1:%s/0", port));
    must(s);
    kit_step_free(s);

    s = info(kit_path("rediss://:over-tls@localhost:%s/0", port));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "no TLS with Redis at localhost:"));
    assert_non_null(strstr(kit_hint(s), "tls_ca"));
    kit_set(s, "url", kit_path("redis://localhost:%s/0", port));
    kit_set(s, "tls_ca", ca);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    kit_step_free(s);
}

static void a_sentinel_is_refused_by_its_name(void **state)
{
    (void)state;
    const char *port = number(kit_free_port()), *settings = kit_path("%s/sentinel.conf", kit_folder());
    kit_write(settings, kit_path("port %s\nbind 127.0.0.1\n", port));
    start_server((const char *const[]){SERVER, settings, "--sentinel", NULL}, kit_path("-p %s", port));
    static const char *const urls[] = {"redis://127.0.0.1:%s", "redis://127.0.0.1:%s/0", "redis://:pw@127.0.0.1:%s/0"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char *at = strstr(urls[i], "%s");
        kit_step *s = info(kit_path("%.*s%s%s", (int)(at - urls[i]), urls[i], port, at + 2));
        assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
        assert_string_equal(kit_summary(s), "a Redis Sentinel answers there, which has no data");
        assert_non_null(strstr(kit_hint(s), "get-master-addr-by-name"));
        kit_step_free(s);
    }
}

/* Debian 12 has no Valkey: what Valkey 8.1 answers to INFO, from a server that knows nothing else. */
static pid_t start_valkey(int port)
{
    static const char body[] = "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.4\r\n"
                               "redis_mode:standalone\r\nrun_id:1\r\n# Replication\r\nrole:master\r\n";
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int listening = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(listening, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listening, 4), 0);
    pid_t pid = fork();
    while (pid == 0) {
        char bytes[512];
        const int connection = accept(listening, NULL, NULL);
        while (recv(connection, bytes, sizeof bytes, 0) > 0)
            dprintf(connection, "$%zu\r\n%s\r\n", strlen(body), body);
        close(connection);
    }
    close(listening);
    return pid;
}

static void valkey_is_told_from_redis(void **state)
{
    (void)state;
    const int port = kit_free_port();
    started[started_count++] = start_valkey(port);
    kit_step *s = info(kit_path("redis://127.0.0.1:%d", port));
    must(s);
    assert_string_equal(kit_output(s, "server_name"), "valkey");
    assert_string_equal(kit_output(s, "valkey_version"), "8.1.4");
    assert_string_equal(kit_output(s, "version"), "8.1.4");
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_ipv6_literal_is_an_address, end_servers),
        cmocka_unit_test(a_user_of_the_access_list_logs_in_with_a_password_of_any_length),
        cmocka_unit_test_teardown(tls_is_spoken_and_the_certificate_verified, end_servers),
        cmocka_unit_test_teardown(a_sentinel_is_refused_by_its_name, end_servers),
        cmocka_unit_test_teardown(valkey_is_told_from_redis, end_servers),
    };
    (void)kit_redis_url(); /* skips all where there is no Redis */
    return cmocka_run_group_tests_name("redis: connections", tests, NULL, end_servers);
}
