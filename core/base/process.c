#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STAT_ROOM 512

/* "pid (name) state ppid ..."; the name may hold anything, so the last ')' counts. */
bool process_look(pid_t pid, process *ret)
{
    char path[64], stat[STAT_ROOM];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof stat - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    stat[n] = '\0';
    const char *after = strrchr(stat, ')');
    int parent;
    if (!after || sscanf(after + 1, " %c %d", &ret->state, &parent) != 2)
        return false;
    ret->parent = (pid_t)parent;
    return true;
}

bool process_has_ended(pid_t pid)
{
    process p;
    return (kill(pid, 0) < 0 && errno == ESRCH) || (process_look(pid, &p) && (p.state == 'Z' || p.state == 'X'));
}
