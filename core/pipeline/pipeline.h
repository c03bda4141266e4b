/**
 * @file pipeline.h
 * A pipeline file (libconfig) read, resolved and checked against the catalog. All problems are found in one go.
 *
 * Text values may hold references: ${vars.NAME} ${pipeline.NAME} ${env:NAME} ${secret:NAME} ${steps.ID.OUTPUT}; "$${"
 * is a plain "${". vars, pipeline and env are put in when the file is loaded. Secrets stay references until a phase
 * starts; so does an env reference in an option that is marked secret. Outputs are put in when their step has produced
 * them.
 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/redact.h"
#include "base/units.h"
#include "catalog/catalog.h"

typedef struct pipeline_place {
    const char *file; /**< owned by the pipeline, or by the problem */
    unsigned line;
} pipeline_place;

typedef struct pipeline_problem {
    pipeline_place where;
    bool warning;
    char *what; /**< "unknown option 'servces' of docker.build; did you mean 'services'?" */
    char *hint; /**< NULL: none */
    char *file; /**< where.file, owned */
} pipeline_problem;

typedef struct pipeline_problems {
    pipeline_problem *items;
    size_t count, room;
} pipeline_problems;
void pipeline_problems_done(pipeline_problems *p);
bool pipeline_problems_fatal(const pipeline_problems *p);

typedef enum pipeline_policy { POLICY_ROLLBACK, POLICY_PAUSE, POLICY_WARN } pipeline_policy;

/** A metric's thresholds, from the step's fail_if and warn_if or else the plugin's own. */
typedef struct pipeline_threshold {
    char *metric; /**< "size" (every instance) or "size/agents" */
    char *text;   /**< as written: "> 500MB" */
    units_threshold rule;
    bool fail;  /**< else: warn */
    bool slope; /**< of what the metric grows by in an hour of a soak: "slope(size) > 8MB/h" */
} pipeline_threshold;

typedef struct pipeline_stage pipeline_stage;

typedef struct pipeline_step {
    size_t index; /**< in pipeline.steps */
    char *id;
    const catalog_kind *kind;
    const pipeline_stage *stage;
    pipeline_place where;
    char *title;   /**< one line for people; NULL: none */
    char **covers; /**< ids of checklist boxes; NULL-terminated, never NULL */
    size_t *needs; /**< indices of steps, all smaller than this one's */
    size_t need_count;
    bool skipped;            /**< `when` said no */
    int64_t timeout_ms;      /**< of prepare, execute and one verify */
    int64_t undo_timeout_ms; /**< of rollback; from undo_timeout, default: the greater of timeout and 2 min */
    int retry_attempts;      /**< >= 1: tries of execute and of verify after an error verdict (never after failed) */
    int64_t retry_delay_ms;
    double retry_backoff; /**< factor, >= 1 */
    int64_t ready_ms;     /**< how long verify may say NOT_YET; from `ready`, default 60 s */
    int64_t interval_ms;  /**< between two samples; from `interval`, default 1 s */
    int64_t soak_ms;      /**< from `soak`: once it holds, it must hold at each sample for so long; 0: no */
    int64_t max_gaps;     /**< samples of a soak that may be missing; from `max_gaps`, default 0 */
    int hits;             /**< samples in a row that must hold; from `hits`, default 1 */
    pipeline_policy on_failure, on_error, on_inconclusive; /**< default: rollback, rollback, rollback */
    pipeline_threshold *thresholds;
    size_t threshold_count;
    size_t *answers; /**< of the diagnosis: indices of the steps of the stages whose failure it looks into */
    size_t answer_count;
    /** Option name -> text, integer or array of texts, defaults applied. Texts may still hold ${secret:} ${steps.}
     *  ${env:}; this is what the store keeps. */
    json_t *options;
} pipeline_step;

struct pipeline_stage {
    char *name;
    pipeline_place where;
    unsigned parallel;   /**< >= 1 */
    bool diagnose;       /**< the diagnosis: what looks for the cause of a failure */
    bool rollback;       /**< the rollback stage */
    size_t first, count; /**< its steps, a range of pipeline.steps */
};

/** A box of the checklist. */
typedef struct pipeline_box {
    char *id;            /**< what a step's `covers` names */
    const char *section; /**< heading; borrowed from the pipeline */
    char *text;
} pipeline_box;

/** Steps of all stages in file order, then those of the diagnosis, then those of the rollback stage. */
typedef struct pipeline {
    char *name, *environment, *version;
    char *previous; /**< "" on a first deploy */
    char *lock;     /**< a file beside the environment that a run locks (flock), absolute; NULL: none */
    char *path;     /**< absolute */
    char *folder;   /**< of the file; relative paths start here */
    char *text;     /**< the whole text with @include put in, and `--set` recorded: what a run stores */
    json_t *vars;   /**< name -> text, after --set */
    pipeline_stage *stages;
    size_t stage_count; /**< the main ones, then the diagnosis and the rollback stage, where there are such */
    pipeline_step *steps;
    size_t step_count;
    size_t main_count;   /**< steps of the main stages */
    int64_t diagnose_ms; /**< how long the whole diagnosis may take; from `limit`, default 3 s */
    char *checklist;     /**< its title; NULL: the file has no checklist */
    char **sections;     /**< its headings, NULL-terminated; NULL without a checklist */
    pipeline_box *boxes; /**< of all sections, in order */
    size_t box_count;
    char *required_environment;   /**< from `requires`: where this commit must have been signed off; NULL: nowhere */
    int64_t signed_off_within_ms; /**< how long ago at the most */
    json_t *given; /**< of a step alone: every step of its file -> output -> text, as it was given; else NULL */
    struct pipeline_inner *inner; /**< files' names, environment, secrets: for core/pipeline alone */
} pipeline;

typedef struct pipeline_source {
    const char *path;        /**< the file; for errors and relative names also when text is given */
    const char *text;        /**< NULL: read path. Else: the recorded text (no @include is read) */
    const char *const *sets; /**< "vars.root=/x", "pipeline.version=v2", NULL-terminated; may be NULL */
} pipeline_source;

/** Loads and checks. On -ERROR_CONFIG *problems says all that is wrong, *err only sums up. *problems also receives the
 *  warnings of a good file. */
int pipeline_load(const pipeline_source *source, const catalog *catalog, pipeline **ret, pipeline_problems *problems,
                  error **err) CHECKED;
/** A pipeline of one step, for `belay try`: sets are "option=value" or common step options; a list's items are split at
 * ',' or given by repeating. Relative paths start at folder. */
int pipeline_of_step(const catalog *catalog, const char *kind, const char *const *sets, const char *folder,
                     pipeline **ret, pipeline_problems *problems, error **err) CHECKED;
/** A file's pipeline with nothing left but one step, for `belay try FILE#STEP`. Among the sets are the outputs of other
 * steps that it refers to: "steps.ID.OUTPUT=value". ERROR_USAGE: no such step, skipped, or an output is missing. */
int pipeline_of_file_step(const pipeline_source *source, const catalog *catalog, const char *id, pipeline **ret,
                          pipeline_problems *problems, error **err) CHECKED;
void pipeline_free(pipeline *p);
GUARD(pipeline, pipeline_free)

/** The step of this id, or NULL. */
const pipeline_step *pipeline_step_find(const pipeline *p, const char *id);

/** Gives the value of an output ("backup", "file"), borrowed, or NULL when it is not there yet. */
typedef const char *(*pipeline_output_fn)(void *user, const char *step, const char *output);

/** What a step's options may lack in a phase. */
typedef enum pipeline_lack {
    PIPELINE_LACKS_NOTHING,
    PIPELINE_LACKS_OUTPUTS,   /**< outputs of other steps: the option is pending */
    PIPELINE_LACKS_VARIABLES, /**< also variables of ${env:...}: an option that is not required, or the item of its
                                 list, is left out */
} pipeline_lack;

/** The variables that the step's secret options refer to and that are not set now: "A, B", or "". The caller frees. */
char *pipeline_unset_variables(const pipeline *p, const pipeline_step *s);

/**
 * A step's options for a phase: secrets, env and outputs put in, types applied (durations in ms ...).
 * *ret_pending names the options that need an output which is not there yet; with PIPELINE_LACKS_NOTHING that is an
 * error. Every secret value used is added to secrets, and those of the .env files that the options name
 * (env_secrets.h). A secret that does not resolve is ERROR_CONFIG naming it and its provider.
 */
int pipeline_options(const pipeline *p, const pipeline_step *s, pipeline_output_fn output, void *user,
                     pipeline_lack lack, json_t **ret_options, json_t **ret_pending, redactor *secrets,
                     error **err) CHECKED;

/** Adds every secret value that options of any step are made of, as far as it can be fetched now. *ret_why says why the
 * first one that cannot be fetched cannot; NULL: all could. The caller frees it. */
void pipeline_secrets(const pipeline *p, redactor *into, char **ret_why);

/** The outputs that the step's options refer to: calls fn for each. */
void pipeline_references(const pipeline_step *s, void (*fn)(void *user, const char *step, const char *output),
                         void *user);

#endif
