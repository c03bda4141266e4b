/** @file clock.h  The clock that measures. */
#ifndef HTTP_CLOCK_H
#define HTTP_CLOCK_H

#include <time.h>

/** Milliseconds of a clock that never goes back. */
static inline double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000.0 + (double)now.tv_nsec / 1e6;
}

#endif
