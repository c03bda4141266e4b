#include "say/measure.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "say/character.h"

#define SUM_TEXT 9 /* "~0123abcd" */

/* FNV-1a of 32 bits, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t sum_of(const char *text)
{
    uint32_t sum = 0x811c9dc5;
    for (const char *p = text; *p; p++)
        sum = (sum ^ (unsigned char)*p) * 0x01000193;
    return sum;
}

static bool is_text(const char *s)
{
    for (size_t n; *s; s += n)
        if ((n = character_length(s)) == 0)
            return false;
    return true;
}

void measure_name(const char *metric, const char *instance, char ret[MEASURE_NAME + 1])
{
    const bool alone = !instance || !*instance;
    size_t used = (size_t)snprintf(ret, MEASURE_NAME / 2, "%s%s", metric, alone ? "" : "/");
    if (alone)
        return;
    const bool whole = is_text(instance) && used + strlen(instance) <= MEASURE_NAME;
    const size_t room = whole ? MEASURE_NAME : MEASURE_NAME - SUM_TEXT;
    for (const char *s = instance; *s;) {
        const size_t length = character_length(s), n = length ? length : 1;
        if (used + n > room)
            break;
        memcpy(ret + used, length ? s : "?", n);
        used += n;
        s += n;
    }
    ret[used] = '\0';
    if (!whole)
        snprintf(ret + used, SUM_TEXT + 1, "~%08" PRIx32, sum_of(instance));
}

belay_status measure_instance(belay_ctx *c, const belay_host *h, const char *metric, const char *instance, double value)
{
    char name[MEASURE_NAME + 1];
    measure_name(metric, instance, name);
    return h->measure(c, name, value);
}
