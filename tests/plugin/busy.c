#include "busy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 4096
#define PROXIED     "http://xn--exmple-cua.org:8099/idn "
#define OK          "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world\n"

static struct {
    double due; /* when a delayed answer goes out; 0: none waits */
    size_t used;
    char bytes[2048];
} connections[CONNECTIONS];
static int waiting;
static pid_t child, child6;

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000.0 + (double)now.tv_nsec / 1e6;
}

static int listen_at(const struct sockaddr *at, socklen_t size, int *ret_port)
{
    struct sockaddr_storage got;
    socklen_t got_size = sizeof got;
    int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, at, size) < 0 || listen(fd, 1024) < 0 || getsockname(fd, (struct sockaddr *)&got, &got_size) < 0)
        return -1;
    *ret_port = ntohs(at->sa_family == AF_INET6 ? ((struct sockaddr_in6 *)&got)->sin6_port
                                                : ((struct sockaddr_in *)&got)->sin_port);
    return fd;
}

int busy_listen(int port, int *ret_port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return listen_at((struct sockaddr *)&at, sizeof at, ret_port);
}

int busy_listen6(int *ret_port)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return listen_at((struct sockaddr *)&at, sizeof at, ret_port);
}

static void answer(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
        perror("busy server");
}

static const char *json_answer(const char *request)
{
    bool good = strstr(request, "X-Kind: load\r\n") && strstr(request, "Authorization: Bearer ") &&
                strstr(request, "Content-Type: application/json\r\n") && strstr(request, "\r\n\r\n{\"n\":1}");
    return good ? OK : "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n";
}

/* False when the connection is to be closed. */
static bool serve_request(int fd, const char *request)
{
    static long every;
    const char *path = strchr(request, ' ') ? strchr(request, ' ') + 1 : "";
    long n = 0;
    if (sscanf(path, "/wait/%ld", &n) == 1) {
        connections[fd].due = now_ms() + (double)n;
        waiting++;
    } else if (sscanf(path, "/stall/%ld", &n) == 1) {
        usleep((unsigned)n * 1000);
        answer(fd, OK);
    } else if (sscanf(path, "/every/%ld", &n) == 1) {
        answer(fd, ++every % n == 0 ? "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" : OK);
    } else if (strncmp(path, "/json", 5) == 0) {
        answer(fd, json_answer(request));
    } else if (strncmp(path, "/ok", 3) == 0 || strncmp(path, PROXIED, strlen(PROXIED)) == 0) {
        answer(fd, OK);
    } else {
        answer(fd, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    }
    return strncmp(path, "/drop", 5) != 0;
}

static void close_connection(int fd)
{
    waiting -= connections[fd].due > 0;
    connections[fd].due = 0;
    connections[fd].used = 0;
    close(fd);
}

static void read_connection(int fd)
{
    size_t room = sizeof connections[fd].bytes - 1 - connections[fd].used;
    char *bytes = connections[fd].bytes;
    ssize_t n = recv(fd, bytes + connections[fd].used, room, 0);
    if (n <= 0 && (n == 0 || errno != EAGAIN)) {
        close_connection(fd);
        return;
    }
    connections[fd].used += n > 0 ? (size_t)n : 0;
    bytes[connections[fd].used] = '\0';
    const char *head = strstr(bytes, "\r\n\r\n"), *length = strstr(bytes, "Content-Length: ");
    if (!head || strlen(head + 4) < (length ? strtoul(length + 16, NULL, 10) : 0))
        return;
    if (strncmp(bytes, "GET /drop", 9) == 0 || !serve_request(fd, bytes))
        close_connection(fd);
    else
        connections[fd].used = 0;
}

static void accept_all(int epoll, int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;
        if (fd < 0)
            return;
        if (fd >= CONNECTIONS) {
            close(fd);
            continue;
        }
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

/* Sends the delayed answers that are due; gives how long the next one has time, in ms, or -1. */
static int send_delayed(void)
{
    double now = now_ms(), next = now + 1e9;
    for (int fd = 0, left = waiting; fd < CONNECTIONS && left > 0; fd++) {
        if (connections[fd].due <= 0)
            continue;
        left--;
        if (connections[fd].due > now) {
            next = connections[fd].due < next ? connections[fd].due : next;
            continue;
        }
        connections[fd].due = 0;
        waiting--;
        answer(fd, OK);
    }
    return waiting ? (int)(next - now) + 1 : -1;
}

_Noreturn void busy_serve(int listener)
{
    struct epoll_event events[256], event = {.events = EPOLLIN, .data.fd = listener};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(epoll, events, 256, send_delayed());
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                accept_all(epoll, listener);
            else
                read_connection(events[i].data.fd);
    }
}

static int serve_beside(int fd, int port, pid_t *ret_child)
{
    pid_t parent = getpid();
    if (fd < 0) {
        perror("busy server");
        exit(1);
    }
    *ret_child = fork();
    if (*ret_child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        busy_serve(fd);
    }
    close(fd);
    return port;
}

int busy_start(void)
{
    int port = 0, fd = busy_listen(0, &port);
    return serve_beside(fd, port, &child);
}

int busy_start6(void)
{
    int port = 0, fd = busy_listen6(&port);
    return fd < 0 ? 0 : serve_beside(fd, port, &child6);
}

void busy_stop(void)
{
    if (child6) {
        kill(child6, SIGKILL);
        waitpid(child6, NULL, 0);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
