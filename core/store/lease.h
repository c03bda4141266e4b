/**
 * @file lease.h
 * A locked file that a run hands to all it starts. A lock of this kind (an open file description's) ends with the last
 * copy of its descriptor: as long as it stands, something of the run is alive.
 */
#ifndef STORE_LEASE_H
#define STORE_LEASE_H

#include <stdbool.h>

#include "base/error.h"

/** Opens the file, making it, and locks it; *ret_fd is closed by a start of a program unless it is handed over.
 *  ERROR_LOCKED when somebody holds it. */
int lease_take(const char *path, int *ret_fd, error **err) CHECKED;

/** True while somebody holds it. */
bool lease_is_held(const char *path);

/** Who has the file open, but for this process. */
typedef struct lease_holders {
    char *names; /**< "sleep (process 4711), sh (process 4712)"; "" when none could be seen; the owner frees */
    char *pids;  /**< "4711 4712" */
    int count;
} lease_holders;
lease_holders lease_holders_of(const char *path);
void lease_holders_done(lease_holders *h);

#endif
