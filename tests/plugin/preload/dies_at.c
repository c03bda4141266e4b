/*
 * Ends the process by SIGKILL just before its N-th call that reads from or writes to a socket (its workers' messages),
 * or writes to, cuts or syncs a file below a folder (its store). Of a write that it dies in, the first half is done.
 * BELAY_DIES_AT=N, BELAY_DIES_UNDER=FOLDER. A process that lives to its end leaves in the file BELAY_CALLS how many
 * calls there were. Workers do not inherit this: their environment is filtered.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls;

static int is_below(int fd, const char *folder)
{
    char link[64], path[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    return n > 0 && folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int counts(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return 0;
    return S_ISSOCK(st.st_mode) || (S_ISREG(st.st_mode) && is_below(fd, getenv("BELAY_DIES_UNDER")));
}

static int is_last(int fd)
{
    const char *at = getenv("BELAY_DIES_AT");
    return at && counts(fd) && ++calls == atol(at);
}

static void die(void)
{
    (void)kill(getpid(), SIGKILL);
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))(size_t)dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t n)
{
    REAL(write);
    if (is_last(fd)) {
        (void)real(fd, bytes, n / 2);
        die();
    }
    return real(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    REAL(pwrite);
    if (is_last(fd)) {
        (void)real(fd, bytes, n / 2, at);
        die();
    }
    return real(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return pwrite(fd, bytes, n, at);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    REAL(writev);
    if (is_last(fd))
        die();
    return real(fd, pieces, count);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(sendmsg);
    if (is_last(fd))
        die();
    return real(fd, message, flags);
}

ssize_t read(int fd, void *bytes, size_t n)
{
    REAL(read);
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && is_last(fd))
        die();
    return real(fd, bytes, n);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    REAL(recvmsg);
    if (is_last(fd))
        die();
    return real(fd, message, flags);
}

int ftruncate(int fd, off_t n)
{
    REAL(ftruncate);
    if (is_last(fd))
        die();
    return real(fd, n);
}

int ftruncate64(int fd, off64_t n)
{
    return ftruncate(fd, n);
}

int fsync(int fd)
{
    REAL(fsync);
    if (is_last(fd))
        die();
    return real(fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    if (is_last(fd))
        die();
    return real(fd);
}

__attribute__((destructor)) static void tell(void)
{
    const char *file = getenv("BELAY_CALLS");
    char text[32];
    const int n = snprintf(text, sizeof text, "%ld", calls);
    const int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    REAL(write);
    (void)!real(fd, text, (size_t)n);
    (void)close(fd);
}
