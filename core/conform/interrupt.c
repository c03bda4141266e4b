#include "conform/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM};
#define SIGNALS (sizeof signals / sizeof *signals)

static volatile sig_atomic_t came;
static int ends[2] = {-1, -1};
static struct sigaction before[SIGNALS];

static void on_signal(int number)
{
    int kept = errno;
    if (came) { /* somebody is in a hurry */
        signal(number, SIG_DFL);
        raise(number);
    }
    came = number;
    (void)!write(ends[1], "", 1); /* a pipe that is full is readable, too */
    errno = kept;
}

int interrupt_watch(error **err)
{
    const struct sigaction act = {.sa_handler = on_signal};
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return error_set(err, ERROR_IO, "make a pipe: %s", strerror(errno));
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &act, NULL);
    }
    return 0;
}

int interrupt_fd(void)
{
    return ends[0];
}

int interrupt_check(error **err)
{
    return came ? error_set(err, ERROR_IO, "interrupted by SIG%s", sigabbrev_np(came)) : 0;
}

void interrupt_unwatch(void)
{
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    for (size_t i = 0; i < 2; i++)
        close(ends[i]);
    if (came)
        raise(came);
}
