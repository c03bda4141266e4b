/**
 * @file catalog.h
 * Which plugins there are, and what step kinds they offer: discovery, trust checks before any dlopen, descriptors read
 * in a worker, and the content store that pins a plugin for a run.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/** Copies of the tables of belay/plugin.h; strings are never NULL unless said. */
typedef struct catalog_option {
    char *name, *doc;
    char *def, *example; /**< NULL: none */
    uint32_t type, flags;
    int64_t min, max;
    char **choices; /**< NULL-terminated; NULL unless BELAY_T_ENUM */
} catalog_option;

typedef struct catalog_output {
    char *name, *doc;
    uint32_t type, flags;
} catalog_output;

typedef struct catalog_metric {
    char *name, *unit, *doc;
    char *warn, *fail; /**< NULL: no threshold */
} catalog_metric;

typedef struct catalog_plugin catalog_plugin;

typedef struct catalog_kind {
    const catalog_plugin *plugin;
    char *name; /**< "docker.build" */
    char *step; /**< "build" */
    char *doc;
    uint32_t flags;     /**< BELAY_S_* */
    int64_t timeout_ms; /**< per phase, never 0 */
    bool has_prepare, has_execute, has_verify, has_rollback, has_discard;
    catalog_option *options;
    size_t option_count;
    catalog_output *outputs;
    size_t output_count;
    catalog_metric *metrics;
    size_t metric_count;
} catalog_kind;

struct catalog_plugin {
    char *name, *version, *doc;
    char *license, *contact; /**< "" when not given */
    char *path;              /**< where it was found */
    char sha256[65];         /**< of the file, lower-case hex */
    uint32_t built_minor, needs_minor, undo_format, undo_format_oldest;
    catalog_kind *kinds;
    size_t kind_count;
};

/** A file that was found and not taken, or taken with a remark. */
typedef struct catalog_problem {
    char *path, *why, *hint; /**< hint: the command that mends it, or NULL */
    bool refused;
} catalog_problem;

typedef struct catalog catalog;

typedef struct catalog_places {
    const char *const *folders; /**< --plugin-dir, in order; NULL-terminated; may be NULL */
    const char *state_folder;   /**< holds the content store: state_folder/plugins/SHA256.so */
} catalog_places;

/**
 * Looks through the folders: those of `places`, then BELAY_PLUGIN_PATH and the user's (unless root or AT_SECURE), then
 * those beside the running program (a build tree's, its installation's), then /usr/local/lib/belay and /usr/lib/belay.
 * Plugins that cannot be used become problems; this fails only when the state folder cannot be written.
 */
int catalog_open(const catalog_places *places, catalog **ret, error **err) CHECKED;
/** Opens the pinned plugins of a recorded run, whatever is installed today. sha256s: NULL-terminated. ERROR_NOT_FOUND
 *  when the content store lacks one. */
int catalog_open_pinned(const char *state_folder, const char *const *sha256s, catalog **ret, error **err) CHECKED;
/** A catalog of one plugin file, outside any search, after the same checks. */
int catalog_open_file(const char *state_folder, const char *path, catalog **ret, error **err) CHECKED;
void catalog_free(catalog *c);
GUARD(catalog, catalog_free)

size_t catalog_plugin_count(const catalog *c);
const catalog_plugin *catalog_plugin_at(const catalog *c, size_t i);
size_t catalog_problem_count(const catalog *c);
const catalog_problem *catalog_problem_at(const catalog *c, size_t i);

/** 2 to 32 of a-z, 0-9 and '-', beginning with a letter. */
bool catalog_is_plugin_name(const char *name);

/** "docker.build", or NULL. */
const catalog_kind *catalog_kind_find(const catalog *c, const char *name);
/** The nearest kind's name, for "did you mean", or NULL: also the kind that has just that step's name. */
const char *catalog_kind_nearest(const catalog *c, const char *name);
const catalog_option *catalog_option_find(const catalog_kind *k, const char *name);
/** The option with a value as a pipeline file has it: `paths = ["/", "/var"]`. value is written like a default, list
 * items split at ','. The caller frees. */
char *catalog_option_written(const catalog_option *o, const char *value);
const catalog_output *catalog_output_find(const catalog_kind *k, const char *name);
/** Finds "size" for "size" and for "size/agents". */
const catalog_metric *catalog_metric_find(const catalog_kind *k, const char *name);

/** The pinned copy of a plugin, made when it was described; rollback loads this one. The caller frees *ret_path.
 *  ERROR_NOT_FOUND when the content store does not hold it. */
int catalog_pinned(const char *state_folder, const char *sha256, char **ret_path, error **err) CHECKED;
/** Describes one file outside any search: for tests and `plugin try`. The same trust checks. */
int catalog_describe(const char *state_folder, const char *path, catalog_plugin **ret, error **err) CHECKED;
/** The descriptor of a pinned plugin, whatever is installed today. */
int catalog_describe_pinned(const char *state_folder, const char *sha256, catalog_plugin **ret, error **err) CHECKED;
void catalog_plugin_free(catalog_plugin *p);
GUARD(catalog_plugin, catalog_plugin_free)

#endif
