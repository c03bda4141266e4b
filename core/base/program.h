/** @file program.h  Where programs are: those that come with Belay, and others. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include <stdbool.h>

#include "base/error.h"

/** The path of "belay-worker", say; the caller frees. beside: the whole path of the program from whose place it is
 *  searched, or NULL: the running one. ERROR_NOT_FOUND says where it should be. */
int program_find(const char *name, const char *beside, char **ret, error **err) CHECKED;

/** Where PATH has a program; NULL when it has none. The caller frees. */
char *program_path(const char *name);
/** Whether a program of this name is in PATH. */
bool program_in_path(const char *name);

#endif
