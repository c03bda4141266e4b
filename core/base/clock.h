/** @file clock.h  The two clocks, and how times are written. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT 32

/** Milliseconds since 1970 (wall clock; may step). */
int64_t clock_wall_ms(void);
/** Milliseconds of a clock that never steps and counts suspend (CLOCK_BOOTTIME). */
int64_t clock_steady_ms(void);
/** "2026-11-23T18:45:12.345Z" (RFC 3339) into buf; returns buf. */
char *clock_rfc3339(int64_t wall_ms, char buf[CLOCK_TEXT]);
/** "2026-11-23 18:45:12 UTC", for people; "-" of 0: into buf; returns buf. */
char *clock_show(int64_t wall_ms, char buf[CLOCK_TEXT]);

#endif
