/* Work folders of supervisors that were killed: nobody else removes them, and they may hold what secrets were written
 * to. A supervisor holds a lock on its folder for as long as it lives. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "worker/inside.h"
#include "worker/worker.h"

/* Between its making and its lock a folder looks as if nobody had it. */
#define SETTLED_S 60

/* Opens a folder that a supervisor of ours has made, and that no process holds; -1: it is none. */
static int open_leftover(int parent, const char *name)
{
    struct stat st;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const bool ours = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid();
    if (ours && st.st_mtime + SETTLED_S < time(NULL) && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

void worker_remove_leftovers(void)
{
    const char *given = getenv("TMPDIR"), *base = given && given[0] == '/' ? given : "/tmp";
    DIR *folder = opendir(base);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strncmp(entry->d_name, INSIDE_FOLDER, strlen(INSIDE_FOLDER)) != 0)
            continue;
        guard_fd locked = open_leftover(dirfd(folder), entry->d_name);
        guard(error) ignored = NULL; /* it is litter: what cannot be removed stays */
        guard_mem char *path = mem_printf("%s/%s", base, entry->d_name);
        if (locked >= 0 && file_remove_tree(path, &ignored) < 0)
            continue;
    }
    if (folder)
        closedir(folder);
}
