/** @file environment.h  What ${env:NAME} means: what the run recorded, the process's environment, the pipeline's
 * env_files. */
#ifndef PIPELINE_ENVIRONMENT_H
#define PIPELINE_ENVIRONMENT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"

typedef struct environment environment;

environment *environment_new(void);
/** Wipes the values. */
void environment_free(environment *e);
GUARD(environment, environment_free)

/**
 * Adds the names of an env file (lib/env_file.h tells what that is). A later file wins. ERROR_CONFIG names file and
 * line and never shows a value. *ret_note: NULL, or what is odd about the file; the caller frees.
 */
int environment_read(environment *e, const char *path, char **ret_note, error **err) CHECKED;
/** A value that a run recorded: it goes before the process's environment. */
void environment_record(environment *e, const char *name, const char *value);
/** Borrowed until the next change, or NULL. */
const char *environment_get(const environment *e, const char *name);
/** The same for a value that is put into a text that a run records: it is remembered as used. */
const char *environment_use(environment *e, const char *name);
/** The names and values that were used, in the order of their first use. */
void environment_used(const environment *e, void (*fn)(void *user, const char *name, const char *value), void *user);
/** The nearest name that is set, or NULL; the caller frees. */
char *environment_nearest(const environment *e, const char *name);

#endif
