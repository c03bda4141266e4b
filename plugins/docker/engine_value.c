/* Values as the engine writes them. */
#include "engine.h"

#include <stdio.h>
#include <time.h>

/* The last whole year that 64 bits of nanoseconds since 1970 hold. */
#define LAST_YEAR 2261

int engine_api_compare(const char *a, const char *b)
{
    char *end_a, *end_b;
    long major_a = strtol(a, &end_a, 10), major_b = strtol(b, &end_b, 10);
    long minor_a = *end_a == '.' ? strtol(end_a + 1, NULL, 10) : 0;
    long minor_b = *end_b == '.' ? strtol(end_b + 1, NULL, 10) : 0;
    if (major_a != major_b)
        return major_a < major_b ? -1 : 1;
    return (minor_a > minor_b) - (minor_a < minor_b);
}

int64_t engine_time(const char *rfc3339)
{
    struct tm tm = {0};
    const char *s = strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!s || tm.tm_year < 70 || tm.tm_year > LAST_YEAR - 1900)
        return 0;
    int64_t ns = (int64_t)timegm(&tm) * 1000000000;
    if (*s == '.') {
        int64_t unit = 100000000;
        for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
            ns += (*s - '0') * unit;
    }
    int hours, minutes;
    if ((*s == '+' || *s == '-') && sscanf(s + 1, "%2d:%2d", &hours, &minutes) == 2)
        ns += (*s == '+' ? -1 : 1) * (int64_t)(hours * 60 + minutes) * 60000000000;
    return ns;
}
