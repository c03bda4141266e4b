#include "base/mem.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *exhausted_text = "belay: out of memory\n";
static int exhausted_status = 1;

static _Noreturn void exhausted(void)
{
    /* No allocation here: write(2) and out. */
    ssize_t n = write(STDERR_FILENO, exhausted_text, strlen(exhausted_text));
    (void)n;
    _exit(exhausted_status);
}

void mem_on_exhausted(const char *text, int exit_status)
{
    exhausted_text = text;
    exhausted_status = exit_status;
}

void *mem_array(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        exhausted();
    return p;
}

void *mem_grow(void *old, size_t n, size_t size)
{
    void *p = reallocarray(old, n ? n : 1, size ? size : 1);
    if (!p)
        exhausted();
    return p;
}

char *mem_dup(const char *s)
{
    return mem_dup_n(s, strlen(s));
}

char *mem_dup_or_null(const char *s)
{
    return s ? mem_dup(s) : NULL;
}

char *mem_dup_n(const char *s, size_t n)
{
    char *copy = mem_array(n + 1, 1);
    if (n)
        memcpy(copy, s, n);
    return copy;
}

char *mem_printf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = mem_vprintf(fmt, ap);
    va_end(ap);
    return s;
}

char *mem_vprintf(const char *fmt, va_list ap)
{
    char *s = NULL;
    if (vasprintf(&s, fmt, ap) < 0)
        exhausted();
    return s;
}

void mem_wipe_free(void *p, size_t n)
{
    if (!p)
        return;
    explicit_bzero(p, n);
    free(p);
}

char *mem_grow_wiped(char *old, size_t used, size_t n)
{
    char *p = mem_array(n, 1);
    if (used)
        memcpy(p, old, used);
    mem_wipe_free(old, used);
    return p;
}

static void *json_memory(size_t n)
{
    return mem_array(1, n);
}

/* What jansson holds may be a secret: a step's options, what a plugin says. */
static void json_wipe(void *p)
{
    mem_wipe_free(p, malloc_usable_size(p));
}

static void *crypto_memory(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return mem_array(1, n);
}

static void *crypto_more(void *old, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return mem_grow(old, 1, n);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

void mem_init(void)
{
    json_set_alloc_funcs(json_memory, json_wipe);
    /* libcrypto 3.0 crashes where its first allocations fail. It refuses this once it has allocated, which does no
     * harm. */
    (void)CRYPTO_set_mem_functions(crypto_memory, crypto_more, crypto_free);
}

void mem_guard_(void *pointer_to_pointer)
{
    void *p = NULL;
    memcpy(&p, pointer_to_pointer, sizeof p);
    free(p);
}

void mem_guard_fd_(const int *fd)
{
    int saved = errno; /* a cleanup must not hide the error being reported */
    if (*fd >= 0)
        close(*fd);
    errno = saved;
}
