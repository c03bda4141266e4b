/**
 * @file drive.h
 * Inside of core/engine. The machine decides, and this performs: it writes the record, starts workers, waits, and tells
 * the event stream.
 */
#ifndef ENGINE_DRIVE_H
#define ENGINE_DRIVE_H

#include "engine/driver.h"

/** Prepares to drive a pipeline, with or without a store; nothing is written yet. */
int drive_init(driver *d, const engine *e, const pipeline *p, driver_mode mode, store *s, error **err) CHECKED;
void drive_done(driver *d);
/** Makes the machine, restored from the journal unless that is NULL. */
void drive_plan(driver *d, const machine_journal *journal);
/** Drives the machine to its end, tells run.end, and gives the exit status: EXIT_PERSON also when the record could not
 *  be written, for the run is then as after a crash. */
int drive_run(driver *d);
/** Runs the loop until d->ended. */
void drive_loop(driver *d);

#endif
