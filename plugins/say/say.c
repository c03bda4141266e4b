#include "say/say.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The caller frees; NULL when memory is gone. */
__attribute__((format(printf, 1, 0))) static char *written(const char *fmt, va_list ap)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, ap) < 0)
        return NULL;
    size_t n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        text[--n] = '\0';
    return text;
}

belay_status say_va(belay_ctx *c, const belay_host *h, belay_status status, const char *option, const char *hint,
                    const char *fmt, va_list ap)
{
    char *text = written(fmt, ap);
    h->explain(c, text ? text : "out of memory", hint, option);
    free(text);
    return status;
}

belay_status say(belay_ctx *c, const belay_host *h, belay_status status, const char *hint, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)say_va(c, h, status, NULL, hint, fmt, ap);
    va_end(ap);
    return status;
}

belay_status say_option(belay_ctx *c, const belay_host *h, belay_status status, const char *option, const char *hint,
                        const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)say_va(c, h, status, option, hint, fmt, ap);
    va_end(ap);
    return status;
}

void say_log_va(belay_ctx *c, const belay_host *h, int32_t level, const char *fmt, va_list ap)
{
    char *text = written(fmt, ap);
    if (text)
        h->log(c, level, text);
    free(text);
}

void say_log(belay_ctx *c, const belay_host *h, int32_t level, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say_log_va(c, h, level, fmt, ap);
    va_end(ap);
}
