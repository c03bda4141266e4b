/** @file file.h  Files and folders, whole or not at all. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/** Reads a whole file of at most max bytes, NUL-terminated; the caller frees *ret. ret_size may be NULL. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_size, error **err) CHECKED;
/** Writes all bytes to fd, also when interrupted. */
int file_write_all(int fd, const void *bytes, size_t n, error **err) CHECKED;
/** Makes the folder and its missing parents with mode 0700. */
int file_make_folder(const char *path, error **err) CHECKED;
/** Removes a file, or a folder with what is in it; follows no symbolic link. Missing is fine. */
int file_remove_tree(const char *path, error **err) CHECKED;
/** path when it is absolute, else "folder/path"; the caller frees. */
char *file_absolute(const char *folder, const char *path);

#endif
