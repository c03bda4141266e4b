#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *text_grow(void *old, size_t n, size_t size)
{
    void *p = reallocarray(old, n ? n : 1, size);
    if (!p) {
        fputs("plugin: out of memory\n", stderr);
        abort();
    }
    return p;
}

void text_add_bytes(text *t, const void *bytes, size_t n)
{
    if (t->length + n + 1 > t->room) {
        t->room = 2 * (t->length + n + 1);
        t->s = text_grow(t->s, t->room, 1);
    }
    memcpy(t->s + t->length, bytes, n);
    t->length += n;
    t->s[t->length] = '\0';
}

__attribute__((format(printf, 1, 0))) static char *vprintf_new(const char *fmt, va_list ap)
{
    char *s = NULL;
    if (vasprintf(&s, fmt, ap) < 0) {
        fputs("plugin: out of memory\n", stderr);
        abort();
    }
    return s;
}

void text_add(text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *s = vprintf_new(fmt, ap);
    va_end(ap);
    text_add_bytes(t, s, strlen(s));
}

const char *text_of(const text *t)
{
    return t->s ? t->s : "";
}

void text_clear(text *t)
{
    free(t->s);
    *t = (text){0};
}

void text_trim(text *t)
{
    while (t->length > 0 && isspace((unsigned char)t->s[t->length - 1]))
        t->s[--t->length] = '\0';
}

char *text_printf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = vprintf_new(fmt, ap);
    va_end(ap);
    return s;
}

char *text_dup(const char *s)
{
    return text_printf("%s", s);
}

char *text_size(int64_t bytes, char buf[TEXT_SIZE])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double n = (double)bytes;
    size_t unit = 0;
    while (n >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        n /= 1000;
        unit++;
    }
    snprintf(buf, TEXT_SIZE, unit ? "%.1f %s" : "%.0f %s", n, units[unit]);
    return buf;
}

char *text_id(const char *id, char buf[TEXT_ID])
{
    if (strncmp(id, "sha256:", 7) == 0)
        id += 7;
    snprintf(buf, TEXT_ID, "%.12s", id);
    return buf;
}

int64_t text_read_size(const char **s)
{
    static const struct {
        const char *word;
        double bytes;
    } units[] = {
        {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}, {"TiB", 1099511627776.0},
        {"kB", 1e3},   {"KB", 1e3},      {"MB", 1e6},         {"GB", 1e9},
        {"TB", 1e12},  {"B", 1},
    };
    if (!isdigit((unsigned char)**s))
        return -1;
    char *end;
    double number = strtod(*s, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n = strlen(units[i].word);
        if (strncmp(end, units[i].word, n) == 0 && number * units[i].bytes < 9e18) {
            *s = end + n;
            return (int64_t)(number * units[i].bytes);
        }
    }
    return -1;
}

json_t *text_json(const char *s)
{
    json_t *string = json_string(s);
    if (string)
        return string;
    guard_mem char *ascii = text_dup(s);
    for (char *c = ascii; *c; c++)
        if ((unsigned char)*c > 0x7f)
            *c = '?';
    string = json_string(ascii);
    return string ? string : json_null();
}

const char *text_member(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}
