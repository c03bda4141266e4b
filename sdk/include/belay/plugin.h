/**
 * @file belay/plugin.h
 * Belay's plugin interface, ABI major 1. The only header a plugin needs; C17 and C++17.
 *
 * A plugin is one shared object, NAME.so, that exports one function, belay_plugin_v1(). It returns constant tables:
 * the step kinds it offers, and for each kind its options, outputs, metrics and up to five callbacks (phases).
 *
 * The rules that keep plugins and hosts of different age working together:
 * - Structs only grow at their end. A reader looks no further than `struct_size`, or than the `*_stride` of a table.
 * - Fields have fixed width; there are no enums or bit-fields; zero means "not set".
 * - No memory changes owner. Strings given to a callback live until it returns; strings given to the host are copied.
 *
 * Where a callback runs: in a process of its own, made for this one call, in its own process group, with standard
 * input at /dev/null, a filtered environment, umask 077 and a private work folder as current directory. The process may
 * be killed at any instruction. One thread, one call. Whatever is written to stdout or stderr becomes log lines.
 */
#ifndef BELAY_PLUGIN_H
#define BELAY_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The minor version of ABI 1 that this header describes. */
#define BELAY_ABI_MINOR 0u
#define BELAY_EXPORT    __attribute__((visibility("default")))

/* ---- status ---------------------------------------------------------------------------------------------------- */

/** What every callback and most host functions return. Non-negative is good. */
typedef int32_t belay_status;

#define BELAY_OK            0    /**< Done. From verify: a sample was taken and it holds. */
#define BELAY_NOTHING       1    /**< Nothing to do: the world already is as wanted. */
#define BELAY_NOT_YET       2    /**< verify only: not ready; ask again within the ready window. */
#define BELAY_NO_DATA       3    /**< verify only: there is nothing to judge by. Never counts as passed. */
#define BELAY_E_FAIL        (-1) /**< The release is bad, or the change was refused. Verdict: failed. */
#define BELAY_E_RETRY       (-2) /**< Could not do or measure, for a reason that may pass. Verdict: error. */
#define BELAY_E_CANCELLED   (-3) /**< Stopped because asked to. */
#define BELAY_E_CONFIG      (-4) /**< The options are wrong; nothing was done. */
#define BELAY_E_LIMIT       (-5) /**< A documented limit of this interface was hit. */
#define BELAY_E_UNSUPPORTED (-6) /**< This host is too old for the call, or does not know a flag. */
#define BELAY_E_HOST        (-7) /**< The host is gone or refused: return at once, do not act. */

/* ---- options --------------------------------------------------------------------------------------------------- */

#define BELAY_T_STRING   1u
#define BELAY_T_INT      2u /**< min and max apply when min < max. */
#define BELAY_T_BOOL     3u /**< opt_int() gives 0 or 1. */
#define BELAY_T_DURATION 4u /**< Written "250ms", "30s", "5m", "24h", "2d"; opt_int() gives milliseconds. */
#define BELAY_T_SIZE     5u /**< Written "64KiB", "20GB"; opt_int() gives bytes. */
#define BELAY_T_ENUM     6u /**< One of `choices`. */
#define BELAY_T_PATH     7u /**< A file name. The host makes it absolute, from the pipeline file's folder. */
#define BELAY_T_LIST     8u /**< A list of strings. */

#define BELAY_F_REQUIRED   1u
#define BELAY_F_SECRET     2u /**< Masked in everything the host writes, never stored. */
#define BELAY_F_DEPRECATED 4u /**< Still read; its use draws a warning with `doc`. */
#define BELAY_F_COMMIT     8u /**< Outputs only: the exact source of the release, kept in the run's record. */

/** One option of a step kind. Checking, documentation and completion all come from this. */
typedef struct belay_option {
    const char *name;           /**< lower_case_with_underscores */
    uint32_t type, flags;       /**< BELAY_T_*, BELAY_F_* */
    const char *def;            /**< Default, written as a user would; NULL: none. List items are split at ','. */
    const char *const *choices; /**< BELAY_T_ENUM: NULL-terminated. */
    int64_t min, max;           /**< BELAY_T_INT (units), BELAY_T_DURATION (ms), BELAY_T_SIZE (bytes). */
    const char *doc;            /**< One sentence; required. */
    const char *example;        /**< A value, written like `def`. */
} belay_option;

/** A named value that a step promises to produce; later steps read it as ${steps.ID.NAME}. */
typedef struct belay_output {
    const char *name, *doc;
    uint32_t type, flags; /**< BELAY_T_*; BELAY_F_SECRET, BELAY_F_COMMIT */
} belay_output;

/**
 * Something a step measures. The host compares it with the thresholds, which a pipeline may override.
 * A threshold reads "> 200", "< 99.5", ">= 1", "<= 9", "== 0", "!= 1" or "outside 1..5", and holds when the
 * measurement is bad. Numbers may carry a unit of the metric's kind: "> 2s" for "ms", "< 20GB" for "B".
 */
typedef struct belay_metric {
    const char *name, *unit, *doc; /**< unit: "ms" "%" "1/s" "B" or "" (a plain count) */
    const char *warn, *fail;       /**< NULL: no threshold */
} belay_metric;

/* ---- host ------------------------------------------------------------------------------------------------------ */

/** The call being made; opaque, valid until the callback returns. */
typedef struct belay_ctx belay_ctx;

/** A program to run: argument vector, no shell. Zero every member you do not set. */
typedef struct belay_run {
    uint32_t struct_size; /**< sizeof(belay_run) */
    uint32_t flags;       /**< none defined; must be 0 */
    uint32_t timeout_ms;  /**< 0: what is left of the phase's time */
    int32_t in_fd;        /**< standard input; 0: stdin_text, or else /dev/null */
    int32_t out_fd;       /**< standard output; 0: captured */
    int32_t exit_code;    /**< out: exit status; -1 when ended by a signal */
    int32_t term_signal;  /**< out: that signal, or 0 */
    uint32_t reserved;
    const char *const *argv; /**< NULL-terminated; argv[0] is looked up in PATH. May hold no secret. */
    const char *const *env;  /**< "NAME=value", added to the filtered environment; may hold secrets. */
    const char *cwd;         /**< NULL: the work folder */
    const char *stdin_text;  /**< may hold secrets */
    const char *keep_as;     /**< also append both streams, masked, to the artifact of this name: the first and the
                              *   last 6 MiB, the middle left out by a line that says so */
    void (*on_line)(void *user, const char *line); /**< each line of either stream as it comes; may be NULL */
    void *user;
    const char *out, *err;     /**< out: first 64 KiB and last 192 KiB, NUL-terminated, never NULL */
    uint64_t out_len, err_len; /**< out: bytes written by the program, also those not kept */
} belay_run;

/**
 * What the host lends to a plugin. Values come checked against the schema, with defaults applied.
 *
 * Limits: an undo value 64 KiB, 256 undo keys per step, an output 16 KiB, 200 log lines a second and 4 MiB of log
 * per call (what exceeds them is dropped and counted; the count is the log's last line), 64 artifacts per call of
 * 16 MiB each.
 */
typedef struct belay_host {
    uint32_t struct_size;
    uint32_t abi_minor; /**< >= the plugin's needs_minor */

    /** Option as text; NULL when not set, or pending. */
    const char *(*opt_str)(belay_ctx *, const char *name);
    /** Option as a number: int, bool, duration (ms) or size (bytes); 0 when not set. */
    int64_t (*opt_int)(belay_ctx *, const char *name);
    /** Option as a NULL-terminated list; never NULL, empty when not set. */
    const char *const *(*opt_list)(belay_ctx *, const char *name);
    /** 1 when the value depends on the output of a step that has not run: known later. Only while preparing; the
     *  host prepares the step again, with the value, just before execute. */
    int32_t (*pending)(belay_ctx *, const char *name);
    /** A fact about the call, or NULL: "run.id" "step.id" "stage" "environment" "pipeline.name" "pipeline.version"
     *  "pipeline.previous" "pipeline.dir" "work.dir" (private, removed afterwards) "attempt" (from "1") "dry_run"
     *  ("1" under plan) "run.started_at" "stage.started_at" "step.started_at" (seconds since 1970, with fraction).
     *  Of a step that waits also: "step.waited" (seconds since it was first asked, with fraction, by a clock that does
     *  not step while one process of Belay asks), "run.user" (who started the run), "run.evidence" (hex SHA-256 of the
     * plan and of all that the run has found so far), "step.approvals" (JSON: array of {role decision reason statement
     * signature user at counts why person signed}, oldest first; at: seconds since 1970; counts: whether it does by the
     * step's options roles, allowed_signers, own_run and distinct, and why not; person: the key's principal, or user),
     * "run.findings" (JSON: {steps boxes} of the run so far. steps: id -> {verdict summary measurements}, verdict as in
     * the event step.end, "" before its end; measurements: array of {name value unit}. boxes, of the pipeline's
     * checklist: id -> {state reason}, state "ticked" "failed" "open"). Of a step of the diagnosis also, about the step
     * that failed: "failure.step" "failure.kind" "failure.stage" "failure.summary" "failure.started_at" and, when it
     * kept anything, "failure.artifacts" (the folder of that). */
    const char *(*fact)(belay_ctx *, const char *name);

    /** prepare only: says in words what execute will change and how that is undone (NULL: nothing to undo).
     *  May be called several times. This is what `belay plan` prints. */
    void (*plan)(belay_ctx *, const char *change, const char *undo);

    /** Undo journal, execute only: the record is on disk when this returns BELAY_OK; only then may the plugin act.
     *  The first write of a key wins for the life of the step, so a second try keeps the true original; *kept (may
     *  be NULL) receives what is kept. A value that holds a secret is refused with BELAY_E_HOST. */
    belay_status (*remember)(belay_ctx *, const char *key, const char *value, const char **kept);
    /** What was remembered under key, or NULL. In execute, verify, rollback and discard. */
    const char *(*recall)(belay_ctx *, const char *key);
    /** The index-th record, newest first, or NULL past the end; *key receives its key. */
    const char *(*recall_at)(belay_ctx *, uint32_t index, const char **key);

    /** Produces a declared output. */
    belay_status (*output)(belay_ctx *, const char *name, const char *value);
    /** Reports a sample of a declared metric. "NAME/instance" keeps one figure for each instance ("size/agents").
     *  NaN and infinities are refused with BELAY_E_CONFIG. */
    belay_status (*measure)(belay_ctx *, const char *metric, double value);
    /** level: 0 debug, 1 info, 2 warning, 3 error. Several lines make several records. */
    void (*log)(belay_ctx *, int32_t level, const char *text);
    /** all = 0: the total is not known. what: a few words, may be NULL. */
    void (*progress)(belay_ctx *, uint64_t done, uint64_t all, const char *what);
    /** Appends to the artifact `name` of this step, masked; kept with the run. A name is 1 to 100 of [A-Za-z0-9._-],
     *  without a dot in front and without a secret: else BELAY_E_CONFIG. */
    belay_status (*keep)(belay_ctx *, const char *name, const void *bytes, uint64_t length);
    /** Explains the negative status, NOT_YET or NO_DATA about to be returned: what and why; hint: what to do;
     *  option: whose value is to blame. hint and option may be NULL. The last call counts. */
    void (*explain)(belay_ctx *, const char *summary, const char *hint, const char *option);

    /** 1 once the host asked the call to stop. */
    int32_t (*cancelled)(belay_ctx *);
    /** Turns readable on cancellation and when the host dies. Do not read from it, do not close it. */
    int32_t (*cancel_fd)(belay_ctx *);
    /** Milliseconds until the host stops the call. */
    int64_t (*time_left_ms)(belay_ctx *);
    /** Sleeps; BELAY_E_CANCELLED as soon as the call is cancelled, else BELAY_OK. */
    belay_status (*nap)(belay_ctx *, uint32_t ms);
    /** Runs a program to its end; it dies with the call. BELAY_OK when it ran, whatever its exit status;
     *  BELAY_E_FAIL with an explanation when it could not be started, BELAY_E_RETRY when it ran out of time. */
    belay_status (*run)(belay_ctx *, belay_run *io);
    /** An optional feature by id and revision; NULL when this host lacks it. None is defined yet. */
    const void *(*feature)(belay_ctx *, const char *id);
    /* New members go here, with a new BELAY_ABI_MINOR. */
} belay_host;

/* ---- step kinds and plugin ------------------------------------------------------------------------------------- */

#define BELAY_S_READ_ONLY    1u /**< A check: no execute, no rollback. */
#define BELAY_S_IRREVERSIBLE 2u /**< Executes without rollback; `belay plan` says so. */
/** A check that waits for people or for a time: its verify may say NOT_YET for as long as it takes, and the run can be
 *  left there (`belay run --no-wait`). It has more facts, see belay_host.fact. */
#define BELAY_S_WAITS 4u

typedef belay_status (*belay_fn)(belay_ctx *, const belay_host *);

/** A step kind. A change has execute and, unless irreversible, rollback; a check has prepare or verify only. */
typedef struct belay_step {
    const char *name, *doc;
    uint32_t flags;              /**< BELAY_S_* */
    uint32_t default_timeout_ms; /**< per phase; 0: the host's default, 5 minutes */
    const belay_option *options;
    uint32_t option_count, option_stride;
    const belay_output *outputs;
    uint32_t output_count, output_stride;
    const belay_metric *metrics;
    uint32_t metric_count, metric_stride;
    belay_fn prepare;  /**< Optional. Looks, changes nothing: can this step run? Calls plan(). */
    belay_fn execute;  /**< remember(), act, repeat. Must survive being run again. */
    belay_fn verify;   /**< Optional. One sample of "is it true now?", asked of the world. The host repeats it. */
    belay_fn rollback; /**< From the undo journal alone; fresh process, any crash point, any number of times. */
    belay_fn discard;  /**< Optional. After commit and retention: lets go of what rollback would have needed. */
} belay_step;

/** A plugin. Fill the head with BELAY_PLUGIN_HEAD. All texts of its tables together stay below 1 MiB. */
typedef struct belay_plugin {
    uint32_t struct_size;
    uint32_t built_minor;        /**< BELAY_ABI_MINOR at its build */
    uint32_t needs_minor;        /**< the oldest host it works with */
    uint32_t undo_format;        /**< format of the journal it writes; 0: it has no rollback */
    uint32_t undo_format_oldest; /**< the oldest format it can still roll back */
    uint32_t step_count, step_stride;
    const belay_step *steps;
    const char *name; /**< [a-z][a-z0-9-]{1,31}, the file's name without .so */
    const char *version;
    const char *license, *contact, *doc;
} belay_plugin;

/** Fills the three members of a table, of a belay_step or, BELAY_TABLE(step, my_steps), of a belay_plugin.
 *  Both macros are designated initializers: C and C++20, where members stand in the order of the struct. In C++17 gcc
 *  and clang know them as an extension, of which -Wpedantic warns; assign the members there. */
#define BELAY_TABLE(field, arr) BELAY_TABLE_##field(arr)
#define BELAY_TABLE_option(arr) .options = (arr), .option_count = BELAY_COUNT(arr), .option_stride = BELAY_STRIDE(arr)
#define BELAY_TABLE_output(arr) .outputs = (arr), .output_count = BELAY_COUNT(arr), .output_stride = BELAY_STRIDE(arr)
#define BELAY_TABLE_metric(arr) .metrics = (arr), .metric_count = BELAY_COUNT(arr), .metric_stride = BELAY_STRIDE(arr)
#define BELAY_TABLE_step(arr)   .step_count = BELAY_COUNT(arr), .step_stride = BELAY_STRIDE(arr), .steps = (arr)
#define BELAY_COUNT(arr)        ((uint32_t)(sizeof(arr) / sizeof((arr)[0])))
#define BELAY_STRIDE(arr)       ((uint32_t)sizeof((arr)[0]))
#define BELAY_PLUGIN_HEAD       .struct_size = (uint32_t)sizeof(belay_plugin), .built_minor = BELAY_ABI_MINOR
/** True when the host's table is long enough to hold member m, and m is there. */
#define BELAY_HAS(h, m) ((h)->struct_size >= offsetof(belay_host, m) + sizeof(((belay_host *)0)->m) && (h)->m)

/**
 * The one symbol a plugin exports; the ABI major is part of its name, so that one file can serve two majors.
 * Must do nothing but return a pointer to constant data.
 */
BELAY_EXPORT const belay_plugin *belay_plugin_v1(void);

#ifdef __cplusplus
}
#endif
#endif
