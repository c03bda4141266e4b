#include "report/outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 10000

outlet outlet_to(FILE *out)
{
    (void)fflush(out); /* what stdio holds comes first */
    return (outlet){.out = out, .fd = fileno(out), .waiting.max = OUTLET_MAX};
}

bool outlet_add(outlet *o, const char *bytes, size_t n)
{
    if (o->gone || n > OUTLET_MAX - o->waiting.count) {
        o->dropped += !o->gone;
        return false;
    }
    text_add(&o->waiting, bytes, n);
    outlet_push(o);
    return true;
}

/* Forgets the first n bytes. */
static void written(outlet *o, size_t n)
{
    o->waiting.count -= n;
    memmove(o->waiting.items, o->waiting.items + n, o->waiting.count);
}

static void lose(outlet *o)
{
    o->gone = true;
    o->waiting.count = 0;
}

/* Writes a piece that a pipe which is ready takes whole, so that the write does not block; false when nothing moved. */
static bool push_piece(outlet *o, size_t at, size_t *ret_moved, int patience_ms)
{
    struct pollfd ready = {.fd = o->fd, .events = POLLOUT};
    size_t n = o->waiting.count - at < PIPE_BUF ? o->waiting.count - at : PIPE_BUF;
    int r = poll(&ready, 1, patience_ms);
    if (r == 0 || (r < 0 && errno == EINTR))
        return false;
    ssize_t moved = r < 0 ? -1 : write(o->fd, o->waiting.items + at, n);
    if (moved < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (moved < 0)
        lose(o);
    else
        *ret_moved += (size_t)moved;
    return moved > 0;
}

static void push(outlet *o, int patience_ms)
{
    if (o->gone || o->waiting.count == 0)
        return;
    if (o->fd < 0) {
        if (fwrite(o->waiting.items, 1, o->waiting.count, o->out) != o->waiting.count || fflush(o->out) != 0)
            o->gone = true;
        o->waiting.count = 0;
        return;
    }
    size_t moved = 0;
    while (!o->gone && moved < o->waiting.count && push_piece(o, moved, &moved, patience_ms))
        ;
    if (!o->gone)
        written(o, moved);
}

void outlet_push(outlet *o)
{
    push(o, 0);
}

bool outlet_is_idle(outlet *o)
{
    push(o, 0);
    return !o->gone && o->waiting.count == 0;
}

void outlet_done(outlet *o)
{
    push(o, PATIENCE_MS);
    text_done(&o->waiting);
    o->gone = true;
}
