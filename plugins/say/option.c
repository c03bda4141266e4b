#include "say/option.h"

#include <string.h>

bool option_is(belay_ctx *c, const belay_host *h, const char *option, const char *text)
{
    const char *set = h->opt_str(c, option);
    return set && strcmp(set, text) == 0;
}
