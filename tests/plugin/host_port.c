#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kit.h"

/* A socket of this test that listens on 127.0.0.1. */
static int listen_on(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static kit_step *port_step(const char *item, const char *state)
{
    kit_step *s = kit_step_new("host.port");
    kit_set_list(s, "ports", item, NULL);
    kit_set(s, "state", state);
    return s;
}

static void a_free_port_is_free_and_not_open(void **state)
{
    (void)state;
    const char *item = kit_path("127.0.0.1:%d", kit_free_port());
    kit_step *s = port_step(item, "free");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_set(s, "state", "open");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NOT_YET);
    assert_non_null(strstr(kit_summary(s), item));
    kit_step_free(s);
}

static void a_port_in_use_is_told_with_pid_and_program(void **state)
{
    (void)state;
    int port = kit_free_port(), fd = listen_on(port);
    kit_step *s = port_step(kit_path("127.0.0.1:%d", port), "free");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    const char *who = kit_path("in use by pid %d (", (int)getpid());
    if (!strstr(kit_summary(s), who))
        fail_msg("'%s' is missing from: %s", who, kit_summary(s));
    kit_set(s, "state", "open");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    close(fd);
    kit_step_free(s);
}

static void a_port_alone_means_every_address(void **state)
{
    (void)state;
    int port = kit_free_port(), fd = listen_on(port);
    kit_step *s = port_step(kit_path("%d", port), "free");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    close(fd);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_step_free(s);
}

static void all_ports_are_looked_at(void **state)
{
    (void)state;
    int used = kit_free_port(), fd = listen_on(used);
    kit_step *s = kit_step_new("host.port");
    kit_set_list(s, "ports", kit_path("%d", kit_free_port()), kit_path("127.0.0.1:%d", used), NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    close(fd);
    kit_step_free(s);
}

static void what_is_no_port_of_ours_is_a_wrong_option(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "0", "65536", "http", "127.0.0.1:", ":80", "::1:80", "1.2.3.4:80 ", "192.0.2.1:8001"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        kit_step *s = port_step(wrong[i], "free");
        if (kit_run(s, KIT_VERIFY) != BELAY_E_CONFIG)
            fail_msg("'%s' was taken", wrong[i]);
        kit_step_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_port_is_free_and_not_open),
        cmocka_unit_test(a_port_in_use_is_told_with_pid_and_program),
        cmocka_unit_test(a_port_alone_means_every_address),
        cmocka_unit_test(all_ports_are_looked_at),
        cmocka_unit_test(what_is_no_port_of_ours_is_a_wrong_option),
    };
    return cmocka_run_group_tests_name("host.port", tests, NULL, NULL);
}
