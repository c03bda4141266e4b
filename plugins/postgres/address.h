/** @file address.h  The option `database`, read: libpq's words, or what is wrong with them. */
#ifndef POSTGRES_ADDRESS_H
#define POSTGRES_ADDRESS_H

#include "server.h"

/** Reads the option. The caller frees *ret with PQconninfoFree(). E_CONFIG, explained without quoting any value (one
 * may be a password): an unknown scheme or parameter is named. */
belay_status address_read(belay_ctx *c, const belay_host *h, PQconninfoOption **ret);
/** The value of a word, or NULL. Borrowed. */
const char *address_word(const PQconninfoOption *words, const char *keyword);
/** Why there is no connection, from libpq's message: the status that it deserves and what to do. */
belay_status address_blame(const char *message, const char **ret_hint);

#endif
