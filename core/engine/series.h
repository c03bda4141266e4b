/**
 * @file series.h
 * Inside of core/engine. What a soaking step measured over time, for thresholds of a slope.
 */
#ifndef ENGINE_SERIES_H
#define ENGINE_SERIES_H

#include "engine/driver.h"

/** The threshold of a metric, or of its slope: that for this very instance ("memory/agents") before that for all. */
const pipeline_threshold *series_threshold(const pipeline_step *s, const char *name, bool slope, bool fail);
/** A new soak: what was measured before does not count. */
void series_begin(notes *n);
/** Keeps a sample that a slope needs; at: steady. */
void series_add(const pipeline_step *s, notes *n, const char *name, int64_t at, double value);
/** Reads them again from the events of a run that goes on. */
int series_load(driver *d, error **err) CHECKED;
void series_done(notes *n);

#endif
