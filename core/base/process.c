#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define STAT_ROOM 512

size_t process_read(pid_t pid, const char *file, char *into, size_t room)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    guard_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, into, room - 1);
    into[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

/* "pid (name) state ppid ..."; the name may hold anything, so the last ')' counts. */
bool process_look(pid_t pid, process *ret)
{
    char stat[STAT_ROOM];
    (void)process_read(pid, "stat", stat, sizeof stat);
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
