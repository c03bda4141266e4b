/**
 * @file waiting.h
 * Inside of core/engine. The facts that only a waiting step receives.
 */
#ifndef ENGINE_WAITING_H
#define ENGINE_WAITING_H

#include "engine/driver.h"

/** Adds the facts that only a waiting step receives: who started the run, the evidence so far, people's decisions and
 * which of them count by its options. */
int waiting_facts(driver *d, const char *step, const json_t *options, json_t *facts, error **err) CHECKED;

#endif
