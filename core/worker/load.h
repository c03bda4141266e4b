/**
 * @file load.h
 * A plugin opened in this process, and its tables read by the rules of belay/plugin.h: no further than their stride or
 * struct_size, what is missing is zero. Plugins are never closed again.
 */
#ifndef WORKER_LOAD_H
#define WORKER_LOAD_H

#include <belay/plugin.h>

#include <jansson.h>

#include "base/error.h"
#include "worker/worker.h"

/** Loads the plugin that is open as fd and copies its head; ERROR_PLUGIN says why not. by_name: by the name of that
 *  file, as debuggers need it. */
int load_plugin(int fd, bool by_name, belay_plugin *ret, error **err) CHECKED;

belay_step load_step(const belay_plugin *p, uint32_t i);
belay_option load_option(const belay_step *s, uint32_t i);
belay_output load_output(const belay_step *s, uint32_t i);
belay_metric load_metric(const belay_step *s, uint32_t i);

/** The callback of a phase (worker_phase), or NULL. */
belay_fn load_phase(const belay_step *s, worker_phase phase);

/** The message "plugin" of docs/PROTOCOL.md. */
json_t *load_descriptor(const belay_plugin *p);

#endif
