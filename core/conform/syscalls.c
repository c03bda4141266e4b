#include "conform/syscalls.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>

#define NAMED(call) SYS_##call, #call
#define PATH_IN(n)                                                                                                     \
    {                                                                                                                  \
        {                                                                                                              \
            SYSCALL_PATH, n                                                                                            \
        }                                                                                                              \
    }
#define AT(n)                                                                                                          \
    {                                                                                                                  \
        {                                                                                                              \
            SYSCALL_AT, n                                                                                              \
        }                                                                                                              \
    }
#define FD(n)                                                                                                          \
    {                                                                                                                  \
        {                                                                                                              \
            SYSCALL_FD, n                                                                                              \
        }                                                                                                              \
    }
#define NO_FILE                                                                                                        \
    {                                                                                                                  \
        {                                                                                                              \
            SYSCALL_NONE, 0                                                                                            \
        }                                                                                                              \
    }

static const syscall_rule rules[] = {
    {NAMED(openat), SYSCALL_CHANGES, AT(0)},
    {NAMED(openat2), SYSCALL_CHANGES, AT(0)},
    {NAMED(mkdirat), SYSCALL_CHANGES, AT(0)},
    {NAMED(mknodat), SYSCALL_CHANGES, AT(0)},
    {NAMED(unlinkat), SYSCALL_CHANGES, AT(0)},
    {NAMED(symlinkat), SYSCALL_CHANGES, AT(1)},
    {NAMED(linkat), SYSCALL_CHANGES, AT(2)},
    {NAMED(renameat2), SYSCALL_CHANGES, {{SYSCALL_AT, 0}, {SYSCALL_AT, 2}}},
    {NAMED(fchmodat), SYSCALL_CHANGES, AT(0)},
    {NAMED(fchownat), SYSCALL_CHANGES, AT(0)},
    {NAMED(utimensat), SYSCALL_CHANGES, AT(0)},
    {NAMED(truncate), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(setxattr), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(lsetxattr), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(removexattr), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(lremovexattr), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(mount), SYSCALL_CHANGES, PATH_IN(1)},
    {NAMED(umount2), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(ftruncate), SYSCALL_CHANGES, FD(0)},
    {NAMED(fallocate), SYSCALL_CHANGES, FD(0)},
    {NAMED(fchmod), SYSCALL_CHANGES, FD(0)},
    {NAMED(fchown), SYSCALL_CHANGES, FD(0)},
    {NAMED(fsetxattr), SYSCALL_CHANGES, FD(0)},
    {NAMED(fremovexattr), SYSCALL_CHANGES, FD(0)},
    {NAMED(write), SYSCALL_CHANGES, FD(0)},
    {NAMED(writev), SYSCALL_CHANGES, FD(0)},
    {NAMED(pwrite64), SYSCALL_CHANGES, FD(0)},
    {NAMED(pwritev), SYSCALL_CHANGES, FD(0)},
    {NAMED(pwritev2), SYSCALL_CHANGES, FD(0)},
    {NAMED(sendfile), SYSCALL_CHANGES, FD(0)},
    {NAMED(copy_file_range), SYSCALL_CHANGES, FD(2)},
    {NAMED(splice), SYSCALL_CHANGES, FD(2)},
    {NAMED(connect), SYSCALL_NETWORK, NO_FILE},
    {NAMED(bind), SYSCALL_NETWORK, NO_FILE},
    {NAMED(listen), SYSCALL_NETWORK, NO_FILE},
    {NAMED(socket), SYSCALL_NETWORK, NO_FILE},
    {NAMED(socketpair), SYSCALL_NETWORK, NO_FILE},
    {NAMED(clone), SYSCALL_PROCESS, NO_FILE},
    {NAMED(clone3), SYSCALL_PROCESS, NO_FILE},
    {NAMED(execve), SYSCALL_PROGRAM, NO_FILE},
    {NAMED(execveat), SYSCALL_PROGRAM, NO_FILE},
#ifdef SYS_open /* the calls that younger architectures leave out */
    {NAMED(open), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(creat), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(mkdir), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(mknod), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(rmdir), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(unlink), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(symlink), SYSCALL_CHANGES, PATH_IN(1)},
    {NAMED(link), SYSCALL_CHANGES, PATH_IN(1)},
    {NAMED(rename), SYSCALL_CHANGES, {{SYSCALL_PATH, 0}, {SYSCALL_PATH, 1}}},
    {NAMED(renameat), SYSCALL_CHANGES, {{SYSCALL_AT, 0}, {SYSCALL_AT, 2}}},
    {NAMED(chmod), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(chown), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(lchown), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(utime), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(utimes), SYSCALL_CHANGES, PATH_IN(0)},
    {NAMED(futimesat), SYSCALL_CHANGES, AT(0)},
    {NAMED(fork), SYSCALL_PROCESS, NO_FILE},
    {NAMED(vfork), SYSCALL_PROCESS, NO_FILE},
#endif
};

/* An open that neither makes nor empties a file changes nothing yet. openat2 has its flags in memory: it counts always.
 */
static bool opens_harmlessly(uint64_t number, const uint64_t a[6])
{
    const uint64_t making = O_CREAT | O_TRUNC;
#ifdef SYS_open
    if (number == SYS_open)
        return !(a[1] & making);
#endif
    return number == SYS_openat && !(a[2] & making);
}

const syscall_rule *syscall_find(uint64_t number, const uint64_t arguments[6])
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if ((uint64_t)rules[i].number == number)
            return opens_harmlessly(number, arguments) ? NULL : &rules[i];
    return NULL;
}
