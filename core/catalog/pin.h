/**
 * @file pin.h
 * The content store: state_folder/plugins/SHA256.so, the copy of a plugin that runs load and that rollback will load
 * again, and SHA256.json, its descriptor as a worker read it.
 */
#ifndef CATALOG_PIN_H
#define CATALOG_PIN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/mem.h"

/** Makes the store's folder; ERROR_REFUSED when others may write to it (base/trust.h), ERROR_IO also when it lies where
 * nothing may be executed (noexec). */
int pin_prepare(const char *state_folder, error **err) CHECKED;

/** The copy's path, whether it is there or not; the caller frees. */
char *pin_path(const char *state_folder, const char *sha256);
/** Keeps the bytes, whole or not at all, durably. *ret_new: they were not there before. */
int pin_put(const char *state_folder, const char *sha256, const void *bytes, size_t size, bool *ret_new,
            error **err) CHECKED;
/** Forgets a copy that turned out to be no usable plugin. */
void pin_drop(const char *state_folder, const char *sha256);

/** The kept descriptor, or NULL when there is none that this Belay can read; the caller decrefs. */
json_t *pin_descriptor(const char *state_folder, const char *sha256);
/** Keeps a descriptor, when it can: it only saves the time of reading it in a worker again. */
void pin_put_descriptor(const char *state_folder, const char *sha256, json_t *descriptor);

#endif
