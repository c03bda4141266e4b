#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "worker/inside.h"

/* A process that hangs in the kernel does not die of SIGKILL; the core must not wait for it for ever. */
#define SWEEP_LIMIT_MS 5000

static void nap(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* Reaps what has ended; true while a child is left. */
static int reap(void)
{
    pid_t pid;
    do
        pid = waitpid(-1, NULL, WNOHANG);
    while (pid > 0 || (pid < 0 && errno == EINTR));
    return pid == 0;
}

static int is_live_child(pid_t pid, pid_t parent)
{
    process p;
    return process_look(pid, &p) && p.parent == parent && p.state != 'Z';
}

static void name_it(pid_t pid, char *into, size_t room)
{
    char line[128];
    size_t n = process_read(pid, "cmdline", line, sizeof line);
    if (n == 0)
        n = process_read(pid, "comm", line, sizeof line);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ')
            line[i] = ' ';
    while (n && line[n - 1] == ' ')
        line[--n] = '\0';
    snprintf(into, room, "%s (pid %d)", line, (int)pid);
}

/* Calls fn for each child that lives. Descendants whose parents died are children too: we are their subreaper. */
static int each_child(void (*fn)(pid_t pid, void *user), void *user)
{
    int found = 0;
    DIR *proc = opendir("/proc");
    if (!proc)
        return 0;
    for (struct dirent *entry; (entry = readdir(proc));) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && is_live_child(pid, getpid())) {
            found++;
            fn(pid, user);
        }
    }
    closedir(proc);
    return found;
}

static void remember_first(pid_t pid, void *user)
{
    inside_sweep *sweep = user;
    if (!sweep->first[0])
        name_it(pid, sweep->first, sizeof sweep->first);
}

static void kill_it(pid_t pid, void *user)
{
    (void)user;
    kill(pid, SIGKILL);
}

static void ignore(pid_t pid, void *user)
{
    (void)pid;
    (void)user;
}

inside_sweep inside_sweep_children(int settle_ms)
{
    inside_sweep sweep = {0};
    int64_t settled = clock_steady_ms() + settle_ms;
    while (reap() && clock_steady_ms() < settled)
        nap(5);
    if (!reap())
        return sweep;
    sweep.found = each_child(remember_first, &sweep);
    int64_t limit = clock_steady_ms() + SWEEP_LIMIT_MS;
    /* Each round reaches what the round before orphaned. */
    while (reap() && clock_steady_ms() < limit) {
        each_child(kill_it, NULL);
        nap(1);
    }
    if (reap())
        sweep.left = each_child(ignore, NULL);
    return sweep;
}
