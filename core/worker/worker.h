/**
 * @file worker.h
 * The core's side of workers: one phase of one step, run in a process of its own. See docs/ARCHITECTURE.md, "Workers".
 *
 * All callbacks come from the loop's thread. A worker frees itself after its `done` callback returned.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <jansson.h>
#include <stdint.h>
#include <uv.h>

#include <belay/plugin.h>

#include "base/error.h"
#include "base/redact.h"

/** X(ID, word) */
#define WORKER_PHASES(X)                                                                                               \
    X(PREPARE, "prepare") X(EXECUTE, "execute") X(VERIFY, "verify") X(ROLLBACK, "rollback") X(DISCARD, "discard")
typedef enum worker_phase {
#define X(id, word) WORKER_##id,
    WORKER_PHASES(X)
#undef X
        WORKER_PHASE_COUNT
} worker_phase;
const char *worker_phase_name(worker_phase phase);
/** -1 when there is no such phase. */
int worker_phase_parse(const char *name);

/** How a worker ended. Anything but RETURNED means that the outcome is unknown. */
#define WORKER_ENDS(X)                                                                                                 \
    X(RETURNED, "returned") /* the callback returned a status */                                                       \
    X(CRASHED, "crashed")   /* by a signal of its own */                                                               \
    X(EXITED, "exited")     /* called exit() instead of returning */                                                   \
    X(TIMEOUT, "timeout")   /* its time ran out */                                                                     \
    X(KILLED, "killed")     /* cancelled, and did not return in its grace time */                                      \
    X(PROTOCOL, "protocol") /* broke the protocol or a hard limit */                                                   \
    X(STRAY, "stray")       /* returned good, but left a process running */                                            \
    X(START, "start")       /* could not be started, or the plugin could not be loaded */
typedef enum worker_end {
#define X(id, word) WORKER_END_##id,
    WORKER_ENDS(X)
#undef X
} worker_end;
const char *worker_end_name(worker_end end);

typedef struct worker_result {
    belay_status status; /**< valid when end is RETURNED; else BELAY_E_RETRY */
    worker_end end;
    int signal;                /**< when CRASHED */
    const char *summary;       /**< why, masked; never NULL, "" when there is nothing to say */
    const char *hint, *option; /**< may be NULL */
    const char *stray;         /**< a process that it left running when it returned, however; NULL: none */
    int64_t duration_ms;
    uint64_t log_dropped;
    int runs; /**< how many programs the call ran, when it returned */
} worker_result;

/** What to run. All is copied or used before worker_start() returns, but for `secrets`. */
typedef struct worker_request {
    const char *plugin; /**< path of the pinned copy */
    const char *sha256; /**< what its bytes must be */
    const char *step;   /**< the step's name within the plugin */
    worker_phase phase;
    const json_t *options;        /**< name -> string, integer (int, bool, ms, bytes) or array of strings */
    const json_t *pending;        /**< array of names of options known later; may be NULL */
    const json_t *facts;          /**< name -> string; "work.dir" is made and removed by the worker side */
    const json_t *undo;           /**< array of {"key","value"}, newest first; may be NULL */
    const redactor *secrets;      /**< borrowed until done; masks everything that comes back */
    int64_t timeout_ms, grace_ms; /**< grace: from cancellation to SIGKILL; 0: 5 s */
    int lease;                    /**< a descriptor of which all that is started keeps a copy; 0: none */
    /** For proofs about plugins only, else NULL: a program with its arguments, NULL-terminated, to which the path of
     *  belay-worker is appended. It starts that and watches the plugin's process, which then can be read. */
    const char *const *watcher;
    /** For people who look for a fault, else false; not with a watcher. The plugin is loaded by the name of its file,
     * and its process, which then can be read, waits for at most 20 s for the debugger that handlers.attach starts. */
    bool debugged;
    bool bare;    /**< for proofs: the environment says nothing of the user: no HOME, no language, no time zone */
    int fail_run; /**< for proofs: the n-th host->run of the call fails; 0: none */
} worker_request;

/** What the worker asks and tells. Texts are masked already. Those that return int: 0 done, else refused; for remember,
 * 0 only when the record is durable. `*ret_kept` is borrowed until the next call. All but done may be NULL. */
typedef struct worker_handlers {
    void *user;
    int (*remember)(void *user, const char *key, const char *value, const char **ret_kept);
    int (*output)(void *user, const char *name, const char *value);
    int (*measure)(void *user, const char *name, double value); /**< value: NaN for what is not finite: refuse it */
    void (*log)(void *user, int level, const char *line);
    void (*progress)(void *user, uint64_t done, uint64_t all, const char *what);
    void (*plan)(void *user, const char *change, const char *undo);
    int (*keep)(void *user, const char *artifact, const char *bytes, size_t n);
    void (*attach)(void *user, int pid, const char *entry); /**< entry: "0x...", where the plugin's code begins */
    void (*done)(void *user, const worker_result *result);
} worker_handlers;

typedef struct worker worker;

/** Opens the belay-worker program: beside the running program, or in libexec. Kept open, so that a replaced package
 * does not change a run. Call once; again is fine. From then on SIGPIPE is
 * ignored in this process: a worker that just ended must not end the core that writes to it. */
int worker_init(error **err) CHECKED;
/** Removes the work folders that killed workers have left in TMPDIR, or else /tmp. */
void worker_remove_leftovers(void);
/** The same as worker_init(), as that `belay` program would find it: for tests of plugins, which lie elsewhere. */
int worker_init_beside(const char *program, error **err) CHECKED;
/** Starts one phase; an error means that nothing was started, and done is not called. */
int worker_start(uv_loop_t *loop, const worker_request *request, const worker_handlers *handlers, worker **ret,
                 error **err) CHECKED;
/** Asks it to stop; after its grace time it is killed. done follows in any case. */
void worker_cancel(worker *w);
/** Kills it and all it started, now. done follows. */
void worker_kill(worker *w);

/** Reads a plugin's descriptor in a worker, blocking at most 5 s; *ret is the JSON of docs/PROTOCOL.md "plugin". */
int worker_describe(const char *plugin, const char *sha256, json_t **ret, error **err) CHECKED;
/** The same under a watcher, as in worker_request. */
int worker_describe_watched(const char *plugin, const char *sha256, const char *const *watcher, json_t **ret,
                            error **err) CHECKED;

#endif
