#include "conform/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "conform/interrupt.h"
#include "worker/execute.h"

#define READY_MS 20000
#define POLL_US  20000
#define LOG_MAX  ((size_t)16 * 1024 * 1024)
#define LOG_TOLD 500

static int loopback(int port, struct sockaddr_in *ret)
{
    *ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    ret->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int server_free_port(int *ret, error **err)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    guard_fd fd = loopback(0, &address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return error_set(err, ERROR_IO, "find a free port: %s", strerror(errno));
    *ret = ntohs(address.sin_port);
    return 0;
}

static bool answers(int port)
{
    struct sockaddr_in address;
    guard_fd fd = loopback(port, &address);
    return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static _Noreturn void become_server(char *const *argv, const char *folder, int input, int log)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    dup2(input, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0u, 0);
    if (chdir(folder) == 0)
        execute_program(argv, environ);
    dprintf(STDERR_FILENO, "run '%s': %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* The end of what it printed, where the reason stands. */
static int did_not_start(server *s, const char *name, const char *log, const char *why, error **err)
{
    guard(error) ignored = NULL; /* then nothing is told */
    guard_mem char *printed = NULL;
    size_t size = 0;
    server_stop(s);
    bool told = file_read(log, LOG_MAX, &printed, &size, &ignored) == 0 && size > 0;
    const char *end = !told ? "nothing" : size > LOG_TOLD ? printed + size - LOG_TOLD : printed;
    return error_set(err, ERROR_IO, "the server '%s' %s; it printed: %s", name, why, end);
}

int server_start(server *s, char *const *argv, const char *scratch, int port, error **err)
{
    guard_mem char *path = mem_printf("%s/server.log", scratch), *folder = mem_printf("%s/server", scratch);
    int input[2], r = file_make_folder(folder, err);
    if (r < 0)
        return r;
    guard_fd log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (log < 0 || pipe2(input, O_CLOEXEC) < 0)
        return error_set(err, ERROR_IO, "make '%s' and a pipe: %s", path, strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        become_server(argv, folder, input[0], log);
    close(input[0]);
    *s = (server){.pid = pid < 0 ? 0 : pid, .input = input[1]};
    if (pid < 0)
        return did_not_start(s, argv[0], path, "cannot be started", err);
    for (int64_t until = clock_steady_ms() + READY_MS; clock_steady_ms() < until;) {
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
            s->pid = 0;
            return did_not_start(s, argv[0], path, "ended at once", err);
        }
        if (answers(port))
            return 0;
        if (interrupt_check(err) < 0) {
            server_stop(s);
            return -1;
        }
        (void)usleep(POLL_US);
    }
    guard_mem char *late = mem_printf("does not accept connections on 127.0.0.1:%d within %d s", port, READY_MS / 1000);
    return did_not_start(s, argv[0], path, late, err);
}

void server_stop(server *s)
{
    if (s->input)
        close(s->input);
    if (s->pid) {
        kill(-s->pid, SIGKILL);
        kill(s->pid, SIGKILL); /* before it made its group */
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    *s = (server){0};
}
