/** @file flow_rules.h  What may stand in a flow file, and where: all that can be checked without a server. */
#ifndef HTTP_FLOW_RULES_H
#define HTTP_FLOW_RULES_H

#include "flow_reader.h"

/** flow_open(), and a line to problems for everything in the file that is wrong; true when nothing is. flow_done() in
 *  any case. */
bool flow_read(flow *f, const char *path, const char *shown, const flow_given *given, text *problems);

#endif
