/* host.diagnose with real causes: a port that this process holds, a server that does not answer, a disk that is full.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector.h"

static int listen_on(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void who_holds_a_port_is_found_by_pid_and_program(void **state)
{
    (void)state;
    const int port = kit_free_port(), fd = listen_on(port);
    kit_step *s = kit_step_new("host.diagnose");
    kit_set_list(s, "ports", kit_path("%d", port), NULL);
    collector_found(collector_findings(s),
                    kit_path("{\"weight\": 94, \"text\": \"port %d is held by pid %d (", port, (int)getpid()));
    collector_found(kit_artifact(s, "ports.txt"), kit_path("%5d  pid %d (", port, (int)getpid()));
    close(fd);
    kit_step_free(s);
}

static void a_port_that_is_held_by_whom_it_should_is_none(void **state)
{
    (void)state;
    const int port = kit_free_port(), fd = listen_on(port);
    kit_step *s = kit_step_new("host.diagnose");
    char *program = kit_read("/proc/self/comm");
    program[strcspn(program, "\n")] = '\0';
    kit_set_list(s, "ports", kit_path("127.0.0.1:%d", port), NULL);
    kit_set_list(s, "expected", "docker-proxy", program, NULL);
    assert_null(strstr(collector_findings(s), "is held by"));
    close(fd);
    free(program);
    kit_step_free(s);
}

static void who_does_not_answer_is_found_by_name(void **state)
{
    (void)state;
    const int port = kit_free_port(), open = kit_free_port(), fd = listen_on(open);
    kit_step *s = kit_step_new("host.diagnose");
    kit_set_list(s, "reach", kit_path("Redis=127.0.0.1:%d", port), kit_path("up=127.0.0.1:%d", open),
                 "far=no-such-host.invalid:80", NULL);
    const char *found = collector_findings(s);
    collector_found(found, kit_path("Redis does not answer at 127.0.0.1:%d: Connection refused", port));
    collector_found(found, "the host of far (no-such-host.invalid:80) is not known");
    assert_null(strstr(found, "up does not"));
    collector_found(kit_artifact(s, "reach.txt"), "it answers");
    close(fd);
    kit_step_free(s);
}

static void a_full_disk_is_found(void **state)
{
    (void)state;
    const char *disk = kit_folder();
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        print_message("skipped: mounts of its own need root: %s\n", strerror(errno));
        skip();
    }
    assert_int_equal(mount("tmpfs", disk, "tmpfs", 0, "size=64k"), 0);
    kit_step *s = kit_step_new("host.diagnose");
    kit_set_list(s, "paths", disk, NULL);
    assert_null(strstr(collector_findings(s), "is full"));
    char bytes[65536] = "x";
    int fd = open(kit_path("%s/ballast", disk), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    close(fd);
    collector_found(collector_findings(s),
                    kit_path("\"weight\": 96, \"text\": \"the disk of '%s' is full: 0 B are free of ", disk));
    assert_int_equal(umount(disk), 0);
    kit_step_free(s);
}

static void an_address_that_is_none_is_an_error_of_the_options(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("host.diagnose");
    kit_set_list(s, "reach", "Redis=nowhere", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "reach");
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_holds_a_port_is_found_by_pid_and_program),
        cmocka_unit_test(a_port_that_is_held_by_whom_it_should_is_none),
        cmocka_unit_test(who_does_not_answer_is_found_by_name),
        cmocka_unit_test(a_full_disk_is_found),
        cmocka_unit_test(an_address_that_is_none_is_an_error_of_the_options),
    };
    return cmocka_run_group_tests_name("host.diagnose", tests, NULL, NULL);
}
