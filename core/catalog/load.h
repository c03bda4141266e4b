/** @file load.h  One plugin file: from the search folder into the content store, and its descriptor out of a worker. */
#ifndef CATALOG_LOAD_H
#define CATALOG_LOAD_H

#include "catalog/catalog.h"

/** Checks, pins and describes `name` in the folder; folder_path is for messages and the plugin's path. */
int load_plugin(const char *state_folder, int folder, const char *folder_path, const char *name, catalog_plugin **ret,
                error **err) CHECKED;

#endif
