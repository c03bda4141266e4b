#include "dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

bool target_parse(const char *text, target *ret)
{
    unsigned char address[sizeof(struct in6_addr)];
    const char *colon = strrchr(text, ':'), *host = text;
    size_t n = colon ? (size_t)(colon - text) : 0, digits = colon ? strspn(colon + 1, "0123456789") : 0;
    bool bracketed = n > 2 && text[0] == '[' && text[n - 1] == ']';
    *ret = (target){.text = text};
    if (bracketed) {
        host++;
        n -= 2;
    }
    if (n == 0 || n >= HOST_MAX || digits == 0 || digits > 5 || colon[1 + digits] || host[0] == '-')
        return false;
    memcpy(ret->host, host, n);
    memcpy(ret->port, colon + 1, digits);
    bool v6 = inet_pton(AF_INET6, ret->host, address) == 1;
    ret->is_address = v6 || inet_pton(AF_INET, ret->host, address) == 1;
    long port = strtol(ret->port, NULL, 10);
    return v6 == bracketed && !strpbrk(ret->host, " \t\r\n/@[]") && port > 0 && port < 65536;
}

int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t left_ms(const waiting *w)
{
    int64_t left = w->until_ms - clock_ms();
    return left > 0 ? left : 0;
}

belay_status wait_for(waiting *w, int fd, short events)
{
    struct pollfd p[] = {{.fd = fd, .events = events}, {.fd = w->h->cancel_fd(w->c), .events = POLLIN}};
    int n = poll(p, 2, (int)left_ms(w));
    if (w->h->cancelled(w->c) || (n > 0 && p[1].revents))
        return BELAY_E_CANCELLED;
    if (n > 0 || (n < 0 && errno == EINTR))
        return BELAY_OK;
    snprintf(w->why, sizeof w->why, "no answer in time");
    return BELAY_E_RETRY;
}

/* One address. */
static belay_status dial_address(waiting *w, const char *address, const char *port, int *ret)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *a = NULL;
    int reason = 0, told = getaddrinfo(address, port, &hints, &a);
    if (told != 0) {
        snprintf(w->why, sizeof w->why, "%s", gai_strerror(told));
        return BELAY_E_RETRY;
    }
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, a->ai_addr, a->ai_addrlen) != 0)
        reason = errno;
    freeaddrinfo(a);
    belay_status status = BELAY_OK;
    if (fd >= 0 && reason == EINPROGRESS) {
        status = wait_for(w, fd, POLLOUT);
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &(socklen_t){sizeof reason});
    }
    if (status == BELAY_OK && reason) {
        snprintf(w->why, sizeof w->why, "%s", strerror(reason));
        status = reason == ECONNREFUSED ? BELAY_NOT_YET : BELAY_E_RETRY;
    }
    if (status == BELAY_OK)
        *ret = fd;
    else if (fd >= 0)
        close(fd);
    return status;
}

/* The C library's resolver cannot be cancelled, a program can: getent asks the same sources, and ends with the call. */
static belay_status look_up(waiting *w, const char *name, belay_run *program)
{
    const char *const argv[] = {"getent", "ahosts", name, NULL};
    *program = (belay_run){.struct_size = sizeof *program, .argv = argv, .timeout_ms = (uint32_t)left_ms(w) + 1};
    belay_status status = w->h->run(w->c, program);
    if (status == BELAY_OK && program->exit_code == 0)
        return BELAY_OK;
    snprintf(w->why, sizeof w->why, "the name has no address, or nobody could be asked");
    return status == BELAY_OK || status == BELAY_E_FAIL ? BELAY_E_RETRY : status;
}

belay_status dial(waiting *w, const target *t, int *ret)
{
    belay_run program;
    if (t->is_address)
        return dial_address(w, t->host, t->port, ret);
    belay_status status = look_up(w, t->host, &program);
    if (status != BELAY_OK)
        return status;
    snprintf(w->why, sizeof w->why, "the name has no address");
    status = BELAY_E_RETRY;
    /* Lines of "ADDRESS STREAM ...", and the same again for other kinds of socket. */
    for (const char *line = program.out; *line && status != BELAY_OK && status != BELAY_E_CANCELLED;) {
        char address[INET6_ADDRSTRLEN], kind[8];
        if (sscanf(line, "%45s %7s", address, kind) == 2 && strcmp(kind, "STREAM") == 0)
            status = dial_address(w, address, t->port, ret);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return status;
}
