/** @file kinds.h  The callbacks of this plugin's step kinds, and what they share. */
#ifndef HTTP_KINDS_H
#define HTTP_KINDS_H

#include <stdbool.h>

#include "transfer/transfer.h"

belay_status http_health_prepare(belay_ctx *c, const belay_host *h);
belay_status http_health_verify(belay_ctx *c, const belay_host *h);
belay_status http_latency_prepare(belay_ctx *c, const belay_host *h);
belay_status http_latency_verify(belay_ctx *c, const belay_host *h);
belay_status http_flow_prepare(belay_ctx *c, const belay_host *h);
belay_status http_flow_verify(belay_ctx *c, const belay_host *h);
belay_status http_load_prepare(belay_ctx *c, const belay_host *h);
belay_status http_load_verify(belay_ctx *c, const belay_host *h);
belay_status http_listen_prepare(belay_ctx *c, const belay_host *h);
belay_status http_listen_verify(belay_ctx *c, const belay_host *h);

/** A request for each target. */
typedef struct http_requests {
    transfer *items;
    transfer_target *targets;
    size_t count;
} http_requests;
/** BELAY_OK, or BELAY_E_CONFIG explained. http_requests_done() in any case. */
belay_status http_requests_new(belay_ctx *c, const belay_host *h, http_requests *ret);
void http_requests_done(http_requests *r);
/** The statuses that "200" or "200-299" mean; false when it is neither. */
bool http_status_range(const char *text, long *low, long *high);
/** BELAY_OK when each item of the option `status` is one of these; else BELAY_E_CONFIG explained. */
belay_status http_check_statuses(belay_ctx *c, const belay_host *h);
/** True when the option `status` counts this HTTP status as good. */
bool http_status_is_good(belay_ctx *c, const belay_host *h, long status);

#endif
