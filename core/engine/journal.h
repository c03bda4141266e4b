/** @file journal.h  A recorded run, opened again: by its text, its plugins, its options and its journal. */
#ifndef ENGINE_JOURNAL_H
#define ENGINE_JOURNAL_H

#include "engine/driver.h"

/** The pipeline of a run as it was recorded, with the plugins it pinned. */
typedef struct recorded {
    catalog *catalog;
    pipeline *pipeline;
} recorded;

int recorded_open(store *s, const store_run *run, recorded *ret, error **err) CHECKED;
void recorded_done(recorded *r);

/** Reads the run's phases into d's notes and into rows for the machine; the caller frees *ret_rows. */
int journal_read(driver *d, machine_row **ret_rows, size_t *ret_count, error **err) CHECKED;

#endif
