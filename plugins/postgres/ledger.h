/**
 * @file ledger.h
 * The table in the database that says which migrations it has seen: one row a file.
 *
 *   number         the file's number
 *   file, sha256   the file as it was applied
 *   state          'done'; 'started' while a file that cannot run in a transaction is under way, or after it was cut
 * short statements     how many the file has; statements_done: how many of them are known to be done applied_at,
 * duration_ms, run
 *
 * Options read: ledger.
 */
#ifndef POSTGRES_LEDGER_H
#define POSTGRES_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "files.h"
#include "server.h"

typedef struct ledger_row {
    long long number;
    char *file, *run;
    char sha256[DIGEST_TEXT];
    bool done;
    int statements, statements_done;
} ledger_row;

typedef struct ledger {
    char table[2 * SERVER_QUOTED]; /**< with its schema, quoted */
    bool exists;
    ledger_row *items; /**< by number */
    size_t count, room;
} ledger;

/** Reads the whole table; a missing one is an empty ledger. ledger_done() in any case. */
belay_status ledger_read(server *s, ledger *ret);
void ledger_done(ledger *l);
/** NULL when the number has no row. */
const ledger_row *ledger_find(const ledger *l, long long number);

/** Makes the table unless it exists. */
belay_status ledger_create(server *s, const ledger *l);
/** Writes the file's row, in the session's transaction if it is in one. */
belay_status ledger_write(server *s, const ledger *l, const migration *m, const char *state, int done,
                          double duration_ms, const char *run);
/** The statement that ledger_write() would send with state 'done'; the caller frees. */
char *ledger_write_sql(const server *s, const ledger *l, const migration *m, double duration_ms, const char *run);
belay_status ledger_forget(server *s, const ledger *l, long long number);

#endif
