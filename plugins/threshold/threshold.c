#include "threshold/threshold.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"

static bool parse(const char *text, const char *unit, units_threshold *ret, char why[256])
{
    error *err = NULL;
    if (units_threshold_parse(text, unit, ret, &err) == 0 && !ret->relative)
        return true;
    char *said = err ? error_text(err) : mem_dup("a baseline is not known here");
    (void)snprintf(why, 256, "%s", said);
    free(said);
    error_free(err);
    return false;
}

bool threshold_holds(const char *text, const char *unit, double value, bool *ret, char why[256])
{
    units_threshold t;
    if (!parse(text, unit, &t, why))
        return false;
    *ret = units_threshold_holds(&t, value);
    return true;
}

/* The unit that is written behind the last number: of a metric of one's own it may be anything. */
static const char *written_unit(const char *text)
{
    const char *unit = text + strlen(text);
    while (unit > text && !isdigit((unsigned char)unit[-1]))
        unit--;
    return unit + strspn(unit, " ");
}

bool threshold_is_one(const char *text, char why[256])
{
    const char *const units[] = {written_unit(text), "ms", "B", "ms/h", "B/h"};
    char other[256];
    units_threshold t;
    if (parse(text, "", &t, why))
        return true;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (parse(text, units[i], &t, other))
            return true;
    return false;
}
