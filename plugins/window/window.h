/**
 * @file window.h
 * A stretch of time that a check measures over: two samples or more with a wait between them. Counters that grow since
 * a server's start say nothing of now; their differences over a window do.
 */
#ifndef WINDOW_WINDOW_H
#define WINDOW_WINDOW_H

#include <belay/plugin.h>

/** What is kept of a phase's time for all that is not waiting, in ms. */
#define WINDOW_SPARE_MS 2000

/** The option `window`, declared the same by every kind that has it. */
#define WINDOW_OPTION(default_text)                                                                                    \
    {                                                                                                                  \
        .name = "window", .type = BELAY_T_DURATION, .def = (default_text), .min = 100, .max = 86400000,                \
        .doc = "How long is measured; the step's timeout must leave room for it.", .example = "5m"                     \
    }

/** E_CONFIG, explained and blaming `window`, when ms do not fit into what is left of the phase's time. */
belay_status window_check(belay_ctx *c, const belay_host *h, int64_t ms);
/** Waits ms and reports progress as `what`. BELAY_E_CANCELLED as soon as the call is cancelled. */
belay_status window_wait(belay_ctx *c, const belay_host *h, int64_t ms, const char *what);

/** "10 s", "2.5 min": a stretch of time for people, in a buffer of the caller's; returns it. */
#define WINDOW_TEXT 32
char *window_text(int64_t ms, char buf[WINDOW_TEXT]);

#endif
