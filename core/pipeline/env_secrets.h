/**
 * @file env_secrets.h
 * Secrets that nobody declared: values of the .env files that Compose reads. By the convention of docs/PLUGINS.md a
 * step's option `env_file` names such files, and `project_dir` (or the folder of `file`) is a folder with some.
 */
#ifndef PIPELINE_ENV_SECRETS_H
#define PIPELINE_ENV_SECRETS_H

#include <jansson.h>

#include "base/redact.h"

/**
 * Adds what looks like a secret in the files of these resolved options: `env_file`, and ".env", ".env.*" and "*.env" of
 * the folder, samples left out. A value counts by its name (PASSWORD, TOKEN, KEY ...) and by its form (8 characters or
 * more, no plain word); of a URL its password. What cannot be read is left out.
 */
void env_secrets_add(const json_t *options, redactor *into);
/** True when a variable of this name and value is taken for a secret. */
bool env_secrets_is_one(const char *name, const char *value);

#endif
