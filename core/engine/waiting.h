/**
 * @file waiting.h
 * Inside of core/engine. What a step that waits is told beside the facts that each step gets.
 */
#ifndef ENGINE_WAITING_H
#define ENGINE_WAITING_H

#include "engine/driver.h"

/** Adds what only a step that waits is told: who started the run, the evidence so far, people's decisions and which of
 * them count by its options. */
int waiting_facts(driver *d, const char *step, const json_t *options, json_t *facts, error **err) CHECKED;

#endif
