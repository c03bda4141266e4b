#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"

#define RELAYS_MAX   64
#define END_LIMIT_MS 5000
#define END_NAP_MS   20

/*
 * Standard input and output of `docker exec`, to and from a port; whichever side ends first ends it. It must be one
 * process: a child that it left would become one of the container's first process, and when that is PostgreSQL, it
 * takes an unknown child that a signal ended for a crashed session and restarts. $ARGV[0]: the port.
 */
#define RELAY                                                                                                          \
    "use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => \"127.0.0.1:$ARGV[0]\") or die \"$@\\n\";"        \
    "while (1) { my $r = ''; vec($r, 0, 1) = 1; vec($r, fileno($s), 1) = 1;"                                           \
    "next if select($r, undef, undef, undef) <= 0;"                                                                    \
    "for my $p ([*STDIN, $s], [$s, *STDOUT]) { next unless vec($r, fileno($p->[0]), 1);"                               \
    "my $n = sysread($p->[0], my $d, 65536) or exit 0;"                                                                \
    "for (my $o = 0; $o < $n;) { $o += syswrite($p->[1], $d, $n - $o, $o) || exit 0; } } }"
/* $0: the port; $1: RELAY. Debian's images have perl, Alpine's have nc. */
#define CHOOSE "command -v perl >/dev/null && exec perl -e \"$1\" \"$0\"; exec nc 127.0.0.1 \"$0\""

static _Noreturn void become_exec(const container *k, int connection)
{
    char port[16];
    snprintf(port, sizeof port, "%d", k->port);
    dup2(connection, STDIN_FILENO);
    dup2(connection, STDOUT_FILENO);
    execlp("docker", "docker", "exec", "-i", k->name, "sh", "-c", CHOOSE, port, RELAY, (char *)NULL);
    _exit(127);
}

typedef struct relays {
    pid_t items[RELAYS_MAX];
    size_t count;
} relays;

static void reap(relays *r)
{
    for (size_t i = r->count; i-- > 0;)
        if (waitpid(r->items[i], NULL, WNOHANG) != 0)
            r->items[i] = r->items[--r->count];
}

static void relay_next(const container *k, int listening, relays *r)
{
    const int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    reap(r);
    if (connection < 0)
        return;
    const pid_t pid = r->count < RELAYS_MAX ? fork() : -1;
    if (pid == 0)
        become_exec(k, connection);
    if (pid > 0)
        r->items[r->count++] = pid;
    close(connection);
}

/* Until the other end of control is closed, also by the death of the process that has it. */
static _Noreturn void serve(const container *k, int listening, int control)
{
    relays r = {.count = 0};
    struct pollfd fds[] = {{.fd = listening, .events = POLLIN}, {.fd = control}};
    while (!fds[1].revents && (poll(fds, 2, -1) >= 0 || errno == EINTR))
        if (fds[0].revents)
            relay_next(k, listening, &r);
    for (int waited = 0; r.count > 0 && waited < END_LIMIT_MS; waited += END_NAP_MS) {
        (void)poll(NULL, 0, END_NAP_MS);
        reap(&r);
    }
    for (size_t i = 0; i < r.count; i++) {
        kill(r.items[i], SIGKILL);
        (void)waitpid(r.items[i], NULL, 0);
    }
    _exit(0);
}

static int listen_at(int folder, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder, name);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0)
        return fd;
    const int why = errno;
    close(fd);
    errno = why;
    return -1;
}

bool container_tunnel_open(const container *k, const char *folder, const char *name, container_tunnel *ret)
{
    int ends[2] = {-1, -1};
    *ret = (container_tunnel){.folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), .control = -1, .pid = -1};
    const int listening = ret->folder < 0 ? -1 : listen_at(ret->folder, name);
    if (listening >= 0 && pipe2(ends, O_CLOEXEC) == 0)
        ret->pid = fork();
    if (ret->pid == 0) {
        close(ends[1]);
        serve(k, listening, ends[0]);
    }
    const int why = errno;
    if (listening >= 0)
        close(listening);
    if (ends[0] >= 0)
        close(ends[0]);
    ret->control = ends[1];
    if (ret->pid < 0)
        container_tunnel_close(ret);
    errno = why;
    return ret->pid > 0;
}

void container_tunnel_close(container_tunnel *t)
{
    if (t->control >= 0)
        close(t->control);
    if (t->pid > 0)
        (void)waitpid(t->pid, NULL, 0);
    if (t->folder >= 0)
        close(t->folder);
    *t = (container_tunnel){.folder = -1, .control = -1, .pid = -1};
}
