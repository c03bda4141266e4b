/**
 * @file plan.h
 * Files against ledger: what is pending, and how each file is going to be run. Shared by postgres.migrations, migrate
 * and trial.
 *
 * Options read: those of files.h and ledger.h, out_of_order, newer, cut_short, runner.
 */
#ifndef POSTGRES_PLAN_H
#define POSTGRES_PLAN_H

#include "files.h"
#include "ledger.h"

typedef struct migration_plan {
    migration_files files;
    ledger ledger;
    bool standard_strings; /**< how the server reads '...' */
    migration **items;     /**< what is pending, in order; borrowed from files */
    size_t count;
} migration_plan;

/** s: connected to the database, or NULL: then every file is pending. Refuses (E_FAIL) a file that changed since it was
 * applied, one that was cut short, an applied one that is gone, a pending one before an applied one. plan_done() in any
 * case. */
belay_status plan_read(belay_ctx *c, const belay_host *h, server *s, migration_plan *ret);
void plan_done(migration_plan *plan);
/** Loads all that is pending, and refuses what the runner cannot run: psql's commands, own transactions ... */
belay_status plan_check(belay_ctx *c, const belay_host *h, migration_plan *plan);

/** How a file is run. */
typedef struct recipe {
    bool transaction; /**< all of it in one */
    const char *why;  /**< the words that forbid it, "CREATE INDEX CONCURRENTLY"; or "" when the file asks for it */
} recipe;
recipe recipe_of(const migration *m);

#endif
