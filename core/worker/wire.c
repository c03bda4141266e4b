#include "worker/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 4

int wire_encode(const json_t *message, wire_frame *ret, error **err)
{
    size_t size = json_dumpb(message, NULL, 0, JSON_COMPACT);
    if (size == 0 || size > WIRE_MAX)
        return error_set(err, ERROR_PLUGIN, "a '%s' message of %zu bytes exceeds the limit of %zu",
                         wire_get_text(message, "type"), size, WIRE_MAX);
    char *bytes = mem_array(HEADER + size, 1);
    for (int i = 0; i < HEADER; i++)
        bytes[i] = (char)(size >> (8 * (HEADER - 1 - i)) & 0xff);
    json_dumpb(message, bytes + HEADER, size, JSON_COMPACT);
    *ret = (wire_frame){bytes, HEADER + size};
    return 0;
}

void wire_frame_done(wire_frame *frame)
{
    mem_wipe_free(frame->bytes, frame->size);
    *frame = (wire_frame){0};
}

void wire_reader_add(wire_reader *r, const char *bytes, size_t n)
{
    size_t unread = r->count - r->start;
    if (r->start) {
        memmove(r->items, r->items + r->start, unread);
        r->start = 0;
        r->count = unread;
    }
    if (unread + n > r->room) {
        size_t room = 2 * (unread + n);
        r->items = mem_grow_wiped(r->items, r->room, room);
        r->room = room;
    }
    memcpy(r->items + r->count, bytes, n);
    r->count += n;
}

static size_t frame_size(const char *header)
{
    size_t size = 0;
    for (int i = 0; i < HEADER; i++)
        size = size << 8 | (unsigned char)header[i];
    return size;
}

int wire_reader_next(wire_reader *r, json_t **ret, error **err)
{
    if (r->count - r->start < HEADER)
        return 0;
    char *frame = r->items + r->start;
    size_t size = frame_size(frame);
    if (size == 0 || size > WIRE_MAX)
        return error_set(err, ERROR_PLUGIN, "a frame of %zu bytes; 1 to %zu are allowed", size, WIRE_MAX);
    if (r->count - r->start < HEADER + size)
        return 0;
    json_error_t why;
    guard(json_t) message = json_loadb(frame + HEADER, size, JSON_REJECT_DUPLICATES, &why);
    explicit_bzero(frame, HEADER + size);
    r->start += HEADER + size;
    if (!message)
        return error_set(err, ERROR_PLUGIN, "a frame that is not JSON: %s", why.text);
    if (!wire_get_text(message, "type"))
        return error_set(err, ERROR_PLUGIN, "a message without a type");
    *ret = take(message);
    return 1;
}

void wire_reader_done(wire_reader *r)
{
    mem_wipe_free(r->items, r->room);
    *r = (wire_reader){0};
}

int wire_send(int fd, const json_t *message, error **err)
{
    wire_frame frame;
    int r = wire_encode(message, &frame, err);
    if (r < 0)
        return r;
    for (size_t sent = 0; sent < frame.size && r == 0;) {
        ssize_t n = send(fd, frame.bytes + sent, frame.size - sent, MSG_NOSIGNAL);
        if (n >= 0)
            sent += (size_t)n;
        else if (errno == EAGAIN)
            (void)poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            r = error_set(err, ERROR_IO, "the core is gone: %s", strerror(errno));
    }
    wire_frame_done(&frame);
    return r;
}

int wire_receive(int fd, wire_reader *r, json_t **ret, error **err)
{
    for (;;) {
        int found = wire_reader_next(r, ret, err);
        if (found != 0)
            return found < 0 ? found : 0;
        char buffer[16 * 1024];
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);
        if (n > 0)
            wire_reader_add(r, buffer, (size_t)n);
        else if (n < 0 && errno == EAGAIN)
            (void)poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
        else if (n == 0 || errno != EINTR)
            return error_set(err, ERROR_IO, "the core is gone");
        explicit_bzero(buffer, sizeof buffer);
    }
}

const char *wire_get_text(const json_t *message, const char *name)
{
    return json_string_value(json_object_get(message, name));
}

json_int_t wire_get_int(const json_t *message, const char *name, json_int_t fallback)
{
    const json_t *value = json_object_get(message, name);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}
