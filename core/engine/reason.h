/**
 * @file reason.h
 * Inside of core/engine. Why a run is where it is and how it goes on, in words.
 */
#ifndef ENGINE_REASON_H
#define ENGINE_REASON_H

#include "engine/driver.h"

/** Why the run enters a state, in one line; the caller frees. */
char *reason_text(const driver *d, const machine_action *a);
/** An array of the commands to go on with. */
json_t *reason_next(const driver *d);
/** "belay VERB RUN", with --state when that is not the default; the caller frees. */
char *reason_command(const store *s, const char *verb, const char *run, const char *more);

#endif
