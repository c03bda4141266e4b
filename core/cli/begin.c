/* What this process makes of its surroundings before anything else: streams, limits, signals. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/cli.h"

/* What is opened from here on must not get the number of a standard stream that is closed: others write to it. */
static void fill_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

/* This process holds secrets. No core file is written, also where core files are piped to a program, and nobody else of
 * this user may read its memory. AddressSanitizer's search for leaks must. */
static void keep_to_itself(void)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#ifndef BELAY_SANITIZE
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* What the kernel needs at most for a thread of Belay's; libuv's threads get as much as the process may have. */
#define STACK_LEAST  ((rlim_t)256 * 1024)
#define STACK_WANTED ((rlim_t)8 * 1024 * 1024)

/* A stack that is too small ends a process without a word, in the middle of a run. */
static bool has_stack(void)
{
    struct rlimit stack;
    if (getrlimit(RLIMIT_STACK, &stack) < 0 || stack.rlim_cur >= STACK_LEAST)
        return true;
    const struct rlimit root = {STACK_WANTED, stack.rlim_max < STACK_WANTED ? STACK_WANTED : stack.rlim_max};
    stack.rlim_cur = stack.rlim_max < STACK_WANTED ? stack.rlim_max : STACK_WANTED;
    if (setrlimit(RLIMIT_STACK, &root) == 0 || (setrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur >= STACK_LEAST))
        return true;
    fprintf(
        stderr,
        "belay: error: the stack of a process may have only %llu KiB here; Belay needs %llu\n  do: ulimit -s %llu\n",
        (unsigned long long)(stack.rlim_max / 1024), (unsigned long long)(STACK_LEAST / 1024),
        (unsigned long long)(STACK_WANTED / 1024));
    return false;
}

/* A program that starts Belay may have blocked signals for itself: without SIGCHLD no worker would be seen to end. */
static void settle_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that left must not end a transaction */
    signal(SIGTTOU, SIG_IGN); /* nor a terminal stop one that tells of itself from the background */
    signal(SIGXFSZ, SIG_IGN); /* a file that must not grow any further is an error of its writer */
}

bool cli_begin(void)
{
    fill_streams();
    keep_to_itself();
    settle_signals();
    return has_stack();
}
