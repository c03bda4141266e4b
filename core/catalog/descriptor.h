/**
 * @file descriptor.h
 * A plugin's tables: from the JSON that a worker made of them to the catalog's structs, and the rules they must keep.
 */
#ifndef CATALOG_DESCRIPTOR_H
#define CATALOG_DESCRIPTOR_H

#include <jansson.h>

#include "catalog/catalog.h"

/** Reads docs/PROTOCOL.md's "plugin"; path and sha256 are copied. What is missing reads as "not set"; a member of the
 * wrong type is ERROR_PLUGIN. */
int descriptor_parse(const json_t *descriptor, const char *path, const char *sha256, catalog_plugin **ret,
                     error **err) CHECKED;

/** The rules of belay/plugin.h: names, docs, flags that agree with the callbacks, defaults and thresholds that parse,
 * and a host that is new enough. ERROR_PLUGIN names the first rule that is broken, and where. */
int descriptor_lint(const catalog_plugin *p, error **err) CHECKED;

#endif
