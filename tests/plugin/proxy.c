#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"

#define LINES   64
#define SLOW_MS 20

/* What the test and the forwarding process share. */
typedef struct orders {
    atomic_int fault;
    atomic_bool once;
    atomic_size_t good, bytes;
    atomic_uint epoch; /* of the last orders: a fault that was met once is over */
} orders;

struct proxy {
    orders *orders;
    pid_t pid;
    int port;
};

typedef struct line {
    int client, server;
    bool client_ended, server_ended, broken;
    unsigned epoch; /* when it was broken */
} line;

typedef struct forwarder {
    orders *orders;
    const char *target;
    int listener;
    line lines[LINES];
    size_t count;
} forwarder;

const char *proxy_fault_name(proxy_fault fault)
{
    static const char *const names[] = {"good", "cut", "end", "stall", "slow", "garble"};
    return names[fault];
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static int unix_socket(const char *path, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(ret->sun_path, sizeof ret->sun_path, "%s", path);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int dial(const char *target)
{
    struct sockaddr_un un;
    struct sockaddr_in in = loopback(atoi(strrchr(target, ':') ? strrchr(target, ':') + 1 : "0"));
    const bool path = *target == '/';
    int fd = path ? unix_socket(target, &un) : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, path ? (struct sockaddr *)&un : (struct sockaddr *)&in, path ? sizeof un : sizeof in) == 0)
        return fd;
    close(fd);
    return -1;
}

static int answer_at(const char *path, int *ret_port)
{
    struct sockaddr_un un;
    struct sockaddr_in in = loopback(0);
    int fd = path ? unix_socket(path, &un) : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (path)
        (void)unlink(path); /* of the proxy before */
    assert_int_equal(bind(fd, path ? (struct sockaddr *)&un : (struct sockaddr *)&in, path ? sizeof un : sizeof in), 0);
    assert_int_equal(listen(fd, LINES), 0);
    socklen_t length = sizeof in;
    if (!path)
        assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &length), 0);
    *ret_port = path ? 0 : ntohs(in.sin_port);
    return fd;
}

/* ---- forwarding -------------------------------------------------------------------------------------------------- */

static void hang_up(line *l, bool reset)
{
    const struct linger at_once = {.l_onoff = 1};
    if (reset)
        setsockopt(l->client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(l->client);
    close(l->server);
    l->client = l->server = -1;
}

static bool put(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t did = send(fd, bytes, n, MSG_NOSIGNAL);
        if (did <= 0)
            return false;
        bytes += did;
        n -= (size_t)did;
    }
    return true;
}

static bool put_slowly(int fd, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!put(fd, bytes + i, 1))
            return false;
        nanosleep(&(struct timespec){.tv_nsec = SLOW_MS * 1000000L}, NULL);
    }
    return true;
}

/* How many of n bytes of the server's go through as they are. */
static size_t good_of(forwarder *f, line *l, size_t n)
{
    orders *o = f->orders;
    const unsigned now = o->epoch;
    const size_t before = atomic_fetch_add(&o->bytes, n);
    if (o->fault == PROXY_GOOD || (l->broken && l->epoch != now)) {
        l->broken = false;
        return n;
    }
    if (before + n <= o->good || (o->once && before > o->good && !l->broken))
        return n;
    l->broken = true;
    l->epoch = now;
    return before >= o->good ? 0 : o->good - before;
}

static void fault(forwarder *f, line *l, char *bytes, size_t n)
{
    switch ((proxy_fault)f->orders->fault) {
    case PROXY_GOOD: break;
    case PROXY_CUT: hang_up(l, true); break;
    case PROXY_END: hang_up(l, false); break;
    case PROXY_STALL: break; /* it is read, and goes nowhere */
    case PROXY_SLOW:
        if (!put_slowly(l->client, bytes, n))
            hang_up(l, true);
        break;
    case PROXY_GARBLE:
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(bytes[i] ^ (1 << (i % 7)));
        if (!put(l->client, bytes, n))
            hang_up(l, true);
        break;
    }
}

static void from_server(forwarder *f, line *l)
{
    char bytes[16384];
    ssize_t n = recv(l->server, bytes, sizeof bytes, 0);
    if (n <= 0) {
        l->server_ended = true;
        shutdown(l->client, SHUT_WR);
        if (l->client_ended || n < 0)
            hang_up(l, n < 0);
        return;
    }
    const size_t good = good_of(f, l, (size_t)n);
    if (!put(l->client, bytes, good))
        hang_up(l, true);
    else if (good < (size_t)n)
        fault(f, l, bytes + good, (size_t)n - good);
}

static void from_client(line *l)
{
    char bytes[16384];
    ssize_t n = recv(l->client, bytes, sizeof bytes, 0);
    if (n > 0 && put(l->server, bytes, (size_t)n))
        return;
    l->client_ended = true;
    shutdown(l->server, SHUT_WR);
    if (n != 0 || l->server_ended)
        hang_up(l, n < 0);
}

static void welcome(forwarder *f)
{
    line l = {.client = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC)};
    if (l.client < 0)
        return;
    l.server = f->count < LINES ? dial(f->target) : -1;
    if (l.server < 0)
        close(l.client);
    else
        f->lines[f->count++] = l;
}

static void turn(forwarder *f)
{
    struct pollfd polled[1 + 2 * LINES] = {{.fd = f->listener, .events = POLLIN}};
    const size_t count = f->count;
    for (size_t i = 0; i < count; i++) {
        const line *l = &f->lines[i];
        polled[1 + 2 * i] = (struct pollfd){.fd = l->client_ended ? -1 : l->client, .events = POLLIN};
        polled[2 + 2 * i] = (struct pollfd){.fd = l->server_ended ? -1 : l->server, .events = POLLIN};
    }
    if (poll(polled, 1 + 2 * count, -1) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        line *l = &f->lines[i];
        if (polled[1 + 2 * i].revents)
            from_client(l);
        if (polled[2 + 2 * i].revents && l->server >= 0)
            from_server(f, l);
    }
    if (polled[0].revents)
        welcome(f);
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++)
        if (f->lines[i].client >= 0)
            f->lines[kept++] = f->lines[i];
    f->count = kept;
}

/* ---- the test's side --------------------------------------------------------------------------------------------- */

proxy *proxy_start(const char *target, const char *path)
{
    proxy *p = test_calloc(1, sizeof *p);
    p->orders = mmap(NULL, sizeof *p->orders, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(p->orders != MAP_FAILED);
    forwarder f = {.orders = p->orders, .target = target, .listener = answer_at(path, &p->port)};
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            turn(&f);
    }
    close(f.listener);
    return p;
}

void proxy_stop(proxy *p)
{
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    munmap(p->orders, sizeof *p->orders);
    test_free(p);
}

int proxy_port(const proxy *p)
{
    return p->port;
}

void proxy_break(proxy *p, proxy_fault fault, size_t good, bool once)
{
    p->orders->fault = PROXY_GOOD;
    p->orders->epoch++;
    p->orders->good = good;
    p->orders->bytes = 0;
    p->orders->once = once;
    p->orders->fault = (int)fault;
}

size_t proxy_bytes(const proxy *p)
{
    return p->orders->bytes;
}
