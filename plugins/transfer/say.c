#include "transfer/say.h"

#include <stdarg.h>
#include <stdio.h>

#define SUMMARY_MAX 2048

belay_status say(belay_ctx *c, const belay_host *h, belay_status status, const char *hint, const char *fmt, ...)
{
    char summary[SUMMARY_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(summary, sizeof summary, fmt, ap);
    va_end(ap);
    h->explain(c, summary, hint, NULL);
    return status;
}

belay_status say_option(belay_ctx *c, const belay_host *h, const char *option, const char *fmt, ...)
{
    char summary[SUMMARY_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(summary, sizeof summary, fmt, ap);
    va_end(ap);
    h->explain(c, summary, NULL, option);
    return BELAY_E_CONFIG;
}
