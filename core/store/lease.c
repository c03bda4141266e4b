#include "store/lease.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#define SHOWN     8
#define COMM_ROOM 64

int lease_take(const char *path, int *ret_fd, error **err)
{
    guard_fd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fd < 0)
        return error_set(err, ERROR_IO, "open '%s': %s", path, strerror(errno));
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
        return error_set(err, errno == EAGAIN || errno == EACCES ? ERROR_LOCKED : ERROR_IO, "lock '%s': %s", path,
                         strerror(errno));
    *ret_fd = fd;
    fd = -1;
    return 0;
}

bool lease_is_held(const char *path)
{
    guard_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* ---- who holds it ------------------------------------------------------------------------------------------------ */

/* Processes of others, and some of our own, do not let us look. */
static bool has_open(pid_t pid, const struct stat *file)
{
    guard_mem char *folder = mem_printf("/proc/%d/fd", (int)pid);
    DIR *fds = opendir(folder);
    bool found = false;
    struct stat st;
    for (struct dirent *entry; fds && !found && (entry = readdir(fds));)
        found =
            fstatat(dirfd(fds), entry->d_name, &st, 0) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino;
    if (fds)
        closedir(fds);
    return found;
}

/* Only the program's name: arguments may hold what is nobody's business. */
static void add_holder(lease_holders *h, text *names, text *pids, pid_t pid)
{
    guard(error) ignored = NULL;
    guard_mem char *path = mem_printf("/proc/%d/comm", (int)pid);
    guard_mem char *name = NULL;
    if (file_read(path, COMM_ROOM, &name, NULL, &ignored) == 0)
        name[strcspn(name, "\n")] = '\0';
    if (h->count++ >= SHOWN)
        return;
    text_printf(names, "%s%s (process %d)", names->count ? ", " : "", name ? name : "?", (int)pid);
    text_printf(pids, "%s%d", pids->count ? " " : "", (int)pid);
}

lease_holders lease_holders_of(const char *path)
{
    lease_holders h = {0};
    guard_text names = {0}, pids = {0};
    struct stat file;
    DIR *proc = stat(path, &file) == 0 ? opendir("/proc") : NULL;
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        const pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && pid != getpid() && has_open(pid, &file))
            add_holder(&h, &names, &pids, pid);
    }
    if (proc)
        closedir(proc);
    if (h.count > SHOWN)
        text_printf(&names, " and %d more", h.count - SHOWN);
    h.names = mem_dup(text_get(&names));
    h.pids = mem_dup(text_get(&pids));
    return h;
}

void lease_holders_done(lease_holders *h)
{
    free(h->names);
    free(h->pids);
    *h = (lease_holders){0};
}
