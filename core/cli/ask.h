/**
 * @file ask.h
 * A gate's question on the terminal at which a run waits: role, yes or no, reason, key. It listens to the run's events
 * like any other sink, reads a line only when one is there, and hands the answer to `belay approve` or `belay reject`
 * in a process of its own; so the run goes on waiting for an answer from elsewhere, and Ctrl-C means what it means.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/cli.h"

/** True when there is somebody to ask: standard input and standard error are terminals. */
bool ask_can(void);
/** view (borrowed) is held while a question stands. key: what signs, or NULL: asked for where a gate wants it. */
report_sink ask_sink(store *s, const report_sink *view, const char *key);

#endif
