#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "load.h"

void load_plan_begin(load_plan *p, belay_ctx *c, const belay_host *h)
{
    *p = (load_plan){
        .users = (unsigned)h->opt_int(c, "users"),
        .rate = (double)h->opt_int(c, "rate"),
        .duration_ms = (double)h->opt_int(c, "duration"),
        .ramp_ms = (double)h->opt_int(c, "ramp"),
        .think_ms = (double)h->opt_int(c, "think"),
        .timeout_ms = (long)h->opt_int(c, "request_timeout"),
        .stop_at = (unsigned)h->opt_int(c, "stop_at_errors"),
        .keep_alive = h->opt_int(c, "keep_alive") != 0,
        .ca_file = h->opt_str(c, "ca_file"),
    };
}

load_request *load_plan_add(load_plan *p, belay_ctx *c, const belay_host *h)
{
    p->requests = text_grow(p->requests, p->count + 1, sizeof *p->requests);
    load_request *r = &p->requests[p->count++];
    *r = (load_request){.weight = 1};
    for (long status = 100; status < 600; status++)
        r->good[status] = http_status_is_good(c, h, status);
    for (const char *const *header = h->opt_list(c, "headers"); *header; header++)
        r->headers = curl_slist_append(r->headers, *header);
    return r;
}

void load_plan_done(load_plan *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->requests[i].name);
        free(p->requests[i].url);
        free(p->requests[i].body);
        curl_slist_free_all(p->requests[i].headers);
    }
    free(p->requests);
    *p = (load_plan){0};
}
