/**
 * @file tell.h
 * Inside of core/engine. The events of a run, for the sinks and the record.
 */
#ifndef ENGINE_TELL_H
#define ENGINE_TELL_H

#include "engine/driver.h"

/** Hands an event to the sinks and to the record; takes it. */
void tell(driver *d, json_t *event);
/** A new event of the run; with a step's id, kind and stage. */
json_t *tell_new(const driver *d, const char *type);
json_t *tell_new_step(const driver *d, const char *type, size_t step);
/** Sets a text, masked. */
void tell_set(const driver *d, json_t *event, const char *name, const char *value);
void tell_start(driver *d);
void tell_end(driver *d, int exit_status);
/** run.end of a discard. */
void tell_discarded(driver *d, bool good);
void tell_state(driver *d);
void tell_step_end(driver *d, const machine_action *a);
/** Of steps that will change something and did not say what: that they will. */
void tell_unplanned(driver *d);
void tell_note(driver *d, const char *fmt, ...) PRINTF(2, 3);
void tell_warning(driver *d, const char *hint, const char *fmt, ...) PRINTF(3, 4);

#endif
