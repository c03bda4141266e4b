#include "call.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "say/option.h"
#include "say/say.h"

#define NS INT64_C(1000000000)

belay_status call_fail(const call *c, belay_status status, const char *hint, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)say_va(c->ctx, c->host, status, NULL, hint, fmt, ap);
    va_end(ap);
    return status;
}

belay_status call_blame(const call *c, const char *option, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)say_va(c->ctx, c->host, BELAY_E_CONFIG, option, NULL, fmt, ap);
    va_end(ap);
    return BELAY_E_CONFIG;
}

void call_log(const call *c, int level, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say_log_va(c->ctx, c->host, level, fmt, ap);
    va_end(ap);
}

const char *call_str(const call *c, const char *option)
{
    return c->host->opt_str(c->ctx, option);
}

bool call_is(const call *c, const char *option, const char *text)
{
    return option_is(c->ctx, c->host, option, text);
}

int64_t call_int(const call *c, const char *option)
{
    return c->host->opt_int(c->ctx, option);
}

int64_t call_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS + now.tv_nsec;
}

int64_t call_fact_ns(const call *c, const char *fact)
{
    const char *value = c->host->fact(c->ctx, fact);
    return value ? (int64_t)(strtod(value, NULL) * (double)NS) : 0;
}

json_t *call_set(const call *c, const char *option)
{
    json_t *set = json_object();
    for (const char *const *item = c->host->opt_list(c->ctx, option); *item; item++)
        json_object_set_new(set, *item, json_true());
    return set;
}

char *call_tag(const call *c)
{
    const char *run = c->host->fact(c->ctx, "run.id");
    const char *step = c->host->fact(c->ctx, "step.id");
    char *tag = text_printf("%.32s-%.32s", run ? run : "run", step ? step : "step");
    for (char *s = tag; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("_.-", *s))
            *s = '_';
    return tag;
}

belay_status call_remember(const call *c, const char *key, const json_t *value, json_t **ret_kept)
{
    guard_mem char *written = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    const char *kept = NULL;
    belay_status s = c->host->remember(c->ctx, key, written ? written : "null", &kept);
    if (s == BELAY_OK && ret_kept)
        *ret_kept = json_loads(kept ? kept : written, JSON_DECODE_ANY, NULL);
    return s;
}

json_t *call_recall(const call *c, const char *key)
{
    const char *kept = c->host->recall(c->ctx, key);
    return kept ? json_loads(kept, JSON_DECODE_ANY, NULL) : NULL;
}
