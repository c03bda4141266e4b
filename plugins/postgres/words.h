/**
 * @file words.h
 * The words of a session's connection (libpq's keywords with their values), handed on to a program that is to connect
 * to the same server in the same way. Source: PostgreSQL's manual, "Database Connection Control Functions" and "The
 * Connection Service File".
 */
#ifndef POSTGRES_WORDS_H
#define POSTGRES_WORDS_H

#include "server.h"

/** The service that words_write() writes. */
#define WORDS_SERVICE "belay"

/** Writes all words but database and password into a new service file of the call's work folder, readable by its owner
 * only; host, address and port are those that the session reached. *ret_path: the caller unlinks and frees it; NULL on
 * failure. E_CONFIG, explained, for a word whose value a service file cannot hold. */
belay_status words_write(const server *s, char **ret_path);
/** "dbname='NAME'", quoted: a bare name that holds '=' or begins like a URL would be taken for a connection string.
 * With `elsewhere` followed by the words that also mean something in a session through a local socket. The caller
 * frees. */
char *words_local(const server *s, const char *database, bool elsewhere);

#endif
