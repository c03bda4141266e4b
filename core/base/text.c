#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void text_add(text *t, const char *bytes, size_t n)
{
    if (t->max && n > t->max - t->count) {
        n = t->max - t->count;
        t->truncated = true;
    }
    if (t->count + n + 1 > t->room) {
        size_t room = t->room ? t->room : 64;
        while (room < t->count + n + 1)
            room *= 2;
        t->items = mem_grow_wiped(t->items, t->room, room);
        t->room = room;
    }
    if (n)
        memcpy(t->items + t->count, bytes, n);
    t->count += n;
    t->items[t->count] = '\0';
}

void text_puts(text *t, const char *s)
{
    text_add(t, s, strlen(s));
}

void text_printf(text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *s = mem_vprintf(fmt, ap);
    va_end(ap);
    text_puts(t, s);
}

const char *text_get(const text *t)
{
    return t->items ? t->items : "";
}

char *text_take(text *t)
{
    char *s = t->items ? t->items : mem_dup("");
    *t = (text){.max = t->max};
    return s;
}

void text_done(text *t)
{
    mem_wipe_free(t->items, t->room);
    *t = (text){0};
}

bool text_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

void text_first_line(text *t, const char *s, const char *more)
{
    size_t n = strcspn(s, "\n");
    text_add(t, s, n);
    if (s[n])
        text_puts(t, more);
}
