/**
 * @file load.h
 * Inside of core/pipeline: what the parts of loading share. One `load` lives for one pipeline_load().
 *
 * A function that finds the file wrong reports a problem and goes on, or returns NULL or false after having reported
 * one; loading ends as a whole.
 */
#ifndef PIPELINE_LOAD_H
#define PIPELINE_LOAD_H

#include <libconfig.h>

#include "base/nearest.h"
#include "pipeline/environment.h"
#include "pipeline/pipeline.h"
#include "pipeline/reference.h"
#include "pipeline/secrets.h"
#include "pipeline/source.h"

typedef struct load load;

/** What a pipeline keeps for itself. */
struct pipeline_inner {
    source source; /**< owns the names of files */
    environment *environment;
    secrets *secrets;
};

/** "vars.root" or "pipeline.version": a template, and what it comes to. */
typedef struct definition {
    char *full;          /**< "vars.root" */
    const char *section; /**< "vars" or "pipeline" */
    const char *name;    /**< within full */
    pipeline_place where;
    bool given;  /**< the file or an override says it */
    bool fixed;  /**< cannot be overridden */
    char *raw;   /**< as written, or as overridden */
    char *value; /**< vars and pipeline put in, the other references left; NULL: not yet, or wrong */
    bool entered, done;
    const struct definition *asked_by; /**< while entered */
} definition;

typedef struct definitions {
    definition *items;
    size_t count, room;
} definitions;

struct load {
    const catalog *catalog;
    pipeline *p;
    pipeline_problems *problems; /**< borrowed */
    size_t problems_dropped;     /**< beyond those that are shown */
    bool recorded;               /**< what a run recorded, not files */
    struct {
        size_t *items; /**< the problems that are warnings of writers */
        size_t count, room;
    } writers;
    config_t config;
    definitions definitions;
    json_t *ids;                            /**< step id -> index */
    const config_setting_t **step_settings; /**< of each step */
};

/** Lets go of what the step owns. */
void pipeline_step_done(pipeline_step *s);

/* ---- problems (diagnose.c) --------------------------------------------------------------------------------------- */

pipeline_place load_place(const load *l, const config_setting_t *at);
void load_problem(load *l, pipeline_place where, const char *fmt, ...) PRINTF(3, 4);
void load_warning(load *l, pipeline_place where, const char *fmt, ...) PRINTF(3, 4);
/** Says what to do about the problem reported last. */
void load_hint(load *l, const char *fmt, ...) PRINTF(2, 3);
/** "; did you mean 'x'?" or "": for the end of a problem's text; the caller frees. */
char *load_did_you_mean(const nearest *n);
/** The same, for a NULL-terminated list of words. */
char *load_did_you_mean_of(const char *word, const char *const *words);
/** By file (in order of appearance) and line. */
void load_sort_problems(load *l);

/* ---- who may write, who may read (writers.c) --------------------------------------------------------------------- */

/** Warns of a file that others than its owner may write, or replace, or that belongs to a stranger. Missing is fine. */
void load_check_writers(load *l, pipeline_place where, const char *path);
/** Warns of a file with a secret that everybody may read, or others may write. Missing is fine. */
void load_check_secret_file(load *l, pipeline_place where, const char *path);
/** The same for a command's program, and the script that an interpreter is given. words: NULL-terminated. Relative
 * names start in folder (obeyed.c). */
void load_check_command(load *l, pipeline_place where, const char *folder, const char *const *words);
/** The same for the files that a step's options make it obey: commands, and files and folders named by paths. */
void step_check_obeyed(load *l, const pipeline_step *s, const config_setting_t *group);
/** Makes errors of the warnings of writers. */
void load_refuse_writers(load *l);

/* ---- the text (splice.c) ----------------------------------------------------------------------------------------- */

/** Reads path, or takes `recorded`, into the pipeline's source. A main file that cannot be read is an error; all else
 *  become problems; *ret_whole says whether there is a text to parse. */
int splice_read(load *l, const char *path, const char *recorded, bool *ret_whole, error **err) CHECKED;

/* ---- settings as written (setting.c) ----------------------------------------------------------------------------- */

/** "a number", "a list" ...: what a setting is, for people. */
const char *setting_type_name(const config_setting_t *s);
/** What the setting is called in a message: its own name, or that of the list it stands in. */
const char *setting_label(const config_setting_t *s);
/** A number as a double; 0 of anything else. */
double setting_number(const config_setting_t *s);
/** The member of a group, or NULL; of anything but a group NULL. */
config_setting_t *setting_member(const config_setting_t *group, const char *name);
/** Reports members of group that are not among `names`. what: "stage", "retry"; owner of the names. */
void setting_check_names(load *l, const config_setting_t *group, const char *what, const char *const *names);
/** The items of an array or list, or s itself as the only one. */
size_t setting_item_count(const config_setting_t *s);
const config_setting_t *setting_item(const config_setting_t *s, size_t i);
/** Writes a text as libconfig reads it. */
void setting_quote(text *out, const char *s, size_t n);
void texts_free(char **texts);

/* ---- variables (vars.c collects, expand.c puts in) --------------------------------------------------------------- */

/** Collects vars and the pipeline section, and applies the overrides of the file and of `sets`. */
void vars_collect(load *l, const config_setting_t *root, const char *const *sets);
/** Works out every definition; reports what is wrong with them. */
void vars_settle(load *l);
definition *vars_find(const load *l, const char *section, const char *name);
/** A definition's value, worked out when it is not yet; NULL: wrong, and reported. asked_by: whose text refers to it.
 */
const char *vars_value(load *l, definition *d, const definition *asked_by);
/** The final text of a definition; NULL: wrong, and reported. The caller frees. */
char *vars_text(load *l, const char *section, const char *name);
/** Where it is defined; the file's beginning when it is not. */
pipeline_place vars_place(const load *l, const char *section, const char *name);
/** Puts vars, pipeline and, with put_env, env into a text. Reports what is wrong in the text itself; what is wrong in a
 *  definition was reported there. NULL: wrong. The caller frees. */
char *vars_expand(load *l, pipeline_place where, const char *raw, bool put_env);
void vars_done(load *l);

/* ---- settings with variables put in (setting_value.c) ------------------------------------------------------------ */

/** The template of a string, with vars, pipeline and (unless keep_env) env put in; may hold the references in `allowed`
 *  (REF_*). NULL when it was reported. The caller frees. */
char *setting_template(load *l, const config_setting_t *s, unsigned allowed);
/** A string's final text: only vars, pipeline and env may occur in it. NULL when it was reported. The caller frees. */
char *setting_text(load *l, const config_setting_t *s);
/** A string without references: a name. NULL when it was reported. Borrowed. */
const char *setting_name(load *l, const config_setting_t *s);
/** A string, or an array or list of strings: their final texts, NULL-terminated, never NULL. Those that are wrong are
 *  reported and left out. */
char **setting_texts(load *l, const config_setting_t *s);
/** A whole number from min to max; false when it was reported. */
bool setting_int(load *l, const config_setting_t *s, int64_t min, int64_t max, int64_t *ret);
/** A duration in ms, at least min. */
bool setting_duration(load *l, const config_setting_t *s, int64_t min, int64_t *ret);

/* ---- parts of the file ------------------------------------------------------------------------------------------- */

/** Reads env_files. */
void environment_load(load *l, const config_setting_t *root);
/** Reads the secrets section. */
void secrets_load(load *l, const config_setting_t *root);
/** Reads the checklist, and holds what the steps cover against it (checklist.c). */
void checklist_load(load *l, const config_setting_t *root);
/** Reads what must have been signed off elsewhere; after the steps (requires.c). */
void requires_load(load *l, const config_setting_t *root);
/** Reads stages, rollback, and all steps (stages.c). */
void stages_load(load *l, const config_setting_t *root);
/** Reads one step's options: the common ones (common.c) and its kind's own (options.c). */
void step_load_common(load *l, pipeline_step *s, const config_setting_t *group);
void step_load_options(load *l, pipeline_step *s, const config_setting_t *group);
/** True when the name is an option common to all steps. */
bool step_common_name(const char *name);
/** Offers every common name. */
void step_common_offer(nearest *n);
/** A step's thresholds: the kind's own, replaced by fail_if and warn_if (thresholds.c). */
void step_load_thresholds(load *l, pipeline_step *s, const config_setting_t *group);
/** Reads the needs of all steps (order.c). */
void order_load_needs(load *l);
/** What only the steps of the diagnosis have, and what they cannot have (collectors.c). */
void collectors_load(load *l);
/** Reports what is wrong with the references to outputs in a step's template. */
void order_check_references(load *l, const pipeline_step *s, pipeline_place where, const char *template);

/* ---- values (value.c) -------------------------------------------------------------------------------------------- */

/** Turns a final text into an option's value: a string, or an integer for int, bool, duration (ms) and size (bytes). Of
 * a list: one item. Errors do not show the text when `hide` is set. */
int value_of(const catalog_option *o, const char *folder, const char *plain, bool hide, json_t **ret,
             error **err) CHECKED;
/** "a text in quotes": how a BELAY_T_* is written. */
const char *value_type_name(uint32_t type);

/** "a text in quotes": what a BELAY_T_* is written as. */
const char *value_type_name(uint32_t type);

#endif
