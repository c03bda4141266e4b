/**
 * @file say.h
 * explain() and log() with a format, for the plugins of this tree. White space at the end of a text is dropped: a
 * server's answer and a program's output bring some. Lines within it stay, the reports show them one below the other.
 */
#ifndef SAY_H
#define SAY_H

#include <belay/plugin.h>

#include <stdarg.h>

/** Explains status by the formatted summary and returns it, so that a caller can `return say(...)`. hint: what to do
 * about it, or NULL. */
belay_status say(belay_ctx *c, const belay_host *h, belay_status status, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/** The same, blaming an option's value. */
belay_status say_option(belay_ctx *c, const belay_host *h, belay_status status, const char *option, const char *hint,
                        const char *fmt, ...) __attribute__((format(printf, 6, 7)));
belay_status say_va(belay_ctx *c, const belay_host *h, belay_status status, const char *option, const char *hint,
                    const char *fmt, va_list ap) __attribute__((format(printf, 6, 0)));

/** level: 0 debug, 1 info, 2 warning, 3 error. */
void say_log(belay_ctx *c, const belay_host *h, int32_t level, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void say_log_va(belay_ctx *c, const belay_host *h, int32_t level, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));

#endif
