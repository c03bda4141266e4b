/** @file environment.h  What ${env:NAME} means: the process's environment, then the pipeline's env_files. */
#ifndef PIPELINE_ENVIRONMENT_H
#define PIPELINE_ENVIRONMENT_H

#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"

typedef struct environment environment;

environment *environment_new(void);
/** Wipes the values. */
void environment_free(environment *e);
GUARD(environment, environment_free)

/**
 * Adds the names of a file: lines NAME=value, "export NAME=value", blank lines and # comments. A value may stand in
 * 'single quotes' (as it is) or "double quotes" (\n \t \" \\ \$); without quotes it ends at the line's end or at " #".
 * Nothing is expanded. A later file wins. ERROR_CONFIG names file and line and never shows a value.
 */
int environment_read(environment *e, const char *path, error **err) CHECKED;
/** Borrowed until the next environment_read(), or NULL. */
const char *environment_get(const environment *e, const char *name);
/** The nearest name that is set, or NULL; the caller frees. */
char *environment_nearest(const environment *e, const char *name);

#endif
