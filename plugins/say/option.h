/** @file option.h  Comparing an option's text, which may be missing. */
#ifndef SAY_OPTION_H
#define SAY_OPTION_H

#include <belay/plugin.h>

#include <stdbool.h>

/** Whether the text of an option is this one; false when it is not set, or another step gives it later. */
bool option_is(belay_ctx *c, const belay_host *h, const char *option, const char *text);

#endif
