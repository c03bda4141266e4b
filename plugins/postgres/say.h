/** @file say.h  Explaining a status, formatted. */
#ifndef POSTGRES_SAY_H
#define POSTGRES_SAY_H

#include <belay/plugin.h>

/** Explains status and returns it; hint may be NULL. */
belay_status say(belay_ctx *c, const belay_host *h, belay_status status, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/** The same; the option's value is to blame. */
belay_status say_option(belay_ctx *c, const belay_host *h, const char *option, belay_status status, const char *fmt,
                        ...) __attribute__((format(printf, 5, 6)));
/** One log line; level as in host->log. */
void say_log(belay_ctx *c, const belay_host *h, int level, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
