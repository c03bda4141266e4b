#include "worker/capture.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LINE_MAX_BYTES ((size_t)16 * 1024)

static size_t add_head(capture *c, const char *bytes, size_t n)
{
    size_t room = CAPTURE_HEAD - c->head.count;
    if (n > room)
        n = room;
    text_add(&c->head, bytes, n);
    return n;
}

void capture_add(capture *c, const char *bytes, size_t n)
{
    size_t taken = add_head(c, bytes, n);
    c->length += taken;
    bytes += taken;
    n -= taken;
    if (n && !c->tail)
        c->tail = mem_array(CAPTURE_TAIL, 1);
    while (n) {
        size_t at = (size_t)((c->length - CAPTURE_HEAD) % CAPTURE_TAIL);
        size_t piece = n < CAPTURE_TAIL - at ? n : CAPTURE_TAIL - at;
        memcpy(c->tail + at, bytes, piece);
        c->length += piece;
        bytes += piece;
        n -= piece;
    }
}

char *capture_take(capture *c)
{
    uint64_t rest = c->length > CAPTURE_HEAD ? c->length - CAPTURE_HEAD : 0;
    if (rest > CAPTURE_TAIL) {
        size_t oldest = (size_t)(rest % CAPTURE_TAIL);
        text_printf(&c->head, "\n[%" PRIu64 " bytes left out]\n", rest - CAPTURE_TAIL);
        text_add(&c->head, c->tail + oldest, CAPTURE_TAIL - oldest);
        text_add(&c->head, c->tail, oldest);
    } else if (rest) {
        text_add(&c->head, c->tail, (size_t)rest);
    }
    free(c->tail);
    char *whole = text_take(&c->head);
    *c = (capture){0};
    return whole;
}

static void emit(capture_lines *l)
{
    l->line(l->user, text_get(&l->partial), l->partial.count);
    l->partial.count = 0;
}

void capture_lines_add(capture_lines *l, const char *bytes, size_t n)
{
    while (n) {
        const char *end = memchr(bytes, '\n', n);
        size_t piece = end ? (size_t)(end - bytes) : n;
        size_t room = LINE_MAX_BYTES - l->partial.count;
        bool cut = piece > room;
        if (cut)
            piece = room;
        text_add(&l->partial, bytes, piece);
        if (end && !cut)
            piece++;
        if (end || cut)
            emit(l);
        bytes += piece;
        n -= piece;
    }
}

void capture_lines_end(capture_lines *l)
{
    if (l->partial.count)
        emit(l);
    text_done(&l->partial);
}
