#include "cli/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clean.h"

/* A standard stream on its way out. */
typedef struct screen {
    int fd;
    text held; /* the beginning of a character or sequence */
} screen;

static FILE *raw;

static int put(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes += written;
        n -= (size_t)written;
    }
    return 0;
}

static ssize_t write_clean(void *cookie, const char *bytes, size_t n)
{
    screen *s = cookie;
    guard_text clean = {0}, all = s->held;
    text_add(&all, bytes, n);
    const size_t done = clean_add(&clean, all.items, all.count, false);
    s->held = (text){0};
    text_add(&s->held, all.items + done, all.count - done);
    return put(s->fd, text_get(&clean), clean.count) == 0 ? (ssize_t)n : 0;
}

static FILE *cleaned(screen *s, int mode)
{
    FILE *f = fopencookie(s, "w", (cookie_io_functions_t){.write = write_clean});
    if (f)
        (void)setvbuf(f, NULL, mode, BUFSIZ);
    return f;
}

void screen_begin(void)
{
    static screen out = {.fd = STDOUT_FILENO}, err = {.fd = STDERR_FILENO};
    FILE *clean_out = cleaned(&out, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF), *clean_err = cleaned(&err, _IONBF);
    raw = stdout;
    if (!clean_out || !clean_err)
        abort();
    stdout = clean_out;
    stderr = clean_err;
}

FILE *screen_raw(void)
{
    (void)fflush(stdout);
    return raw;
}
