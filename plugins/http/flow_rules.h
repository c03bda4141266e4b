/** @file flow_rules.h  What may stand in a flow file, and where. */
#ifndef HTTP_FLOW_RULES_H
#define HTTP_FLOW_RULES_H

#include "flow_file.h"

/** Adds a line to problems for everything in the file that is wrong. */
void flow_rules_check(const flow *f, const flow_given *given, text *problems);

#endif
