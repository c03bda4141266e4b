#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t clock_steady_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}

char *clock_rfc3339(int64_t wall_ms, char buf[CLOCK_TEXT])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char date[CLOCK_TEXT];
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(buf, CLOCK_TEXT, "%.20s.%03dZ", date, (int)(wall_ms % 1000));
    return buf;
}

char *clock_show(int64_t wall_ms, char buf[CLOCK_TEXT])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    if (wall_ms == 0)
        snprintf(buf, CLOCK_TEXT, "-");
    else
        strftime(buf, CLOCK_TEXT, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&seconds, &tm));
    return buf;
}
