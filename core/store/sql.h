/**
 * @file sql.h
 * The store's use of SQLite: statements with their parameters in one call, transactions as guards, and SQLite's result
 * codes turned into errors that say what to do. Used by core/store only.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>
#include <sys/types.h>

#include "store/store.h"

struct store {
    char *folder, *path;
    sqlite3 *db;
    dev_t device; /* of the file, when it was opened */
    ino_t inode;
};

GUARD(sqlite3_stmt, sqlite3_finalize)

/** What sql_next gives for a row; 0 is the end, negative an error. */
#define SQL_ROW 1

/**
 * Prepares a statement and binds its parameters in order, one letter each: 's' const char * (NULL is stored as ""),
 * 'i' int, 'I' int64_t, 'd' double. The caller finalizes *ret (see guard(sqlite3_stmt)).
 */
int sql_query(store *s, sqlite3_stmt **ret, error **err, const char *sql, const char *letters, ...) CHECKED;
/** The next row: SQL_ROW, 0 at the end, or -ERROR_STORE. */
int sql_next(store *s, sqlite3_stmt *q, error **err) CHECKED;
/** Runs a statement to its end, ignoring rows. Letters as for sql_query. */
int sql_run(store *s, error **err, const char *sql, const char *letters, ...) CHECKED;
/** Runs a statement to its end and gives the first column of its first row; otherwise when there is no row. */
int sql_int(store *s, int64_t *ret, int64_t otherwise, error **err, const char *sql, const char *letters, ...) CHECKED;
/** As sql_int, for a text; NULL when there is no row. The caller frees. */
int sql_text(store *s, char **ret, error **err, const char *sql, const char *letters, ...) CHECKED;
/** Runs a script without parameters. */
int sql_script(store *s, const char *script, error **err) CHECKED;

/** A copy of a text column, "" for NULL; the caller frees. */
char *sql_column(sqlite3_stmt *q, int column);
/** A text column, "" for NULL; borrowed until the next step of q. */
const char *sql_peek(sqlite3_stmt *q, int column);

/** A transaction that is rolled back at the scope's end unless it was committed. */
typedef struct sql_transaction {
    store *s; /**< NULL when none is open */
} sql_transaction;
int sql_begin(store *s, sql_transaction *t, error **err) CHECKED;
int sql_commit(sql_transaction *t, error **err) CHECKED;
void sql_transaction_done(sql_transaction *t);
#define guard_transaction __attribute__((cleanup(sql_transaction_done))) sql_transaction

/** Gives the store's connection the SQL function that hashes a link of a run's chain; see store_link_hash(). */
int chain_register(store *s, error **err) CHECKED;
/** Appends what was written to the run's chain; in the caller's transaction, where there is one. Takes body. */
int chain_add(store *s, const char *run, const char *kind, json_t *body, error **err) CHECKED;

/** ERROR_STORE when the open file is no longer the one at its path: what is written now would be found by nobody. */
int sql_in_place(const store *s, error **err) CHECKED;
/** The error for what SQLite last said. */
int sql_fail(store *s, error **err);

/** The schema version of the open file, 0 for a new one; writes nothing. ERROR_STORE when it is damaged, newer than
 * this program, or not Belay's. */
int sql_file_version(store *s, int64_t *ret, error **err) CHECKED;
/** Brings the schema to this program's version. */
int sql_migrate(store *s, error **err) CHECKED;
/** The schema version that this program writes. */
int sql_schema_version(void);

#endif
