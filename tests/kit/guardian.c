#include "guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"

#define ENTRIES     64
#define GRACE_MS    5000
#define PATIENCE_MS 15000

/* One record, written to the guardian's pipe in one piece. */
typedef struct entry {
    pid_t pid; /* 0: a folder */
    int signal;
    uint64_t started; /* so that a process id that was given away again is left alone */
    char path[256];
} entry;
_Static_assert(sizeof(entry) <= PIPE_BUF, "a record must fit into one atomic write");

static struct {
    pid_t owner;
    int tell;  /* its end tells the guardian that the program ended */
    int ended; /* its end tells the program that the guardian is done */
} guardian;

/* When the process was started, in clock ticks since boot; 0 when it is gone or only waits to be reaped. */
static uint64_t start_time(pid_t pid)
{
    char line[1024];
    (void)process_read(pid, "stat", line, sizeof line);
    /* The name may hold blanks and parentheses: what follows its last ')' counts. */
    const char *p = strrchr(line, ')');
    if (!p || p[1] != ' ' || p[2] == 'Z' || p[2] == 'X')
        return 0;
    for (int field = 3; p && field <= 22; field++)
        p = strchr(p + 1, ' ');
    return p ? strtoull(p, NULL, 10) : 0;
}

static bool lives(const entry *e)
{
    return e->pid && start_time(e->pid) == e->started;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
}

static void stop_processes(const entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (lives(&entries[i]))
            kill(entries[i].pid, entries[i].signal);
    for (int waited = 0; waited < 2 * GRACE_MS; waited += 10) {
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            if (!lives(&entries[i]))
                continue;
            any = true;
            if (waited >= GRACE_MS)
                kill(entries[i].pid, SIGKILL);
        }
        if (!any)
            return;
        nap();
    }
}

static _Noreturn void guard_until_the_end(int from)
{
    entry entries[ENTRIES], e;
    size_t count = 0;
    for (;;) {
        ssize_t n = read(from, &e, sizeof e);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof e)
            break;
        if (count < ENTRIES)
            entries[count++] = e;
    }
    stop_processes(entries, count);
    for (size_t i = 0; i < count; i++) {
        error *err = NULL;
        if (!entries[i].pid && file_remove_tree(entries[i].path, &err) != 0)
            error_free(err);
    }
    _exit(0);
}

static void end(void)
{
    if (guardian.owner != getpid())
        return;
    close(guardian.tell);
    struct pollfd p = {.fd = guardian.ended, .events = POLLIN};
    (void)poll(&p, 1, PATIENCE_MS);
}

/* The guardian's own process: no terminal, no signals of the test's group, no descriptors but the two pipes'. */
static _Noreturn void become_guardian(int from, int ended)
{
    setsid();
    if (fork() != 0)
        _exit(0);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_NAME, "kit-guardian");
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    dup2(from, 3);
    dup2(ended, 4);
    close_range(5, ~0u, 0);
    guard_until_the_end(3);
}

static void start(void)
{
    int tell[2], ended[2];
    if (guardian.owner == getpid())
        return;
    if (pipe2(tell, O_CLOEXEC) != 0 || pipe2(ended, O_CLOEXEC) != 0) {
        perror("kit: pipe");
        exit(1);
    }
    /* dup2 to 3 and 4 must not meet the pipes themselves half-way. */
    int from = fcntl(tell[0], F_DUPFD_CLOEXEC, 10), done = fcntl(ended[1], F_DUPFD_CLOEXEC, 10);
    pid_t pid = fork();
    if (pid < 0 || from < 0 || done < 0) {
        perror("kit: start the guardian");
        exit(1);
    }
    if (pid == 0)
        become_guardian(from, done);
    close(from);
    close(done);
    close(tell[0]);
    close(ended[1]);
    (void)waitpid(pid, NULL, 0);
    guardian.owner = getpid();
    guardian.tell = tell[1];
    guardian.ended = ended[0];
    atexit(end);
}

static void add(const entry *e)
{
    start();
    if (write(guardian.tell, e, sizeof *e) != (ssize_t)sizeof *e) {
        perror("kit: tell the guardian");
        exit(1);
    }
}

void guardian_process(pid_t pid, int end_signal)
{
    entry e = {.pid = pid, .signal = end_signal, .started = start_time(pid)};
    add(&e);
}

void guardian_folder(const char *path)
{
    entry e = {0};
    if (snprintf(e.path, sizeof e.path, "%s", path) >= (int)sizeof e.path) {
        fprintf(stderr, "kit: the path '%s' is too long\n", path);
        exit(1);
    }
    add(&e);
}
