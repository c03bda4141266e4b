/** @file flow_capture.h  Values taken from an answer: "json:PATH", "header:NAME", "cookie:NAME", "body:REGEX". */
#ifndef HTTP_FLOW_CAPTURE_H
#define HTTP_FLOW_CAPTURE_H

#include "flow_answer.h"

/** What is wrong with how a source is written, or NULL; the caller frees. */
char *flow_capture_problem(const char *from);
/** The value that the source names, or NULL when it is not there; the caller frees. Of a regular expression the first
 *  group, or all that matched. */
char *flow_capture_value(const flow_answer *a, const char *from);

#endif
