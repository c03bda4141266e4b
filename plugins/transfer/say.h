/** @file say.h  explain() with a format. */
#ifndef TRANSFER_SAY_H
#define TRANSFER_SAY_H

#include <belay/plugin.h>

/** Explains status by the formatted summary and returns it. hint may be NULL. */
belay_status say(belay_ctx *c, const belay_host *h, belay_status status, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/** The same, blaming an option. */
belay_status say_option(belay_ctx *c, const belay_host *h, const char *option, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
