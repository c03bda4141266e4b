/** @file send.h  Sends one statement of a script to the server, as psql does: COPY data and several results included.
 */
#ifndef POSTGRES_SEND_H
#define POSTGRES_SEND_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "server.h"
#include "splitter.h"

/** Why a statement failed. Zero it to begin; failure_done(). */
typedef struct failure {
    char state[6];        /**< SQLSTATE, or "" when the connection is lost */
    char *message, *hint; /**< message with detail and context; hint may be NULL */
    size_t offset;        /**< byte of the statement where the error is; 0 when the server does not say */
} failure;

/** BELAY_OK; else E_CANCELLED, E_RETRY for a lost connection, E_FAIL for an error of the server, with *ret filled in.
 */
belay_status send_statement(server *s, const sql_statement *statement, failure *ret);
void failure_done(failure *f);

/** True for what may pass when tried again: lock timeout, deadlock, serialization failure. */
bool failure_is_transient(const failure *f);

#endif
