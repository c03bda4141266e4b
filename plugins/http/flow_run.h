/** @file flow_run.h  A flow at work: requests in sequence, each judged by what it expects. */
#ifndef HTTP_FLOW_RUN_H
#define HTTP_FLOW_RUN_H

#include "flow_answer.h"
#include "flow_file.h"
#include "flow_vars.h"
#include "receiver.h"

typedef struct flow_run {
    belay_ctx *c;
    const belay_host *h;
    const flow *flow;
    char *base; /**< put before addresses that begin with '/'; NULL: none */
    flow_vars vars;
    transfer_session *session;
    receiver *receiver; /**< NULL: the step does not listen */
    bool silent;        /**< measures nothing: the step has other metrics */
    size_t held;        /**< expectations that held */
    text failures;      /**< a line for each that did not: "file:line: 'request': expected ..., came ..." */
} flow_run;

/** Runs all requests, then those of `finally`, whatever came before. BELAY_OK; BELAY_E_FAIL when something was not as
 *  expected, BELAY_E_RETRY when a request got no answer: `failures` says what; or BELAY_E_CANCELLED. */
belay_status flow_run_all(flow_run *run);
/** The two halves of it: `requests`, which end at the first that fails, and `finally`. so_far: what came of all before;
 *  gives the worse of that and its own. */
belay_status flow_run_begin(flow_run *run);
belay_status flow_run_end(flow_run *run, belay_status so_far);

/* ---- flow.c ------------------------------------------------------------------------------------------------------ */

#define FLOW_HINT "docs/FLOWS.md tells what a flow file holds"
/** The "name=value" items of the options `vars` and `secrets`; BELAY_E_CONFIG explained. */
belay_status flow_take_vars(belay_ctx *c, const belay_host *h, flow_vars *vars);
/** A file as the pipeline file's folder sees it; the caller frees. */
char *flow_path(belay_ctx *c, const belay_host *h, const char *written);
/** Begins a run with these variables. False when memory is gone; flow_run_done() in any case. */
bool flow_run_new(flow_run *run, belay_ctx *c, const belay_host *h, const flow *flow, const flow_vars *vars);
void flow_run_done(flow_run *run);

/* ---- flow_expect.c ----------------------------------------------------------------------------------------------- */

/** Holds an answer against the request's `expect`; adds a line to mismatches for each thing that is not so. Gives how
 *  many were. */
size_t flow_expect(flow_run *run, const config_setting_t *request, const flow_answer *a, text *mismatches);
/** Adds "file:line: 'request': " */
void flow_expect_place(const flow_run *run, const config_setting_t *request, const config_setting_t *s, text *out);

/* ---- flow_request.c ---------------------------------------------------------------------------------------------- */

/** A request with all its variables put in. */
typedef struct flow_request {
    transfer transfer;
    char *url, *body, *type, *bearer;
    char **headers;
} flow_request;
/** False when a variable is not set: why says so. flow_request_done() in any case. */
bool flow_request_make(const flow_run *run, const config_setting_t *request, flow_request *ret, char **ret_why);
void flow_request_done(flow_request *r);

#endif
