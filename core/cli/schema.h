/** @file schema.h  What a kind's tables come to in words and in a pipeline file: for `explain`, the pages and the
 * completion. Whatever is returned as char * the caller frees. */
#ifndef CLI_SCHEMA_H
#define CLI_SCHEMA_H

#include "base/text.h"
#include "catalog/catalog.h"

/** "text", "duration": what a BELAY_T_* is called for people. */
const char *schema_type_name(uint32_t type);
/** "A check: it changes nothing.", and its kin. */
const char *schema_nature(const catalog_kind *k);
/** "1 s to 24 h", or NULL for an option without limits. */
char *schema_limits(const catalog_option *o);
/** "duration, required, 1 s to 24 h". */
char *schema_type(const catalog_option *o);
/** The option with its example as a pipeline file has it, `paths = ["/", "/var"]`; NULL when there is none. */
char *schema_option_example(const catalog_option *o);
/** A whole step with all that is required, `{ id = "disk"; use = "host.disk"; ... }`. */
char *schema_step_example(const catalog_kind *k);

#endif
