/**
 * @file trust.h
 * May this plugin file be loaded? Only when nobody but root and the effective user can have put it there or can change
 * it: the constructors of a shared object run before any of its tables can be looked at.
 */
#ifndef CATALOG_TRUST_H
#define CATALOG_TRUST_H

#include "base/mem.h"

/**
 * Opens a folder for search after walking to it from "/": every folder on the way belongs to root or the effective user
 * and is not writable by others. A sticky folder that all may write, such as /tmp, may lie on the way, but not be the
 * end. ERROR_NOT_FOUND when it does not exist; ERROR_REFUSED, with the command that mends it as the hint. The caller
 * closes *ret_fd and frees *ret_path, the folder's path without symbolic links.
 */
int trust_open_folder(const char *path, int *ret_fd, char **ret_path, error **err) CHECKED;

/** Opens a regular file in such a folder for reading, by the same rules; follows no symbolic link. path is for
 * messages. */
int trust_open_file(int folder, const char *name, const char *path, int *ret_fd, error **err) CHECKED;

#endif
