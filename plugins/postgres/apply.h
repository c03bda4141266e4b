/**
 * @file apply.h
 * Applies migration files to one database, in one session that is reset between them, each in one transaction with its
 * row in the ledger, where that can be.
 *
 * Options read: runner, lock_timeout, lock_retries, lock_delay, concurrent_lock_timeout, statement_timeout,
 * tool_prefix.
 */
#ifndef POSTGRES_APPLY_H
#define POSTGRES_APPLY_H

#include "plan.h"
#include "server.h"

/** Zero it, then apply_open(); apply_close() in any case. */
typedef struct applier {
    belay_ctx *c;
    const belay_host *h;
    server keeper;  /**< holds the advisory lock, sees who blocks, reads and writes the ledger */
    server session; /**< runs the files, one after another; session.h */
    bool connected; /**< the session is open */
    bool used;      /**< a file ran in it: it must be reset before the next */
    char *invalid;  /**< indexes that were invalid before the file; NULL: not known */
    const char *database;
    ledger *ledger;     /**< borrowed: the plan's */
    char run[128];      /**< what the ledger rows say */
    char blockers[600]; /**< who held the lock that was waited for last */
    int64_t watch_from;
    bool undoing; /**< the files take migrations back: their rows are removed instead of written */
    double longest_ms;
    size_t statements, files;
} applier;

/** Connects to the database and makes sure that nobody else migrates it. */
belay_status apply_open(belay_ctx *c, const belay_host *h, const char *database, applier *ret);
void apply_close(applier *a);

/** Applies one file that plan_check() accepted. On failure it is explained: what failed, where, and what of the file
 * stayed. */
belay_status apply_file(applier *a, migration *m);
/** The same for a file that undoes the migration of its number. */
belay_status apply_down(applier *a, migration *m);
/** Applies all that is pending, in order. */
belay_status apply_all(applier *a, migration_plan *plan);
/** "RUN/STEP": whose rows in the ledger are this step's. */
void apply_tag(belay_ctx *c, const belay_host *h, char *buf, size_t size);

#endif
