#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

const char *host_size(double bytes, char buf[HOST_SIZE_TEXT])
{
    static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t i = 0;
    for (; bytes >= 999.95 && i + 1 < sizeof names / sizeof *names; i++)
        bytes /= 1000;
    (void)snprintf(buf, HOST_SIZE_TEXT, i ? "%.1f %s" : "%.0f %s", bytes, names[i]);
    return buf;
}

char *host_read_sized(const char *path, size_t max, size_t *ret_size)
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
    *ret_size = n;
    return text;
}

char *host_read(const char *path, size_t max)
{
    size_t size;
    return host_read_sized(path, max, &size);
}
