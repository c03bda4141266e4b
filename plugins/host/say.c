#include "host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

belay_status host_explain(belay_ctx *c, const belay_host *h, belay_status status, const char *option, const char *hint,
                          const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    h->explain(c, n < 0 ? "out of memory" : text, hint, option);
    if (n >= 0)
        free(text);
    return status;
}

void host_log(belay_ctx *c, const belay_host *h, int32_t level, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    h->log(c, level, text);
    free(text);
}

const char *host_size(double bytes, char buf[HOST_SIZE_TEXT])
{
    static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t i = 0;
    for (; bytes >= 999.95 && i + 1 < sizeof names / sizeof *names; i++)
        bytes /= 1000;
    (void)snprintf(buf, HOST_SIZE_TEXT, i ? "%.1f %s" : "%.0f %s", bytes, names[i]);
    return buf;
}

char *host_read(const char *path, size_t max)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(max + 2) : NULL;
    if (!text) {
        if (file)
            fclose(file);
        return NULL;
    }
    size_t n = fread(text, 1, max + 1, file);
    int failed = ferror(file) ? errno : n > max ? EFBIG : 0;
    fclose(file);
    if (failed) {
        free(text);
        errno = failed;
        return NULL;
    }
    text[n] = '\0';
    return text;
}
