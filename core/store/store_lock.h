/**
 * @file store_lock.h
 * At most one live run for each environment: a kernel lock on an open file, which ends with its process, and a record
 * of the owner for people to read. A dead owner never blocks; what it started and is still alive does, by the lease.
 */
#ifndef STORE_STORE_LOCK_H
#define STORE_STORE_LOCK_H

#include "store/store.h"

typedef struct store_lock store_lock;

/** Takes state/locks/ENVIRONMENT. ERROR_LOCKED names the live owner: run, user, host, pid, stage, since when. */
int store_lock_take(const store *s, const char *environment, const char *run, store_lock **ret, error **err) CHECKED;
/** Then takes the lease, which all that an earlier run started has a copy of. ERROR_LOCKED while any of that is alive:
 * names it, and the run it is of. */
int store_lock_lease(store_lock *l, error **err) CHECKED;
/** The lease's descriptor, for those that the run starts; borrowed, -1 before it was taken. */
int store_lock_lease_fd(const store_lock *l);
/** Updates the owner's stage, for others to read. */
int store_lock_stage(store_lock *l, const char *stage, error **err) CHECKED;
/** Also names the run, once it has an id. */
int store_lock_run(store_lock *l, const char *run, error **err) CHECKED;
void store_lock_free(store_lock *l);
GUARD(store_lock, store_lock_free)
/** The lock's description when a live process holds it, else *ret is NULL:
 * {"run","pid","user","host","stage","since_ms"}. */
int store_lock_owner(const store *s, const char *environment, json_t **ret, error **err) CHECKED;
/** Whether a live process drives this run. */
int store_lock_drives(const store *s, const store_run *run, bool *ret, error **err) CHECKED;
/** Also locks a file beside the environment (flock), which Belays with other state folders lock, too. ERROR_LOCKED
 * names who holds it. */
int store_lock_target(store_lock *l, const char *path, error **err) CHECKED;
/** Locks it again when somebody removed it. ERROR_LOCKED: somebody else has it by now, so nothing more may be begun. */
int store_lock_keep_target(store_lock *l, error **err) CHECKED;
/** Makes lock and lease again when somebody removed their files. What is begun elsewhere meanwhile is refused all the
 * same, for the store itself is locked, too. *ret_made: they had to be made again. */
int store_lock_keep(store_lock *l, bool *ret_made, error **err) CHECKED;
/** What holds the environment's lease, "sleep (process 4711)": with no live owner, what a dead one has left. "" when
 *  nothing does; the caller frees. */
char *store_lock_left(const store *s, const char *environment);

#endif
