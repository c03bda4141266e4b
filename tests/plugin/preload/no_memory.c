/*
 * Has the N-th allocation of the process that it is preloaded into fail, and no other: BELAY_NO_MEMORY_AT=N. At the
 * process's end the file BELAY_CALLS holds how many there were. Workers do not inherit this: their environment is
 * filtered.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* glibc's own names for what is replaced here. */
void *__libc_malloc(size_t n);            // NOLINT(bugprone-reserved-identifier,cert-dcl*)
void *__libc_calloc(size_t n, size_t of); // NOLINT(bugprone-reserved-identifier,cert-dcl*)
void *__libc_realloc(void *p, size_t n);  // NOLINT(bugprone-reserved-identifier,cert-dcl*)

static long at, count;

/* Constructors of libraries allocate before this one runs: those are not counted. */
__attribute__((constructor)) static void begin(void)
{
    const char *wanted = getenv("BELAY_NO_MEMORY_AT");
    count = 0;
    at = wanted ? atol(wanted) : 0;
}

static int fails(void)
{
    if (__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) != at || at == 0)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t of)
{
    return fails() ? NULL : __libc_calloc(n, of);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : __libc_realloc(p, n);
}

__attribute__((destructor)) static void tell(void)
{
    const char *file = getenv("BELAY_CALLS");
    char text[32];
    const int n = snprintf(text, sizeof text, "%ld", count);
    const int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    (void)!write(fd, text, (size_t)n);
    close(fd);
}
