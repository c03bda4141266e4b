/** @file vault.h  Secrets of HashiCorp Vault: the options of the provider, and asking belay-vault, which does the rest.
 */
#ifndef PIPELINE_VAULT_H
#define PIPELINE_VAULT_H

#include "pipeline/load.h"

/** What the group of such a secret may hold; NULL-terminated. */
extern const char *const vault_keys[];

/** Reads the group of a secret; reports what is wrong with it. NULL when something is. The caller decrefs. */
json_t *vault_load(load *l, const char *name, const config_setting_t *group);
/** Asks for the value; the caller wipes and frees. */
int vault_fetch(const json_t *request, char **ret, size_t *ret_size, error **err) CHECKED;

#endif
