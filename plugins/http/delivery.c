#include "delivery.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "flow_answer.h"
#include "text/text.h"

#define MOST_HEAD (64u << 10)
#define MOST_BODY (1u << 20)
#define SECONDS   5

/* A request as it arrives. */
typedef struct arrival {
    int fd, stop;
    double end; /* by now_ms() */
    text bytes;
    size_t head; /* length of the header lines with the empty one; 0: not there yet */
} arrival;

/* Some more bytes; false when no more come, or not in time. */
static bool read_more(arrival *a)
{
    struct pollfd fds[] = {{.fd = a->fd, .events = POLLIN}, {.fd = a->stop, .events = POLLIN}};
    char piece[16384];
    double left = a->end - now_ms();
    if (left <= 0 || poll(fds, 2, (int)left + 1) <= 0 || fds[1].revents)
        return false;
    ssize_t n = recv(a->fd, piece, sizeof piece, 0);
    if (n > 0)
        text_add_bytes(&a->bytes, piece, (size_t)n);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool read_head(arrival *a)
{
    for (;;) {
        const char *end = a->bytes.length ? memmem(a->bytes.s, a->bytes.length, "\r\n\r\n", 4) : NULL;
        if (end) {
            a->head = (size_t)(end - a->bytes.s) + 4;
            return true;
        }
        if (a->bytes.length > MOST_HEAD || !read_more(a))
            return false;
    }
}

/* At least so many bytes from the beginning. */
static bool read_up_to(arrival *a, size_t length)
{
    while (a->bytes.length < length)
        if (!read_more(a))
            return false;
    return true;
}

/* "POST /path HTTP/1.1" and the lines below. */
static bool parse_head(const arrival *a, delivery *d)
{
    const char *line = a->bytes.s, *end = strstr(line, "\r\n");
    size_t method = strcspn(line, " ");
    const char *path = line + method + 1;
    if (method == 0 || method >= sizeof d->method || path >= end || *path != '/')
        return false;
    const char *version = memchr(path, ' ', (size_t)(end - path));
    if (!version || strncmp(version + 1, "HTTP/1.", 7) != 0)
        return false;
    snprintf(d->method, sizeof d->method, "%.*s", (int)method, line);
    d->path = text_printf("%.*s", (int)(version - path), path);
    d->head = text_printf("%.*s", (int)(a->head - (size_t)(end + 2 - line) - 2), end + 2);
    return true;
}

static void set_body(delivery *d, const char *bytes, size_t length)
{
    d->body = text_grow(NULL, length + 1, 1);
    memcpy(d->body, bytes, length);
    d->body[length] = '\0';
    d->length = length;
}

/* Chunks: a size in hexadecimal, a line end, so many bytes, a line end; a size of 0 ends them. */
static bool read_chunks(arrival *a, delivery *d)
{
    guard_text body = {0};
    size_t at = a->head;
    for (;;) {
        const char *end = NULL;
        while (!(end = at < a->bytes.length ? memmem(a->bytes.s + at, a->bytes.length - at, "\r\n", 2) : NULL))
            if (a->bytes.length - at > 100 || !read_more(a))
                return false;
        char *digits_end = NULL;
        unsigned long size = strtoul(a->bytes.s + at, &digits_end, 16);
        if (digits_end == a->bytes.s + at || size > MOST_BODY - body.length)
            return false;
        at = (size_t)(end - a->bytes.s) + 2;
        if (size == 0)
            break;
        if (!read_up_to(a, at + size + 2))
            return false;
        text_add_bytes(&body, a->bytes.s + at, size);
        at += size + 2;
    }
    set_body(d, text_of(&body), body.length);
    return true;
}

/* What to answer, or NULL when the sender went away. */
static const char *read_body(arrival *a, delivery *d)
{
    const flow_answer lines = {.head = d->head};
    guard_mem char *length = flow_answer_header(&lines, "Content-Length");
    guard_mem char *coding = flow_answer_header(&lines, "Transfer-Encoding");
    guard_mem char *expect = flow_answer_header(&lines, "Expect");
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (expect && strcasecmp(expect, "100-continue") == 0)
        (void)send(a->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL);
    if (coding)
        return strcasecmp(coding, "chunked") == 0 ? read_chunks(a, d) ? "200 OK" : "400 Bad Request"
                                                  : "501 Unknown Coding";
    char *end = NULL;
    unsigned long n = length ? strtoul(length, &end, 10) : 0;
    if (length && (*end || end == length))
        return "400 Bad Request";
    if (n > MOST_BODY)
        return "413 Too Long";
    if (!read_up_to(a, a->head + n))
        return NULL;
    set_body(d, a->bytes.s + a->head, n);
    return "200 OK";
}

delivery *delivery_read(int fd, int stop, const char **ret_status)
{
    arrival a = {.fd = fd, .stop = stop, .end = now_ms() + SECONDS * 1000};
    delivery *d = text_grow(NULL, 1, sizeof *d);
    *d = (delivery){0};
    *ret_status = NULL;
    if (read_head(&a))
        *ret_status = parse_head(&a, d) ? read_body(&a, d) : "400 Bad Request";
    text_clear(&a.bytes);
    if (d->body)
        return d;
    delivery_free(d);
    return NULL;
}

void delivery_free(delivery *d)
{
    if (!d)
        return;
    free(d->path);
    free(d->head);
    free(d->body);
    free(d);
}
