/**
 * @file store.h
 * What Belay remembers: runs, steps, phases, undo records, outputs, measurements, events. SQLite in WAL mode with
 * synchronous=FULL: when a function that writes returns 0, the record survives a power cut as far as the disk keeps its
 * word. Only the core writes; one process writes at a time (see store_lock.h).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

typedef struct store store;

/** $BELAY_STATE_DIR, else /var/lib/belay for root, else $XDG_STATE_HOME/belay or ~/.local/state/belay; caller frees. */
char *store_default_folder(void);
/** Another default folder in which runs are recorded on this machine, for which `folder` is not the only truth: that of
 * root (root_folder: "/var/lib/belay"), or of the user who called sudo. NULL: there is none; the caller frees. */
char *store_other_folder(const char *folder, const char *root_folder);
/** Opens or makes folder/belay.db (folder 0700, file 0600). A newer schema or a damaged file is ERROR_STORE with what
 * to do. */
int store_open(const char *folder, store **ret, error **err) CHECKED;
void store_close(store *s);
GUARD(store, store_close)
const char *store_folder(const store *s);
/** PRAGMA integrity_check, the foreign keys and the schema's version; ERROR_STORE says what is wrong. */
int store_check(store *s, error **err) CHECKED;

/* ---- runs ----------------------------------------------------------------------------------------------------------
 */

/** X(ID, word): where a run stands. All but RUNNING, ROLLING_BACK and PAUSED are ends. */
#define RUN_STATES(X)                                                                                                  \
    X(RUNNING, "running")                                                                                              \
    X(PAUSED, "paused")                                                                                                \
    X(ROLLING_BACK, "rolling back")                                                                                    \
    X(COMMITTED, "committed") X(ROLLED_BACK, "rolled back") X(NEEDS_PERSON, "needs a person") X(REFUSED, "refused")
typedef enum run_state {
#define X(id, word) RUN_##id,
    RUN_STATES(X)
#undef X
} run_state;
const char *run_state_name(run_state state);
bool run_state_is_end(run_state state);
/** True of a run that can be gone on with: it has not ended, or needs a person. */
bool run_state_is_open(run_state state);

/** All strings are owned by the struct and never NULL ("" when not known). Times: ms since 1970, 0 when not yet. */
typedef struct store_run {
    char *id; /**< "20261123-184512-k7f2": UTC start and four random letters or digits; sorts by time */
    char *pipeline, *environment, *version, *previous, *commit;
    char *file, *text; /**< the pipeline file's path, and its text as it was at the start */
    json_t *sets;      /**< array of the --set overrides */
    run_state state;
    char *reason; /**< why it ended or paused, in one line */
    char *user, *host;
    int64_t started_ms, ended_ms, failed_ms, healthy_ms; /**< failed: first failure; healthy: rollback proved */
    bool discarded;                                      /**< what rollback kept was let go */
} store_run;
void store_run_done(store_run *r);

/** An id as runs have, by the time and four random letters; the caller frees. It may be taken: store_run_create()
 * checks that. */
int store_run_new_id(int64_t now_ms, char **ret, error **err) CHECKED;
/** Creates the run with its text and the pinned plugins; fills r->id and r->started_ms. */
int store_run_create(store *s, store_run *r, error **err) CHECKED;
/** Writes state, reason, commit and times of r. */
int store_run_update(store *s, const store_run *r, error **err) CHECKED;
/** id may be a unique prefix, or "latest". ERROR_NOT_FOUND says which runs there are. */
int store_run_get(store *s, const char *id, store_run *ret, error **err) CHECKED;
/** The newest run of the environment that has not ended; ret->id is NULL when there is none. */
int store_run_unfinished(store *s, const char *environment, store_run *ret, error **err) CHECKED;
/** The newest run of the environment that was not refused; ret->id is NULL when there is none. */
int store_run_newest(store *s, const char *environment, store_run *ret, error **err) CHECKED;
/** What the run that ended last has left live: its version, or what was there before it when it was taken back; and the
 * run that tells so. Both are NULL when no version is known; the caller frees. */
int store_live(store *s, const char *environment, char **ret_version, char **ret_run, error **err) CHECKED;
/** The names of the environments that have runs, that of the newest run first; the caller decrefs. */
int store_environments(store *s, json_t **ret, error **err) CHECKED;
/** Newest first; environment NULL: all. fn returns false to stop. */
int store_runs(store *s, const char *environment, int limit, bool (*fn)(void *user, const store_run *r), void *user,
               error **err) CHECKED;

/** The plugins a run recorded: name, version, sha256. */
int store_plugin_add(store *s, const char *run, const char *name, const char *version, const char *sha256,
                     uint32_t undo_format, error **err) CHECKED;
/** "" when the run did not record this plugin; the caller frees. */
int store_plugin_sha256(store *s, const char *run, const char *name, char **ret, error **err) CHECKED;

int store_plugins(store *s, const char *run,
                  bool (*fn)(void *user, const char *name, const char *version, const char *sha256), void *user,
                  error **err) CHECKED;

/* ---- steps and phases: the journal ----------------------------------------------------------------------------------
 */

/** A phase of a step: an intent (ended_ms 0) or a result. */
typedef struct store_phase {
    int64_t seq; /**< order of start within the run */
    char *step;  /**< step id */
    char *phase; /**< "execute" ... */
    int attempt; /**< from 1 */
    int64_t started_ms, ended_ms;
    int32_t status; /**< belay_status */
    char *end;      /**< worker_end's word */
    char *verdict;  /**< "passed" "failed" "error" "inconclusive" "not yet"; "" while it runs */
    char *summary, *hint;
} store_phase;

/** Writes the intent; durable before it returns. *ret_seq names it for store_phase_end. */
int store_phase_begin(store *s, const char *run, const char *step, const char *phase, int attempt, int64_t *ret_seq,
                      error **err) CHECKED;
int store_phase_end(store *s, const char *run, const store_phase *result, error **err) CHECKED;
/** In order of start. step NULL: all. */
int store_phases(store *s, const char *run, const char *step, bool (*fn)(void *user, const store_phase *p), void *user,
                 error **err) CHECKED;

/** The step's place in the run and how it was called; options as stored JSON, secrets by reference. */
int store_step_put(store *s, const char *run, const char *step, size_t index, const char *stage, const char *kind,
                   const json_t *options, error **err) CHECKED;
/** A step as a run recorded it; see store_step_put(). */
typedef struct store_step {
    char *step, *stage, *kind;
    size_t index;
    json_t *options;
} store_step;
/** Records many steps, all or none. */
int store_steps_put(store *s, const char *run, const store_step *steps, size_t n, error **err) CHECKED;
/** By index. */
int store_steps(store *s, const char *run, bool (*fn)(void *user, const store_step *step), void *user,
                error **err) CHECKED;
/** A free-form mark that the machine wants durable ("decision", "rollback because ..."); at most one for each key. */
/** The key of the pipeline's checklist: {title, boxes:[{id, section, text, steps:[{id, title}]}]}. */
#define STORE_MARK_CHECKLIST "checklist"
/** The key of when a paused run may go on by itself: "PAUSED DUE", ms since 1970; "" when it waits for a person to act.
 */
#define STORE_MARK_DUE "due"
int store_mark(store *s, const char *run, const char *key, const char *value, error **err) CHECKED;
int store_marks(store *s, const char *run, bool (*fn)(void *user, const char *key, const char *value), void *user,
                error **err) CHECKED;

/* ---- people's decisions --------------------------------------------------------------------------------------------
 */

/** What a person said at a gate; see core/approval/statement.h. Nothing of it is secret. */
typedef struct store_approval {
    char *gate; /**< step id */
    char *role, *decision, *reason, *statement, *signature, *user;
    int64_t at_ms;
    char *signers; /**< who could sign at that time, with which keys; "" of decisions of earlier versions */
} store_approval;
/** May be called while another process drives the run. number: which decision of the run it is, from 1; ERROR_LOCKED
 * when there is one of that number already. */
int store_approval_add(store *s, const char *run, const store_approval *a, int64_t number, error **err) CHECKED;
/** Oldest first; gate NULL: all. */
int store_approvals(store *s, const char *run, const char *gate, bool (*fn)(void *user, const store_approval *a),
                    void *user, error **err) CHECKED;

/* ---- undo, outputs, measurements ------------------------------------------------------------------------------------
 */

/** First write wins within (run, step, epoch): *ret_kept is what the journal holds now; the caller frees. */
int store_undo_add(store *s, const char *run, const char *step, int epoch, const char *key, const char *value,
                   char **ret_kept, error **err) CHECKED;
/** Array of {"key","value"}, newest first; the caller decrefs. */
int store_undo_list(store *s, const char *run, const char *step, int epoch, json_t **ret, error **err) CHECKED;
/** The step's current epoch, from 0. */
int store_epoch(store *s, const char *run, const char *step, int *ret, error **err) CHECKED;
/** After a clean rollback: a new attempt starts with an empty journal. */
int store_epoch_next(store *s, const char *run, const char *step, error **err) CHECKED;

int store_output_put(store *s, const char *run, const char *step, const char *name, const char *value,
                     error **err) CHECKED;
/** *ret is NULL when there is none; the caller frees. */
int store_output_get(store *s, const char *run, const char *step, const char *name, char **ret, error **err) CHECKED;

/** All of a run, by step and name. */
int store_outputs(store *s, const char *run,
                  bool (*fn)(void *user, const char *step, const char *name, const char *value), void *user,
                  error **err) CHECKED;
/** The undo records of all steps and epochs, oldest first. */
int store_undo_all(store *s, const char *run,
                   bool (*fn)(void *user, const char *step, int epoch, const char *key, const char *value), void *user,
                   error **err) CHECKED;

typedef struct store_measurement {
    char *step, *name, *unit;
    double value; /**< the last sample */
    int64_t samples, at_ms;
    char *threshold; /**< "> 500", the one that held or the one that did not; "" when there was none */
    char *verdict;   /**< "passed" "warned" "failed" */
} store_measurement;
/** Replaces the measurement of this step and name; samples counts up. */
int store_measurement_put(store *s, const char *run, const store_measurement *m, error **err) CHECKED;
int store_measurements(store *s, const char *run, bool (*fn)(void *user, const store_measurement *m), void *user,
                       error **err) CHECKED;

/** The value that the newest committed run of this pipeline in this environment, other than `run`, has measured.
 * *ret_run is its id, or NULL when there is none; the caller frees. */
int store_baseline(store *s, const store_run *run, const char *step, const char *name, double *ret, char **ret_run,
                   error **err) CHECKED;

/* ---- the chain -----------------------------------------------------------------------------------------------------
 */

/** What changes the record of a run is also appended to the run's chain, in the same transaction. Each link's hash
 * covers that of the link before it, so the newest hash stands for all of them. The events that are reported are links,
 * too. These are the kinds of the others; their bodies are what the functions below give. */
#define STORE_CHAIN_PLAN        "plan"        /**< what the run does: core/approval/plan.h */
#define STORE_CHAIN_PHASE       "phase"       /**< the end of one: store_phase_json() */
#define STORE_CHAIN_MEASUREMENT "measurement" /**< store_measurement_json() */
#define STORE_CHAIN_OUTPUT      "output"      /**< {step name sha256} */
#define STORE_CHAIN_UNDO        "undo"        /**< {step epoch key sha256} */
#define STORE_CHAIN_STATE       "state"       /**< store_state_json() */
#define STORE_CHAIN_DECISION    "decision"    /**< store_approval_json() */

typedef struct store_link {
    const char *kind; /**< STORE_CHAIN_*; "": an event */
    int64_t at_ms;
    const char *json;
    const char *hash; /**< 64 hexadecimal digits; "": of a Belay that kept no chain */
} store_link;
/** In order; borrowed while fn runs. */
int store_chain(store *s, const char *run, bool (*fn)(void *user, const store_link *l), void *user,
                error **err) CHECKED;
/** Appends a link that is not a table's row: STORE_CHAIN_PLAN. Takes body. */
int store_chain_add(store *s, const char *run, const char *kind, json_t *body, error **err) CHECKED;
/** The hash of a link behind one with the hash `before` ("" for the first). */
void store_link_hash(const char *before, const char *run, const store_link *l, char hex[65]);

/** A text as JSON has it: of one that is not UTF-8, its digest. */
json_t *store_text_json(const char *text);
json_t *store_phase_json(const store_phase *p);
json_t *store_measurement_json(const store_measurement *m);
json_t *store_state_json(const store_run *run);
/** {gate role decision sha256}: the digest is of the statement, a newline and the signature. */
json_t *store_approval_json(const store_approval *a);

/* ---- events, artifacts ----------------------------------------------------------------------------------------------
 */

/** Appends an event (see report/event.h). Not synced by itself: the next durable write takes it along. */
int store_event_add(store *s, const char *run, int64_t at_ms, const char *json, error **err) CHECKED;
/** In order; type: "step.end" ..., or NULL for all. */
int store_events(store *s, const char *run, const char *type, bool (*fn)(void *user, const char *json), void *user,
                 error **err) CHECKED;
/** state/runs/RUN/STEP/NAME, its folders made; the caller frees. */
int store_artifact_path(store *s, const char *run, const char *step, const char *name, char **ret, error **err) CHECKED;

#endif
