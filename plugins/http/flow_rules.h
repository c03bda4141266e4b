/** @file flow_rules.h  What may stand in a flow file, and where. */
#ifndef HTTP_FLOW_RULES_H
#define HTTP_FLOW_RULES_H

#include "flow_file.h"

/** Types that a setting may have, as bits. */
enum {
    FLOW_TEXT = 1,
    FLOW_NUMBER = 2,
    FLOW_BOOL = 4,
    FLOW_GROUP = 8,
    FLOW_LIST = 16,
    FLOW_SCALAR = FLOW_TEXT | FLOW_NUMBER | FLOW_BOOL,
    FLOW_ANY = FLOW_SCALAR | FLOW_GROUP | FLOW_LIST
};
unsigned flow_type(const config_setting_t *s);

/** Adds a line to problems for everything in the file that is wrong. */
void flow_rules_check(const flow *f, const flow_given *given, text *problems);

#endif
