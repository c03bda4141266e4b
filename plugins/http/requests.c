#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "say/say.h"

bool http_status_range(const char *text, long *low, long *high)
{
    char *end = NULL;
    *low = *high = strtol(text, &end, 10);
    if (end != text && *end == '-') {
        const char *second = end + 1;
        *high = strtol(second, &end, 10);
        if (end == second)
            return false;
    }
    return end != text && *end == '\0' && *low >= 100 && *high <= 599 && *low <= *high;
}

bool http_status_is_good(belay_ctx *c, const belay_host *h, long status)
{
    long low, high;
    for (const char *const *range = h->opt_list(c, "status"); *range; range++)
        if (http_status_range(*range, &low, &high) && status >= low && status <= high)
            return true;
    return false;
}

belay_status http_check_statuses(belay_ctx *c, const belay_host *h)
{
    long low, high;
    for (const char *const *range = h->opt_list(c, "status"); *range; range++)
        if (!http_status_range(*range, &low, &high))
            return say_option(c, h, BELAY_E_CONFIG, "status", NULL,
                              "'%s' is no HTTP status from 100 to 599 and no range such as \"200-299\"", *range);
    return BELAY_OK;
}

belay_status http_requests_new(belay_ctx *c, const belay_host *h, http_requests *ret)
{
    const char *const *list = h->opt_list(c, "targets");
    size_t n = 0;
    while (list[n])
        n++;
    *ret = (http_requests){0};
    if (n == 0)
        return say_option(c, h, BELAY_E_CONFIG, "targets", NULL, "the list is empty: no address is no check");
    ret->items = calloc(n, sizeof *ret->items);
    ret->targets = calloc(n, sizeof *ret->targets);
    if (!ret->items || !ret->targets)
        return say(c, h, BELAY_E_RETRY, NULL, "out of memory");
    ret->count = n;
    belay_status s = http_check_statuses(c, h);
    for (size_t i = 0; i < n && s == BELAY_OK; i++) {
        s = transfer_target_parse(c, h, "targets", list[i], &ret->targets[i]);
        ret->items[i] = (transfer){.url = ret->targets[i].url,
                                   .headers = h->opt_list(c, "headers"),
                                   .ca_file = h->opt_str(c, "ca_file"),
                                   .timeout_ms = (long)h->opt_int(c, "request_timeout")};
    }
    return s;
}

void http_requests_done(http_requests *r)
{
    if (r->items)
        transfer_done(r->items, r->count);
    free(r->items);
    free(r->targets);
}
