/**
 * @file load.h
 * Load on a server: what is sent (load_plan), when (load_pace), the loop that sends it (load_run), and what came of it
 * (load_tally).
 */
#ifndef HTTP_LOAD_H
#define HTTP_LOAD_H

#include <belay/plugin.h>
#include <curl/curl.h>
#include <stdbool.h>

#include "histogram.h"
#include "text/text.h"

/* ---- load_plan.c ------------------------------------------------------------------------------------------------- */

typedef struct load_request {
    char *name, *url, *body;
    const char *method; /**< NULL: GET, or POST with a body; borrowed */
    struct curl_slist *headers;
    unsigned weight;
    bool good[600]; /**< by HTTP status */
    bool loopback;  /**< of this machine: asked without a proxy */
} load_request;

typedef struct load_plan {
    load_request *requests;
    size_t count;
    unsigned total_weight;
    unsigned users; /**< connections at the most */
    double rate;    /**< requests a second; 0: each user sends the next when the last is answered */
    double duration_ms, ramp_ms, think_ms;
    long timeout_ms;
    unsigned stop_at; /**< percent of errors in a second that end it; 0: none do */
    bool keep_alive;
    const char *ca_file;
} load_plan;

/** What the step's options say of it. */
void load_plan_begin(load_plan *p, belay_ctx *c, const belay_host *h);
/** A new request that counts the statuses of the step's option `status` as good; borrowed until the next is added. */
load_request *load_plan_add(load_plan *p, belay_ctx *c, const belay_host *h);
void load_plan_done(load_plan *p);

/* ---- load_pace.c ------------------------------------------------------------------------------------------------- */

/** Milliseconds after the start at which the k-th request (from 0) is due, at a rate; grows evenly while ramping up. */
double load_pace_due(const load_plan *p, uint64_t k);
/** How many requests are due by a time. */
uint64_t load_pace_count(const load_plan *p, double ms);
/** Milliseconds after the start at which the k-th user begins. */
double load_pace_user(const load_plan *p, unsigned k);

/* ---- load_tally.c ------------------------------------------------------------------------------------------------ */

#define LOAD_KINDS 24

typedef struct load_figures {
    histogram *latency; /**< of what was answered, microseconds */
    uint64_t ended;     /**< requests: answered, or not */
    uint64_t errors;    /**< of them */
} load_figures;

typedef struct load_tally {
    load_figures all, second, *each; /**< each: by request */
    size_t count;
    struct {
        char name[48];
        uint64_t count;
    } kinds[LOAD_KINDS]; /**< of errors; the last one is for the rest */
    uint64_t started;    /**< in this second */
    text series;         /**< CSV, a line for each second */
} load_tally;

/** False when memory is gone. load_tally_done() in any case. */
bool load_tally_begin(load_tally *t, size_t requests);
void load_tally_done(load_tally *t);
void load_tally_answer(load_tally *t, size_t request, uint64_t us);
#define LOAD_NO_REQUEST SIZE_MAX /**< an error of none of them */
/** kind: "HTTP 500", "connection refused". answered: load_tally_answer() has counted it already. */
void load_tally_error(load_tally *t, size_t request, const char *kind, uint64_t count, bool answered);
/** Ends a second: adds its line to the series. */
void load_tally_second(load_tally *t, unsigned second, unsigned in_flight);
/** "12 HTTP 500, 3 connection refused"; the caller frees. */
char *load_tally_errors(const load_tally *t);

/* ---- load_run.c -------------------------------------------------------------------------------------------------- */

/** Sends the load. *ret_seconds: how long it took. BELAY_OK; BELAY_E_FAIL, explained, when it was ended for its errors;
 *  BELAY_E_CANCELLED; BELAY_E_RETRY, explained, when it could not be sent. */
belay_status load_run(const load_plan *p, belay_ctx *c, const belay_host *h, load_tally *t, double *ret_seconds);

#endif
