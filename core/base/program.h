/** @file program.h  The programs that come with Belay, beside the running one or where they are installed. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include "base/error.h"

/** The path of "belay-worker", say; the caller frees. beside: the whole path of the program from whose place it is
 *  searched, or NULL: the running one. ERROR_NOT_FOUND says where it should be. */
int program_find(const char *name, const char *beside, char **ret, error **err) CHECKED;

#endif
