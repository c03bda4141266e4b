/** @file host.h  What the files of the core's side share; nobody else includes it. */
#ifndef WORKER_HOST_H
#define WORKER_HOST_H

#include "base/text.h"
#include "worker/outflow.h"
#include "worker/wire.h"
#include "worker/worker.h"

/** How far it has come, and what ends the stage. */
typedef enum host_stage {
    HOST_LOADING,  /**< until the plugin is loaded: 10 s */
    HOST_RUNNING,  /**< until it returns: its timeout */
    HOST_ASKED,    /**< until it returns after being cancelled: its grace */
    HOST_SWEEPING, /**< it returned or was killed; until the supervisor has swept: 10 s */
    HOST_GONE,     /**< until its streams are read to their end: 2 s */
} host_stage;

typedef enum host_cause { HOST_NONE, HOST_TIMEOUT, HOST_CANCEL, HOST_KILL, HOST_PROTOCOL } host_cause;

struct worker {
    uv_loop_t *loop;
    uv_process_t process;
    uv_pipe_t talk, control, output;
    uv_timer_t timer;
    int handles; /**< not yet closed */
    char buffer[64 * 1024];

    worker_handlers handlers;
    const redactor *secrets;
    bool describing, debugged;
    worker_phase phase;
    int64_t timeout_ms, grace_ms, started_ms;

    host_stage stage;
    host_cause cause;
    bool killed; /**< is to be, or was */
    bool exited, talk_ended, control_ended, output_ended, finished;
    wire_reader talk_reader, control_reader;

    outflow out;
    uint64_t dropped_inside;
    int runs;

    char *summary, *hint, *option; /**< as the plugin explained it, masked */
    char *problem;                 /**< why it could not start, or how it broke the protocol */
    json_t *descriptor;
    bool returned, ready;
    belay_status status;
    struct {
        bool known, killed;
        int exit, signal, strays, left;
        char *stray;
    } ended;
};

/* ---- host.c ---- */
/** Starts one; order is the last of the messages that it is sent at once. */
int host_start(worker *w, const worker_request *request, const json_t *order, error **err) CHECKED;
/** Sends; takes the message over. What cannot be sent is lost: the end of the worker will tell. */
void host_send(worker *w, json_t *message);
/** Stops it, for breaking the protocol. */
void host_break(worker *w, const char *fmt, ...) PRINTF(2, 3);
/** Stops it, for more lines than OUTFLOW_FLOOD. */
void host_flooded(worker *w);
/** The plugin is loaded: its time begins. */
void host_ready(worker *w);
/** The plugin gave its result: its time is over. */
void host_returned(worker *w);

/* ---- spawn.c ---- */
/** Starts the process with its three streams, which are then open. On error, w->handles says what is to be closed. */
int spawn_worker(worker *w, const worker_request *request, uv_exit_cb on_exit, error **err) CHECKED;

/* ---- dialog.c ---- */
/** Acts on a message of the plugin's process, or of the supervisor. */
void dialog_message(worker *w, const json_t *message);
void dialog_ended(worker *w, const json_t *message);

/* ---- verdict.c ---- */
/** How it ended and why; *ret_text holds the summary that the result borrows. */
worker_result verdict_of(const worker *w, char **ret_text);

#endif
