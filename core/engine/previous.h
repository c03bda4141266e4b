/** @file previous.h  Inside of core/engine. Whether the pipeline's word of what is live agrees with the runs. */
#ifndef ENGINE_PREVIOUS_H
#define ENGINE_PREVIOUS_H

#include "engine/driver.h"

/** Warns when pipeline.previous is given and another version is live; s: where the runs are, or NULL. */
int previous_check(driver *d, store *s, error **err) CHECKED;

#endif
