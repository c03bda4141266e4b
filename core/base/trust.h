/**
 * @file trust.h
 * Whom does a file obey? Only root and the effective user, when nobody else can have put it there or can change it. So
 * for plugins, whose constructors run before any of their tables can be looked at, and for the state folder, which says
 * what a rollback does.
 */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include "base/mem.h"

/**
 * Opens a folder for search after walking to it from "/": every folder on the way, also on the way of a symbolic link,
 * belongs to root or the effective user and is not writable by others. A sticky folder that all may write, such as
 * /tmp, may lie on the way, but not be the end. ERROR_NOT_FOUND when it does not exist; ERROR_REFUSED, with the command
 * that mends it as the hint. The caller closes *ret_fd and frees *ret_path, the folder's path without symbolic links.
 */
int trust_open_folder(const char *path, int *ret_fd, char **ret_path, error **err) CHECKED;

/** The same check for the folder of a file that root or the effective user owns: it may also be a sticky one, where
 * nobody else can put another file in its place. */
int trust_check_way(const char *path, error **err) CHECKED;

/** Opens a regular file in such a folder for reading, by the same rules; follows no symbolic link. path is for
 * messages. */
int trust_open_file(int folder, const char *name, const char *path, int *ret_fd, error **err) CHECKED;

#endif
