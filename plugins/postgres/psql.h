/** @file psql.h  Runs a migration file by psql, for files that use psql's own commands. */
#ifndef POSTGRES_PSQL_H
#define POSTGRES_PSQL_H

#include "apply.h"

/** Errors are fatal to it. In a transaction, the file's row of the ledger is written in the same one. */
belay_status psql_apply(applier *a, migration *m, bool transaction);

#endif
