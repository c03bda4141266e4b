#include "worker/kept_output.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "worker/call.h"

static void hand_over(kept_output *k, const char *bytes, size_t n)
{
    if (n == 0 || k->refused || call_keep(k->c, k->name, bytes, n) == BELAY_OK)
        return;
    k->refused = true;
    call_host.log(k->c, 2, "the rest of the program's output is not kept: the artifact is full or refused");
}

static void add_behind(kept_output *k, const char *bytes, size_t n)
{
    if (!k->ring)
        k->ring = mem_array(KEPT_TAIL, 1);
    while (n) {
        const size_t at = k->behind % KEPT_TAIL, room = KEPT_TAIL - at, part = n < room ? n : room;
        memcpy(k->ring + at, bytes, part);
        k->behind += part;
        bytes += part;
        n -= part;
    }
}

void kept_output_add(kept_output *k, const char *bytes, size_t n)
{
    if (!k->name || k->refused)
        return;
    const size_t room = KEPT_HEAD - k->head, part = n < room ? n : room;
    text_add(&k->waiting, bytes, part);
    k->head += part;
    if (n > part)
        add_behind(k, bytes + part, n - part);
}

void kept_output_flush(kept_output *k)
{
    hand_over(k, text_get(&k->waiting), k->waiting.count);
    k->waiting.count = 0;
}

/* Where the end begins: behind a line end, if the ring still holds one. */
static uint64_t begin_of_end(const kept_output *k)
{
    const uint64_t first = k->behind > KEPT_TAIL ? k->behind - KEPT_TAIL : 0;
    for (uint64_t at = first; first && at < k->behind; at++)
        if (k->ring[at % KEPT_TAIL] == '\n')
            return at + 1 < k->behind ? at + 1 : first;
    return first;
}

static void say_left_out(kept_output *k, uint64_t left_out)
{
    guard_mem char *line = mem_printf("\n[... %llu bytes left out here ...]\n", (unsigned long long)left_out);
    const uint64_t all = k->head + k->behind;
    guard_mem char *log =
        mem_printf("%s keeps the beginning and the end of the output: %llu of its %llu bytes are left out", k->name,
                   (unsigned long long)left_out, (unsigned long long)all);
    hand_over(k, line, strlen(line));
    call_host.log(k->c, 2, log);
}

void kept_output_end(kept_output *k)
{
    uint64_t from = k->ring ? begin_of_end(k) : 0;
    kept_output_flush(k);
    text_done(&k->waiting);
    if (from)
        say_left_out(k, from);
    while (from < k->behind) {
        const size_t at = from % KEPT_TAIL;
        const uint64_t left = k->behind - from, room = KEPT_TAIL - at, part = left < room ? left : room;
        hand_over(k, k->ring + at, part);
        from += part;
    }
    if (k->ring)
        mem_wipe_free(k->ring, KEPT_TAIL);
    k->ring = NULL;
}
