#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

static bool find_docker(char path[PATH_MAX])
{
    const char *at = getenv("PATH");
    while (at && *at) {
        const size_t n = strcspn(at, ":");
        snprintf(path, PATH_MAX, "%.*s/docker", (int)n, at);
        if (n > 0 && access(path, X_OK) == 0)
            return true;
        at += n + (at[n] == ':');
    }
    return false;
}

/* Debian's images have perl, Alpine's have nc. */
static bool has_perl(belay_ctx *c, const belay_host *h, const container *k)
{
    const char *const argv[] = {"docker", "exec", k->name, "perl", "-MIO::Socket::INET", "-e", "1", NULL};
    belay_run io = {.struct_size = sizeof io, .argv = argv};
    return h->run(c, &io) == BELAY_OK && io.exit_code == 0;
}

static _Noreturn void become_exec(const container *k, bool perl, int connection)
{
    char port[16], path[PATH_MAX] = "";
    snprintf(port, sizeof port, "%d", k->port);
    dup2(connection, STDIN_FILENO);
    dup2(connection, STDOUT_FILENO);
    if (find_docker(path) && perl)
        execl(path, "docker", "exec", "-i", k->name, "perl", "-e", RELAY, port, (char *)NULL);
    else
        execl(path, "docker", "exec", "-i", k->name, "nc", "127.0.0.1", port, (char *)NULL);
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

static void relay_next(const container *k, bool perl, int listening, relays *r)
{
    const int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    reap(r);
    if (connection < 0)
        return;
    const pid_t pid = r->count < RELAYS_MAX ? fork() : -1;
    if (pid == 0)
        become_exec(k, perl, connection);
    if (pid > 0)
        r->items[r->count++] = pid;
    close(connection);
}

/* Until the other end of control is closed, also by the death of the process that has it. */
static _Noreturn void serve(const container *k, bool perl, int listening, int control)
{
    relays r = {.count = 0};
    struct pollfd fds[] = {{.fd = listening, .events = POLLIN}, {.fd = control}};
    while (!fds[1].revents && (poll(fds, 2, -1) >= 0 || errno == EINTR))
        if (fds[0].revents)
            relay_next(k, perl, listening, &r);
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

bool container_tunnel_open(belay_ctx *c, const belay_host *h, const container *k, const char *name,
                           container_tunnel *ret)
{
    const char *folder = h->fact(c, "work.dir");
    const bool perl = has_perl(c, h, k);
    int ends[2] = {-1, -1};
    *ret = (container_tunnel){
        .folder = open(folder ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC), .control = -1, .pid = -1};
    const int listening = ret->folder < 0 ? -1 : listen_at(ret->folder, name);
    if (listening >= 0 && pipe2(ends, O_CLOEXEC) == 0)
        ret->pid = fork();
    if (ret->pid == 0) {
        close(ends[1]);
        serve(k, perl, listening, ends[0]);
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
