/** @file tree.h  Folders with all that is in them: walked, copied, compared. No symbolic link is followed. */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include <sys/stat.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"

typedef struct tree_entry {
    const char *path;     /**< "sub/file", relative to the folder that is walked */
    const char *absolute; /**< the folder's path and this one's */
    struct stat st;
} tree_entry;

/** Called for each entry, a folder before what is in it; a negative result ends the walk. */
typedef int (*tree_visit)(void *user, const tree_entry *entry, error **err);
/** Visits all that is below folder, not the folder itself; names in the order of their bytes. */
int tree_walk(const char *folder, tree_visit visit, void *user, error **err) CHECKED;

/** Makes the folder `to` a copy of `from`: folders, files and symbolic links with their modes. ERROR_IO for anything
 * else, and when `to` is there already. */
int tree_copy(const char *from, const char *to, error **err) CHECKED;

/** Appends one line for each entry, in order: path, kind, mode, and of a file its SHA-256, of a link its target. Two
 * folders with the same lines hold the same. */
int tree_digest(const char *folder, text *out, error **err) CHECKED;

#endif
