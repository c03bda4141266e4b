/** @file flow_world.h  A small shop to run flows against, and flow files of the test's own. */
#ifndef TESTS_FLOW_WORLD_H
#define TESTS_FLOW_WORLD_H

#include "kit.h"

/** Starts and stops the shop: accounts by form or JSON, orders that go queued, running, completed, lists. */
int flow_world_start(void **state);
int flow_world_stop(void **state);
int flow_world_port(void);

/** A step http.flow over one flow file with this text; base_url is the shop. *ret_path (may be NULL): the file. */
kit_step *flow_world_step(const char *text, const char **ret_path);
/** The step's verify must give this status. */
void flow_world_verify(kit_step *s, belay_status wanted);
void flow_world_says(const char *text, const char *part);
/** Runs the text and frees the step: it must fail, and say all of these (NULL-terminated). */
void flow_world_fails(const char *text, ...) __attribute__((sentinel));
/** The text must be refused while preparing, with all of these said. */
void flow_world_refuses(const char *text, ...) __attribute__((sentinel));

#endif
