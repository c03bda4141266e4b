/**
 * @file flow_file.h
 * A flow file (docs/FLOWS.md). What it says stays in libconfig's tree; what runs it walks that tree, and may rely on
 * all that flow_rules.h has checked.
 */
#ifndef HTTP_FLOW_FILE_H
#define HTTP_FLOW_FILE_H

#include <libconfig.h>
#include <stdbool.h>

#include "text/text.h"

typedef struct flow {
    char name[64]; /**< the file's name without folder and ending */
    char *path, *shown;
    config_t config;
} flow;

/** Reads path; `shown` is how messages call it. What cannot be read or parsed is added to problems as a line
 * "file:line: what", and false returned. flow_done() in any case. */
bool flow_open(flow *f, const char *path, const char *shown, text *problems);
void flow_done(flow *f);

/** The lists of requests; NULL when there is none. */
const config_setting_t *flow_requests(const flow *f);
const config_setting_t *flow_load(const flow *f);
const config_setting_t *flow_finally(const flow *f);

/** Adds "file:line: " of where a setting stands. */
void flow_add_place(const flow *f, const config_setting_t *s, text *out);
/** "POST" and its address; "RECEIVE" and a path for a delivery. NULL when the request has none. */
const char *flow_method(const config_setting_t *request, const char **ret_address);
/** Its `name`, or else its method and address; the caller frees. */
char *flow_request_name(const config_setting_t *request);
/** The milliseconds of "250ms", "30s", "5m"; -1 when it is no such time. */
long flow_duration(const char *text);
/** The milliseconds of a member, or fallback. */
long flow_duration_of(const config_setting_t *group, const char *member, long fallback);
/** A text member as it is written, or NULL. */
const char *flow_text(const config_setting_t *group, const char *member);
/** How many settings a list has, and which they are; a single value counts as a list of itself. */
unsigned flow_items(const config_setting_t *list);
const config_setting_t *flow_item(const config_setting_t *list, unsigned i);

#endif
