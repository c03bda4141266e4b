/** @file api.h  Grafana's HTTP API: one request, its token, its answer as JSON. */
#ifndef GRAFANA_API_H
#define GRAFANA_API_H

#include <belay/plugin.h>

#include <jansson.h>

/**
 * Sends body (JSON; NULL: none) to path below the option `url`, with the option `token`. BELAY_OK with *answer (the
 * caller decrefs) for HTTP 200 and 207; else explained: E_FAIL for 401, 403 and 404, E_RETRY for the rest and for no
 * answer. may_fail: also BELAY_OK for HTTP 400 and 500 with a JSON body that has "results" (a query that failed, as
 * /api/ds/query says it).
 */
belay_status api_call(belay_ctx *c, const belay_host *h, const char *method, const char *path, const json_t *body,
                      int may_fail, json_t **answer);
/** Explains and returns E_CONFIG when the option `url` is no address. */
belay_status api_check(belay_ctx *c, const belay_host *h);

#endif
