#include "conform/tracee.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"

#define PAGE      4096
#define TEXT_MAX  4096
#define ITEMS_MAX 256

size_t tracee_read(pid_t pid, uint64_t address, void *into, size_t n)
{
    struct iovec here = {into, n}, there = {.iov_len = n};
    memcpy(&there.iov_base, &address, sizeof there.iov_base);
    ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);
    return got > 0 ? (size_t)got : 0;
}

/* Not beyond a page at once: what follows may not be mapped. */
void tracee_read_text(pid_t pid, uint64_t address, text *out)
{
    char piece[PAGE];
    for (size_t all = 0; all < TEXT_MAX;) {
        size_t got = tracee_read(pid, address, piece, PAGE - address % PAGE);
        size_t length = strnlen(piece, got);
        text_add(out, piece, length);
        if (length < got || got == 0)
            return;
        address += got;
        all += got;
    }
}

void tracee_read_list(pid_t pid, uint64_t address, text *out)
{
    uint64_t item = 0;
    for (int i = 0; i < ITEMS_MAX; i++, address += sizeof item) {
        if (tracee_read(pid, address, &item, sizeof item) != sizeof item || !item)
            return;
        text_puts(out, " ");
        tracee_read_text(pid, item, out);
    }
}

int tracee_count(pid_t pid, const char *what)
{
    char path[64];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
    DIR *dir = opendir(path);
    if (!dir)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static char *read_link_of(pid_t pid, const char *name)
{
    char path[64], target[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    ssize_t n = readlink(path, target, sizeof target - 1);
    return n < 0 ? NULL : mem_dup_n(target, (size_t)n);
}

char *tracee_folder(pid_t pid)
{
    return read_link_of(pid, "cwd");
}

static char *file_of_descriptor(pid_t pid, int fd)
{
    char name[32];
    snprintf(name, sizeof name, "fd/%d", fd);
    return read_link_of(pid, name);
}

static char *file_at(pid_t pid, int folder, uint64_t address)
{
    guard_text path = {0};
    tracee_read_text(pid, address, &path);
    if (*text_get(&path) == '/')
        return text_take(&path);
    guard_mem char *base = folder == AT_FDCWD ? tracee_folder(pid) : file_of_descriptor(pid, folder);
    return mem_printf("%s%s%s", base ? base : "", path.count ? "/" : "", text_get(&path));
}

/* A device's node or a name for an open file (/dev/stdout): what is made below /dev, in /dev/shm say, is a file. */
static bool is_device(const char *path)
{
    struct stat st;
    if (!text_starts(path, "/dev/") || text_starts(path, "/dev/shm/"))
        return false;
    return text_starts(path, "/dev/fd/") ||
           (lstat(path, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISLNK(st.st_mode)));
}

/* Pipes and sockets have no path, devices and the kernel's own files are nobody's world. */
static bool is_file(const char *path)
{
    return path && path[0] == '/' && !is_device(path) && !text_starts(path, "/proc/") &&
           !text_starts(path, "/memfd:") && !strstr(path, " (deleted)");
}

char *tracee_file(pid_t pid, syscall_file file, const uint64_t a[6])
{
    guard_mem char *path = NULL;
    switch (file.naming) {
    case SYSCALL_NONE: break;
    case SYSCALL_PATH: path = file_at(pid, AT_FDCWD, a[file.argument]); break;
    case SYSCALL_AT: path = file_at(pid, (int)a[file.argument], a[file.argument + 1]); break;
    case SYSCALL_FD: path = file_of_descriptor(pid, (int)a[file.argument]); break;
    }
    return is_file(path) ? take(path) : NULL;
}
