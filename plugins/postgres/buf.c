#include "buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void exhausted(void) __attribute__((noreturn));
static void exhausted(void)
{
    static const char text[] = "postgres: out of memory\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    abort();
}

void *heap_grow(void *old, size_t n, size_t size)
{
    void *p = reallocarray(old, n ? n : 1, size);
    if (!p)
        exhausted();
    return p;
}

void *heap_zeroed(size_t size)
{
    void *p = calloc(1, size);
    if (!p)
        exhausted();
    return p;
}

char *heap_dup_n(const char *s, size_t n)
{
    char *copy = heap_grow(NULL, n + 1, 1);
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *heap_dup(const char *s)
{
    return heap_dup_n(s, strlen(s));
}

char *heap_printf(const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (n < 0)
        exhausted();
    return s;
}

void heap_guard_(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

void heap_guard_fd_(const int *fd)
{
    int saved = errno;
    if (*fd >= 0)
        (void)close(*fd);
    errno = saved;
}

void buf_add(buf *b, const char *bytes, size_t n)
{
    if (b->length + n + 1 > b->room) {
        size_t room = b->room ? b->room : 64;
        while (room < b->length + n + 1)
            room *= 2;
        b->text = heap_grow(b->text, room, 1);
        b->room = room;
    }
    if (n > 0)
        memcpy(b->text + b->length, bytes, n);
    b->length += n;
    b->text[b->length] = '\0';
}

void buf_puts(buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_putc(buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_printf(buf *b, const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (n < 0)
        exhausted();
    buf_add(b, s, (size_t)n);
    free(s);
}

const char *buf_get(const buf *b)
{
    return b->text ? b->text : "";
}

char *buf_take(buf *b)
{
    char *s = b->text ? b->text : heap_dup("");
    *b = (buf){0};
    return s;
}

void buf_done(buf *b)
{
    free(b->text);
    *b = (buf){0};
}
