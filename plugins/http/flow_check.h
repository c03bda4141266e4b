/** @file flow_check.h  Conditions of a check: `is`, `matches`, `above` ... against a JSON value or a text. */
#ifndef HTTP_FLOW_CHECK_H
#define HTTP_FLOW_CHECK_H

#include <jansson.h>
#include <libconfig.h>

#include "flow_vars.h"
#include "text/text.h"

/** What is wrong with a condition (its name or its type), or NULL; the caller frees. */
char *flow_condition_problem(const config_setting_t *condition);
/** True when the condition holds for value (NULL: nothing is there). Else what was expected and what came are added to
 * why: "expected "done", came "queued"". */
bool flow_condition_holds(const config_setting_t *condition, const flow_vars *vars, const json_t *value, text *why);
/** A scalar setting as text, with its variables put in; NULL and *ret_why as flow_vars_expand(). The caller frees. */
char *flow_scalar(const config_setting_t *s, const flow_vars *vars, char **ret_why);

#endif
