/** @file call.h  One call of a plugin, from within its process: what belay_ctx is. */
#ifndef WORKER_CALL_H
#define WORKER_CALL_H

#include <belay/plugin.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/redact.h"
#include "worker/budget.h"
#include "worker/wire.h"
#include "worker/worker.h"

/** Limits of belay/plugin.h. */
#define CALL_UNDO_VALUE  ((size_t)64 * 1024)
#define CALL_UNDO_KEYS   256
#define CALL_OUTPUT      ((size_t)16 * 1024)
#define CALL_NAME        128
#define CALL_LOG_LINE    ((size_t)16 * 1024)
#define CALL_TEXT        ((size_t)16 * 1024) /**< explain, plan, progress: what is longer is cut */
#define CALL_PLANS       256
#define CALL_PROGRESS_MS 100
#define CALL_KEEP_PIECE  ((size_t)128 * 1024)

typedef struct call_record {
    const char *key, *value; /**< owned by belay_ctx.memory */
} call_record;

struct belay_ctx {
    worker_phase phase;
    belay_step step;
    json_t *options, *pending, *facts;
    json_t *memory; /**< array of what plugins hold pointers into, until the process ends */
    struct {
        call_record *items; /**< oldest first */
        size_t count, room;
    } undo;
    redactor *secrets;
    int64_t deadline_ms; /**< of clock_steady_ms() */
    json_int_t last_id;  /**< of the requests that wait for an answer */
    wire_reader reader;
    budget log;
    int plans, runs;
    int fail_run; /**< which of the runs is to fail; 0: none */
    int64_t next_progress_ms;
    bool explained, host_gone;
};

/** The table that plugins get. */
extern const belay_host call_host;

/** Tells the core something; takes the message over. */
void call_tell(belay_ctx *c, json_t *message);
/** Asks the core and waits for its answer; takes the message over. kept (may be NULL): borrowed from c->memory. */
belay_status call_ask(belay_ctx *c, json_t *message, const char **kept);
/** Memory that lives as long as the call. */
char *call_keep_text(belay_ctx *c, const char *s, size_t n);
/** For explanations of the host's own; hint may be NULL. */
void call_explain(belay_ctx *c, const char *hint, const char *fmt, ...) PRINTF(3, 4);

/** host->run. */
belay_status call_run(belay_ctx *c, belay_run *io);
/** host->keep, without an explanation. */
belay_status call_keep(belay_ctx *c, const char *name, const void *bytes, uint64_t length);
bool call_is_cancelled(belay_ctx *c);
int64_t call_time_left_ms(belay_ctx *c);

#endif
