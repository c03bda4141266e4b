/**
 * @file cli.h
 * The commands: arguments in, text out, one file for each command. A command gets checked arguments and gives the exit
 * status of engine.h.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "catalog/catalog.h"
#include "engine/engine.h"
#include "pipeline/pipeline.h"
#include "store/store.h"

/* ---- arguments ------------------------------------------------------------------------------------------------- */

typedef struct cli_list {
    const char **items; /**< NULL-terminated once anything was added */
    size_t count, room;
} cli_list;

/** Every option of every command; a command takes those that its row in main.c names. Texts are borrowed from argv. */
typedef struct cli_args {
    const char *state, *environment, *assume, *format, *role, *reason, *key, *kind, *only, *gdb, *junit, *output,
        *signers, *expect;
    cli_list plugin_dirs, sets, cases;
    bool json, plain, verbose, undo, no_wait, due, yes, help;
    int keep, limit, kills;
    int64_t wait_ms, since_ms;
    const char *words[3]; /**< what is not an option */
    int word_count;
} cli_args;

/** X(ID, name, value's name or NULL for a flag, help) */
#define CLI_OPTIONS(X)                                                                                                 \
    X(SET, "set", "NAME=VALUE",                                                                                        \
      "override vars.NAME or pipeline.NAME; of try KIND: an option of the step (repeatable)")                          \
    X(JSON, "json", NULL, "print JSON: the events of a run, one a line, or one document")                              \
    X(PLAIN, "plain", NULL, "plain lines, also on a terminal")                                                         \
    X(VERBOSE, "verbose", NULL, "show the steps' log lines too")                                                       \
    X(ENVIRONMENT, "environment", "NAME", "only this environment")                                                     \
    X(ASSUME, "assume", "done|not-done", "what became of a step that cannot be undone and was cut short")              \
    X(KEEP, "keep", "N", "how many committed runs stay ready for rollback (default 1)")                                \
    X(LIMIT, "limit", "N", "at most N runs (default 20)")                                                              \
    X(FORMAT, "format", "NAME",                                                                                        \
      "how to print: text, json or junit; a checklist: md, html or json; "                                             \
      "a plugin's page: md, page or man")                                                                              \
    X(WAIT, "wait", "TIME", "wait so long, as 10m, for a live run of the environment to end (default: not at all)")    \
    X(NO_WAIT, "no-wait", NULL, "leave a run that waits for people or a time, with status 3; `belay resume` goes on")  \
    X(DUE, "due", NULL, "only a run that waits, if it may go on now; implies --no-wait (needs --environment)")         \
    X(ROLE, "role", "NAME", "the role in which you decide")                                                            \
    X(REASON, "reason", "TEXT", "why; recorded with the decision")                                                     \
    X(KEY, "key", "FILE", "the SSH key that signs the decision")                                                       \
    X(KIND, "kind", "check|change", "what the plugin shall be")                                                        \
    X(CASE, "case", "DIR", "a case to try the plugin on (repeatable)")                                                 \
    X(ONLY, "only", "PROOF[#N]", "only this proof, or its trial number N")                                             \
    X(GDB, "gdb", "prepare|execute|verify|rollback", "run this phase of the trial that --only names in gdb")           \
    X(KILLS, "kills", "N", "sample: about N kills in proof C1 (default 1000), N cancellations in T1, 5 N sets in X2")  \
    X(JUNIT, "junit", "FILE", "write JUnit XML there too")                                                             \
    X(OUTPUT, "output", "FILE", "where to write it (default: belay-RUN.tar.zst, here)")                                \
    X(SIGNERS, "signers", "FILE",                                                                                      \
      "an allowed_signers file that every signature must be of, whatever the run recorded")                            \
    X(EXPECT, "expect", "SHA256", "a statement that must be there: the digest that `belay approve` printed")           \
    X(UNDO, "undo", NULL, "roll the step back afterwards")                                                             \
    X(YES, "yes", NULL, "roll a committed run back without asking")                                                    \
    X(SINCE, "since", "TIME", "tell the step that its run began so long ago, as 10m (default: now)")                   \
    X(PLUGIN_DIR, "plugin-dir", "DIR", "look for plugins here first (repeatable)")                                     \
    X(STATE, "state", "DIR", "where runs are recorded (default $BELAY_STATE_DIR or /var/lib/belay)")                   \
    X(HELP, "help", NULL, "show this")
typedef enum cli_option_id {
#define X(id, name, value, help) CLI_##id,
    CLI_OPTIONS(X)
#undef X
        CLI_OPTION_COUNT
} cli_option_id;
typedef struct cli_option_row {
    const char *name, *value, *help; /**< value: what its value is called, NULL for a flag */
} cli_option_row;
/** By cli_option_id. */
extern const cli_option_row cli_option_rows[CLI_OPTION_COUNT];
#define CLI_BIT(id) (1u << CLI_##id)
/** The options that every command takes. */
#define CLI_COMMON (CLI_BIT(HELP) | CLI_BIT(STATE) | CLI_BIT(PLUGIN_DIR))
/** Those of commands that show a run as it happens. */
#define CLI_VIEW (CLI_BIT(JSON) | CLI_BIT(PLAIN) | CLI_BIT(VERBOSE))

typedef struct cli_command {
    const char *name;  /**< one word or two: "plugin new" */
    const char *words; /**< "[RUN]": for the usage line */
    int least, most;   /**< how many words */
    unsigned options;  /**< CLI_BIT()s besides CLI_COMMON */
    int (*run)(const cli_args *args);
    const char *formats; /**< "md|html|json": what --format takes */
    const char *summary; /**< one line */
    const char *more;    /**< what a user should know */
    const char *example;
} cli_command;

/** True when the command takes the option of this cli_option_id. */
bool cli_takes(const cli_command *command, int id);
/** Adds an item, which is borrowed. */
void cli_list_add(cli_list *list, const char *item);

/** Parses what follows the command's name. ERROR_USAGE names the nearest option. */
int cli_args_parse(const cli_command *command, int argc, char **argv, cli_args *ret, error **err) CHECKED;
void cli_args_done(cli_args *args);
/** The help of one command, to stdout. */
void cli_args_help(const cli_command *command);

/* ---- what commands share --------------------------------------------------------------------------------------- */

/** Prints "belay: error: ..." with its hint to stderr and gives the exit status for it. */
int cli_fail(const error *err);
/** The exit status for an error, printing nothing. */
int cli_exit_status(const error *err);

int cli_open_store(const cli_args *args, store **ret, error **err) CHECKED;
/** Opens the catalog; plugins that were refused are warned about on stderr. */
int cli_open_catalog(const cli_args *args, catalog **ret, error **err) CHECKED;
/** Loads args->words[0], printing all problems to stderr; unless quiet, warnings too. */
int cli_load_pipeline(const cli_args *args, const catalog *c, pipeline **ret, error **err) CHECKED;
/** Prints problems as FILE:LINE: error: WHAT. */
void cli_print_problems(const pipeline_problems *problems);

/** A pipeline of one step, from args->sets; prints its problems to stderr. */
int cli_load_step(const cli_args *args, const catalog *c, const char *kind, pipeline **ret, error **err) CHECKED;
/** Runs it alone; s may be NULL. */
int cli_try_step(const cli_args *args, const catalog *c, const pipeline *p, store *s, int *ret_status,
                 error **err) CHECKED;

/** An engine over a store (borrowed; NULL for plan and try) with the sink that the arguments ask for. */
typedef struct cli_engine {
    engine engine;
    report_sink sinks[2]; /**< the view, and who asks at gates */
} cli_engine;
void cli_engine_init(cli_engine *e, const cli_args *args, store *s);
void cli_engine_done(cli_engine *e);

/** The run that a word names ("latest" when there is none). */
int cli_get_run(const cli_args *args, store *s, store_run *ret, error **err) CHECKED;

typedef void (*cli_artifact_fn)(void *user, const char *path);
/** Calls fn for each artifact of the run, of the step unless that is NULL, by name. */
void cli_artifacts(const store *s, const char *run, const char *step, cli_artifact_fn fn, void *user);

/** Says that there are no runs, or none of this environment (NULL: all), and which there are. */
int cli_print_no_runs(store *s, const char *environment, error **err) CHECKED;
/** Prints a JSON document and a newline. */
void cli_print_json(json_t *document);
/** Prints text in lines of at most 100 characters, each after indent spaces. */
void cli_print_wrapped(int indent, const char *text);

/* ---- the commands ---------------------------------------------------------------------------------------------- */

int cli_plan(const cli_args *args);
int cli_run(const cli_args *args);
int cli_resume(const cli_args *args);
int cli_rollback(const cli_args *args);
int cli_status(const cli_args *args);
int cli_history(const cli_args *args);
int cli_show(const cli_args *args);
int cli_logs(const cli_args *args);
int cli_validate(const cli_args *args);
int cli_plugins(const cli_args *args);
int cli_explain(const cli_args *args);
int cli_doctor(const cli_args *args);
int cli_approve(const cli_args *args);
int cli_reject(const cli_args *args);
int cli_checklist(const cli_args *args);
int cli_bundle(const cli_args *args);
int cli_verify(const cli_args *args);
int cli_discard(const cli_args *args);
int cli_try(const cli_args *args);
int cli_plugin_new(const cli_args *args);
int cli_plugin_try(const cli_args *args);
int cli_plugin_doc(const cli_args *args);
int cli_plugin_check(const cli_args *args);
int cli_completion(const cli_args *args);

/** Makes streams, limits and signals of this process what the commands rely on (begin.c); false: told, it cannot run.
 */
bool cli_begin(void);

#endif
