/**
 * @file statement.h
 * What a statement is, as far as it decides how a file of statements may be run. Read from its words alone: no server.
 */
#ifndef POSTGRES_STATEMENT_H
#define POSTGRES_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define SQL_IS_ANYTHING     1u   /**< it is more than comments and blanks */
#define SQL_COPY_IN         2u   /**< COPY ... FROM STDIN: data follows it in the file */
#define SQL_COPY_OUT        4u   /**< COPY ... TO STDOUT */
#define SQL_OWN_TRANSACTION 8u   /**< BEGIN, COMMIT, ROLLBACK, SAVEPOINT ... */
#define SQL_ALONE           16u  /**< cannot run inside a transaction block */
#define SQL_CONCURRENTLY    32u  /**< waits for other transactions, but lets them go on */
#define SQL_NEW_INDEX       64u  /**< CREATE INDEX; name and table are set when it has a name */
#define SQL_UNLESS_EXISTS   128u /**< CREATE INDEX ... IF NOT EXISTS */
#define SQL_STRINGS_ON      256u /**< SET standard_conforming_strings = on, or to its default */
#define SQL_STRINGS_OFF     512u /**< SET standard_conforming_strings = off */

typedef struct sql_traits {
    unsigned flags;
    const char *words;   /**< of SQL_ALONE and SQL_OWN_TRANSACTION: the words that make it so; constant */
    char *index, *table; /**< of SQL_NEW_INDEX, as written; owned, NULL when the server chooses the name */
} sql_traits;

/** Adds what the statement text[0..length) is to *traits; call it for each of several statements sent together. */
void sql_traits_add(sql_traits *traits, const char *text, size_t length, bool standard_strings);
void sql_traits_done(sql_traits *traits);

#endif
