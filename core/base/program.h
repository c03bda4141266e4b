/** @file program.h  The programs that come with Belay, beside the running one or where they are installed. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include "base/error.h"

/** The path of "belay-worker", say; the caller frees. ERROR_NOT_FOUND says where it should be. */
int program_find(const char *name, char **ret, error **err) CHECKED;

#endif
