#include "host.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"
#include "listener.h"
#include "say/option.h"

#define CONNECT_LIMIT_MS 2000

/* 0, or why the port cannot be bound now (errno). Nothing listens meanwhile. */
static int try_bind(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    if (fd < 0)
        return errno == EAFNOSUPPORT ? 0 : errno;
    /* As servers do: a connection in TIME_WAIT does not occupy the port. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (a->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    int reason = bind(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    close(fd);
    return reason;
}

static belay_status resolve(belay_ctx *c, const belay_host *h, const char *item, bool passive, endpoint *e,
                            struct addrinfo **ret)
{
    if (!endpoint_parse(item, e))
        return say_option(c, h, BELAY_E_CONFIG, "ports",
                          "write \"127.0.0.1:8001\", \"[::1]:8001\" or \"8001\" (every address)",
                          "'%s' is no address and port", item);
    int r = endpoint_find(e, passive, ret);
    if (r != 0)
        return say_option(c, h, BELAY_E_RETRY, "ports", NULL, "find the address of '%s': %s", item, gai_strerror(r));
    return BELAY_OK;
}

static belay_status in_use(belay_ctx *c, const belay_host *h, const char *item, const endpoint *e)
{
    char who[128];
    listener_name(e->number, who, sizeof who);
    return say_option(c, h, BELAY_E_FAIL, "ports", "stop it, or give the release another port", "port %s is in use%s%s",
                      item, who[0] ? " by " : "", who);
}

static belay_status check_free(belay_ctx *c, const belay_host *h, const char *item)
{
    endpoint e;
    struct addrinfo *found = NULL;
    char who[128];
    belay_status s = resolve(c, h, item, true, &e, &found);
    for (struct addrinfo *a = found; s == BELAY_OK && a; a = a->ai_next) {
        int reason = try_bind(a);
        if (reason == EACCES) { /* only root may bind it: whether somebody listens can still be read */
            listener_name(e.number, who, sizeof who);
            reason = who[0] ? EADDRINUSE : 0;
        }
        if (reason == EADDRINUSE)
            s = in_use(c, h, item, &e);
        else if (reason)
            s = say_option(c, h, BELAY_E_CONFIG, "ports", "state = \"free\" is about addresses of this machine",
                           "'%s' cannot be bound: %s", item, strerror(reason));
    }
    if (found)
        freeaddrinfo(found);
    return s;
}

static belay_status check_open(belay_ctx *c, const belay_host *h, const char *item)
{
    endpoint e;
    struct addrinfo *found = NULL;
    belay_status s = resolve(c, h, item, false, &e, &found);
    int reason = 0;
    for (struct addrinfo *a = found; s == BELAY_OK && a; a = a->ai_next)
        if ((reason = endpoint_connect(a, CONNECT_LIMIT_MS)) == 0)
            break;
    if (found)
        freeaddrinfo(found);
    if (s == BELAY_OK && reason)
        s = say_option(c, h, BELAY_NOT_YET, "ports", "look at the log of the service that should listen there",
                       "port %s is not open: %s", item, strerror(reason));
    return s;
}

belay_status port_verify(belay_ctx *c, const belay_host *h)
{
    const char *const *ports = h->opt_list(c, "ports");
    bool wanted_open = option_is(c, h, "state", "open");
    if (!*ports)
        return say_option(c, h, BELAY_E_CONFIG, "ports", NULL, "no port is named");
    for (; *ports; ports++) {
        belay_status s = wanted_open ? check_open(c, h, *ports) : check_free(c, h, *ports);
        if (s != BELAY_OK)
            return s;
    }
    return BELAY_OK;
}
