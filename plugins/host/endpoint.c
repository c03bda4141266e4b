#include "endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool endpoint_parse(const char *s, endpoint *ret)
{
    const char *colon = strrchr(s, ':'), *port = colon ? colon + 1 : s;
    size_t n = colon ? (size_t)(colon - s) : 0;
    if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
        s++;
        n -= 2;
    } else if (memchr(s, ':', n)) {
        return false; /* an IPv6 address needs its brackets */
    }
    if (n >= sizeof ret->host || !*port || strlen(port) > 5 || port[strspn(port, "0123456789")] || (colon && n == 0))
        return false;
    unsigned number = (unsigned)atoi(port);
    if (number < 1 || number > 65535)
        return false;
    *ret = (endpoint){.number = number};
    memcpy(ret->host, s, n);
    (void)snprintf(ret->port, sizeof ret->port, "%u", number);
    return true;
}

int endpoint_find(const endpoint *e, bool passive, struct addrinfo **ret)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)};
    return getaddrinfo(e->host[0] ? e->host : NULL, e->port, &hints, ret);
}

int endpoint_connect(const struct addrinfo *a, int ms)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), reason = 0;
    if (fd < 0)
        return errno;
    if (connect(fd, a->ai_addr, a->ai_addrlen) != 0)
        reason = errno;
    if (reason == EINPROGRESS) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        socklen_t size = sizeof reason;
        reason = ETIMEDOUT;
        if (poll(&p, 1, ms) == 1)
            (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size);
    }
    close(fd);
    return reason;
}
