#include "base/error.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"

struct error {
    error_code code;
    char *message;
    char *hint;
    error *cause;
};

PRINTF(4, 0) static int push(error **err, error_code code, error *cause, const char *fmt, va_list ap)
{
    error *e = mem_new(error);
    e->code = code;
    e->message = mem_vprintf(fmt, ap);
    e->cause = cause;
    *err = e;
    return -(int)code;
}

int error_set(error **err, error_code code, const char *fmt, ...)
{
    error *old = *err;
    va_list ap;
    va_start(ap, fmt);
    int r = push(err, code, NULL, fmt, ap);
    va_end(ap);
    error_free(old);
    return r;
}

int error_wrap(error **err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = push(err, (*err)->code, *err, fmt, ap);
    va_end(ap);
    return r;
}

int error_hint(error **err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    free((*err)->hint);
    (*err)->hint = mem_vprintf(fmt, ap);
    va_end(ap);
    return -(int)(*err)->code;
}

error_code error_get_code(const error *err)
{
    return err ? err->code : ERROR_NONE;
}

char *error_text(const error *err)
{
    text t = {0};
    for (const error *e = err; e; e = e->cause)
        text_printf(&t, "%s%s", e == err ? "" : ": ", e->message);
    return text_take(&t);
}

const char *error_get_hint(const error *err)
{
    const char *hint = NULL;
    for (const error *e = err; e; e = e->cause)
        if (e->hint)
            hint = e->hint;
    return hint;
}

void error_free(error *err)
{
    while (err) {
        error *cause = err->cause;
        free(err->message);
        free(err->hint);
        free(err);
        err = cause;
    }
}
