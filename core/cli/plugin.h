/** @file plugin.h  What the `belay plugin` commands share: one plugin file, outside any search. */
#ifndef CLI_PLUGIN_H
#define CLI_PLUGIN_H

#include "catalog/catalog.h"

/** A plugin file that is being worked at. Its copy lies in a folder that is removed afterwards: of what is built, tried
 * and built again, nothing shall stay in the store. */
typedef struct plugin_file {
    char *folder; /**< a state folder for this one */
    catalog *catalog;
} plugin_file;

/** Opens FILE.so after the checks that every plugin gets. On error nothing is left to be freed. */
int plugin_file_open(plugin_file *ret, const char *path, error **err) CHECKED;
void plugin_file_done(plugin_file *f);
/** "http" or "check-http.http", as the whole name; the caller frees. ERROR_NOT_FOUND names the kinds there are. */
int plugin_file_kind(const plugin_file *f, const char *name, char **ret, error **err) CHECKED;

#endif
