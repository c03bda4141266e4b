/** @file bad_line.h  Steps over a line that fails: at its beginning, in the middle, near its end; in every way. */
#ifndef TESTS_PLUGIN_BAD_LINE_H
#define TESTS_PLUGIN_BAD_LINE_H

#include "kit.h"
#include "proxy.h"

/** A step of the kind under test that reaches its server over the line; the callee frees. */
typedef kit_step *(*bad_line_make)(const proxy *line);

/** verify: what cannot have seen all of the answer says so within its time, and is well again when the line is. */
void bad_line_verify(proxy *line, bad_line_make make);
/** execute, then rollback, each over failing lines: after a rollback over a good one, `world` (borrowed text that tells
 * two worlds apart) is as it was. */
void bad_line_change(proxy *line, bad_line_make make, const char *(*world)(void));

#endif
