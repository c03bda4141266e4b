/** @file options.h  A step's options as a test wrote them, checked and typed by the schema of the kind. */
#ifndef TESTS_KIT_OPTIONS_H
#define TESTS_KIT_OPTIONS_H

#include <jansson.h>

#include "base/redact.h"
#include "catalog/catalog.h"

/** set: name -> text or array of texts; pending: array of names. Gives what a worker is sent; secrets receives the
 * values of secret options. ERROR_CONFIG says what is wrong, *ret_blame (borrowed from the kind) with which option. */
int options_make(const catalog_kind *kind, const json_t *set, const json_t *pending, const char *folder,
                 redactor *secrets, json_t **ret, const char **ret_blame, error **err) CHECKED;

#endif
