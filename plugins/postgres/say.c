#include "say.h"

#include <stdarg.h>
#include <stdio.h>

/* What is longer is cut. */
#define TEXT_MAX 4096

belay_status say(belay_ctx *c, const belay_host *h, belay_status status, const char *hint, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    h->explain(c, text, hint, NULL);
    return status;
}

belay_status say_option(belay_ctx *c, const belay_host *h, const char *option, belay_status status, const char *fmt,
                        ...)
{
    char text[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    h->explain(c, text, NULL, option);
    return status;
}

void say_log(belay_ctx *c, const belay_host *h, int level, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    h->log(c, level, text);
}
