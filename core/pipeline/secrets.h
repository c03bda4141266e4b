/** @file secrets.h  ${secret:NAME}: what each name stands for, and fetching it when a phase needs it. */
#ifndef PIPELINE_SECRETS_H
#define PIPELINE_SECRETS_H

#include "base/mem.h"
#include "pipeline/environment.h"

typedef struct secrets secrets;

secrets *secrets_new(void);
/** Wipes what it fetched. */
void secrets_free(secrets *s);
GUARD(secrets, secrets_free)

/** Fetches a value; the caller wipes and frees it. Files and the environment are asked each time, a command and a vault
 * once. An empty value is an error. ERROR_CONFIG names the secret and its provider, never the value. */
int secrets_fetch(secrets *s, const environment *env, const char *name, char **ret, error **err) CHECKED;

#endif
