#include <stdlib.h>
#include <string.h>

#include "report/event.h"

bool report_can_live(FILE *out)
{
    const char *kind = getenv("TERM");
    return kind && *kind && strcmp(kind, "dumb") != 0 && isatty(fileno(out));
}

bool report_can_colour(FILE *out)
{
    const char *no_colour = getenv("NO_COLOR");
    return !(no_colour && *no_colour) && isatty(fileno(out));
}
