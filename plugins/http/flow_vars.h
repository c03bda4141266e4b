/**
 * @file flow_vars.h
 * The variables of a flow: ${name} in its texts stands for one. Always there: ${unique} (letters and digits that no
 * other flow had), ${today}, ${today-7}, ${today+1} (dates as YYYY-MM-DD, UTC).
 */
#ifndef HTTP_FLOW_VARS_H
#define HTTP_FLOW_VARS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct flow_vars {
    struct flow_var {
        char *name, *value; /**< name: NULL for a mere secret, see flow_vars_hide() */
        bool secret;
    } * items;
    size_t count, room;
} flow_vars;

void flow_vars_done(flow_vars *v);
/** True when a variable may be called so: letters, digits, '_', and none of those that are always there. */
bool flow_vars_is_name(const char *name);
/** Sets or replaces; copies both. A secret's value is masked by flow_vars_mask() from now on. */
void flow_vars_set(flow_vars *v, const char *name, const char *value, bool secret);
/** Masks this value too. */
void flow_vars_hide(flow_vars *v, const char *value);
/** Borrowed; NULL when it is not set. */
const char *flow_vars_get(const flow_vars *v, const char *name);
/** A new value for ${unique}. */
void flow_vars_set_unique(flow_vars *v);
/** text with its variables put in; "$$" is a plain '$'. The caller frees. NULL when it names a variable that is not set
 *  or is not written rightly: *ret_why says so (the caller frees). */
char *flow_vars_expand(const flow_vars *v, const char *text, char **ret_why);
/** A copy with each secret value replaced by "[secret]"; the caller frees. */
char *flow_vars_mask(const flow_vars *v, const char *text);

#endif
