#include "receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "delivery.h"
#include "text/text.h"

#define MOST_DELIVERIES 256

struct receiver {
    int fd, stop, news; /* the socket; readable: end the thread; readable: something came */
    pthread_t thread;
    char *url;
    pthread_mutex_t lock; /* over what follows */
    delivery *items[MOST_DELIVERIES];
    size_t count;
};

/* ---- the address ------------------------------------------------------------------------------------------------- */

/* The IPv4 address of a network interface. */
static bool address_of_interface(const char *name, struct in_addr *ret)
{
    struct ifreq request = {0};
    struct sockaddr_in in;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    bool found = fd >= 0 && strlen(name) < sizeof request.ifr_name && ioctl(fd, SIOCGIFADDR, &request) == 0;
    memcpy(&in, &request.ifr_addr, sizeof in);
    *ret = in.sin_addr;
    if (fd >= 0)
        close(fd);
    return found;
}

/* Splits "ADDRESS:PORT"; false when it is not written so. */
static bool split(const char *text, char host[64], long *port)
{
    size_t n = strcspn(text, ":");
    char *end = NULL;
    *port = text[n] ? strtol(text + n + 1, &end, 10) : 0;
    if (n == 0 || n >= 64 || (text[n] && (end == text + n + 1 || *end)) || *port < 0 || *port > 65535)
        return false;
    snprintf(host, 64, "%.*s", (int)n, text);
    return true;
}

bool receiver_is_address(const char *text)
{
    char host[64];
    long port;
    return split(text, host, &port);
}

/* The listening socket; -1 with *ret_why. */
static int open_socket(const char *listen_at, struct sockaddr_in *at, char **ret_why)
{
    char host[64];
    long port = 0;
    *at = (struct sockaddr_in){.sin_family = AF_INET};
    if (!split(listen_at, host, &port) ||
        (inet_pton(AF_INET, host, &at->sin_addr) != 1 && !address_of_interface(host, &at->sin_addr))) {
        *ret_why = text_printf("'%s' is neither an IPv4 address nor a network interface of this machine that has one",
                               listen_at);
        return -1;
    }
    at->sin_port = htons((uint16_t)port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    socklen_t size = sizeof *at;
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd >= 0 && bind(fd, (struct sockaddr *)at, sizeof *at) == 0 && listen(fd, 64) == 0 &&
        getsockname(fd, (struct sockaddr *)at, &size) == 0)
        return fd;
    *ret_why = text_printf("cannot listen on %s: %s", listen_at, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* ---- the thread -------------------------------------------------------------------------------------------------- */

/* False when there are too many. */
static bool keep(receiver *r, delivery *d)
{
    pthread_mutex_lock(&r->lock);
    bool room = r->count < MOST_DELIVERIES;
    if (room)
        r->items[r->count++] = d;
    pthread_mutex_unlock(&r->lock);
    if (room)
        eventfd_write(r->news, 1);
    return room;
}

static void answer(int fd, const char *status)
{
    char text[160];
    int n = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
    (void)send(fd, text, (size_t)n, MSG_NOSIGNAL);
}

static void serve(receiver *r, int fd)
{
    const char *status = NULL;
    delivery *d = delivery_read(fd, r->stop, &status);
    if (d && !keep(r, d)) {
        status = "503 Too Many Deliveries";
        delivery_free(d);
    }
    if (status)
        answer(fd, status);
    shutdown(fd, SHUT_WR);
    close(fd);
}

static void *work(void *user)
{
    receiver *r = user;
    struct pollfd fds[] = {{.fd = r->fd, .events = POLLIN}, {.fd = r->stop, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (fds[1].revents)
            return NULL;
        int fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            serve(r, fd);
    }
}

/* ---- the caller's side ------------------------------------------------------------------------------------------- */

receiver *receiver_open(const char *listen_at, const char *name, char **ret_why)
{
    struct sockaddr_in at;
    char address[INET_ADDRSTRLEN];
    int fd = open_socket(listen_at, &at, ret_why);
    if (fd < 0)
        return NULL;
    receiver *r = text_grow(NULL, 1, sizeof *r);
    *r = (receiver){.fd = fd, .stop = eventfd(0, EFD_CLOEXEC), .news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    inet_ntop(AF_INET, &at.sin_addr, address, sizeof address);
    r->url = text_printf("http://%s:%d", name ? name : address, ntohs(at.sin_port));
    pthread_mutex_init(&r->lock, NULL);
    const bool has_events = r->stop >= 0 && r->news >= 0;
    const int why = has_events ? pthread_create(&r->thread, NULL, work, r) : errno;
    if (why == 0)
        return r;
    *ret_why = text_printf("cannot start to listen: %s", strerror(why));
    r->thread = 0;
    receiver_close(r);
    return NULL;
}

void receiver_close(receiver *r)
{
    if (!r)
        return;
    if (r->thread) {
        eventfd_write(r->stop, 1);
        pthread_join(r->thread, NULL);
    }
    for (size_t i = 0; i < r->count; i++)
        delivery_free(r->items[i]);
    close(r->fd);
    if (r->stop >= 0)
        close(r->stop);
    if (r->news >= 0)
        close(r->news);
    pthread_mutex_destroy(&r->lock);
    free(r->url);
    free(r);
}

const char *receiver_url(const receiver *r)
{
    return r->url;
}

static const delivery *take_one(receiver *r, const char *path)
{
    pthread_mutex_lock(&r->lock);
    size_t i = 0, length = strlen(path);
    while (i < r->count && (r->items[i]->taken || strcspn(r->items[i]->path, "?") != length ||
                            strncmp(r->items[i]->path, path, length) != 0))
        i++;
    delivery *found = i < r->count ? r->items[i] : NULL;
    if (found)
        found->taken = true;
    pthread_mutex_unlock(&r->lock);
    return found;
}

belay_status receiver_wait(receiver *r, belay_ctx *c, const belay_host *h, const char *path, long ms,
                           const delivery **ret)
{
    double end = now_ms() + (double)ms;
    struct pollfd fds[] = {{.fd = r->news, .events = POLLIN}, {.fd = h->cancel_fd(c), .events = POLLIN}};
    for (;;) {
        eventfd_t seen;
        (void)eventfd_read(r->news, &seen);
        *ret = take_one(r, path);
        if (*ret)
            return BELAY_OK;
        double left = end - now_ms();
        if (left <= 0)
            return BELAY_NOT_YET;
        if (poll(fds, 2, left > 1000 ? 1000 : (int)left + 1) < 0 && errno != EINTR)
            return BELAY_E_RETRY;
        if (fds[1].revents || h->cancelled(c))
            return BELAY_E_CANCELLED;
    }
}

char *receiver_rest(receiver *r)
{
    guard_text out = {0};
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->count && out.length < 400; i++)
        if (!r->items[i]->taken)
            text_add(&out, "%s%s %.100s", out.length ? ", " : "", r->items[i]->method, r->items[i]->path);
    pthread_mutex_unlock(&r->lock);
    return out.s ? take(out.s) : text_dup("nothing");
}
