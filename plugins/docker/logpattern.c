#include "logpattern.h"

#include <string.h>

/* Of services and containers. */
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

void patterns_done(patterns *p)
{
    for (size_t i = 0; i < p->count; i++) {
        regfree(&p->items[i].regex);
        free(p->items[i].only);
    }
    free(p->items);
}

char *patterns_prefix(const char *item)
{
    size_t n = strspn(item, NAME_CHARACTERS);
    return n && strncmp(item + n, ": ", 2) == 0 ? text_printf("%.*s", (int)n, item) : NULL;
}

belay_status patterns_read(const call *c, const char *option, const json_t *names, patterns *ret)
{
    const char *const *items = c->host->opt_list(c->ctx, option);
    size_t n = 0;
    while (items[n])
        n++;
    ret->items = memset(text_grow(NULL, n, sizeof *ret->items), 0, (n ? n : 1) * sizeof *ret->items);
    int flags = REG_EXTENDED | REG_NOSUB | (call_int(c, "ignore_case") ? REG_ICASE : 0);
    for (size_t i = 0; i < n; i++) {
        pattern *p = &ret->items[i];
        guard_mem char *prefix = patterns_prefix(items[i]);
        if (prefix && names && !json_object_get(names, prefix))
            call_log(c, 1, "'%s' is looked for as it stands: '%s' is neither a service nor a container", items[i],
                     prefix);
        if (prefix && json_object_get(names, prefix))
            p->only = take(prefix);
        p->text = items[i] + (p->only ? strlen(p->only) + 2 : 0);
        int error = regcomp(&p->regex, p->text, flags);
        if (error) {
            char why[128];
            regerror(error, &p->regex, why, sizeof why);
            free(p->only);
            return call_blame(c, option, "'%s' is no regular expression: %s", p->text, why);
        }
        ret->count++;
    }
    return BELAY_OK;
}

bool pattern_is_for(const pattern *p, const log_source *log)
{
    return !p->only || strcmp(p->only, log->name) == 0 || strcmp(p->only, log->container) == 0;
}

bool patterns_match(patterns *p, const log_source *log, const char *line)
{
    bool any = false;
    for (size_t i = 0; i < p->count; i++) {
        pattern *one = &p->items[i];
        if (!pattern_is_for(one, log) || regexec(&one->regex, line, 0, NULL, 0) != 0)
            continue;
        one->seen = any = true;
    }
    return any;
}
