/** @file session.h  A session with a Redis server, or one that speaks its protocol (Valkey). */
#ifndef REDIS_SESSION_H
#define REDIS_SESSION_H

#include <belay/plugin.h>

#include <hiredis/hiredis.h>

typedef struct session session;

/**
 * Connects by the option `url` (address.h), within the option `connect_timeout`, authenticates, refuses a Sentinel and
 * selects the database. NULL, explained, on failure, with the status in *status and the explanation in why.
 */
#define SESSION_WHY 1024
session *session_open(belay_ctx *c, const belay_host *h, belay_status *status, char why[SESSION_WHY]);
void session_close(session *s);
/** Sends one command; NULL, explained, with the status in *status, when there is no answer or it is an error. The
 * caller frees the reply. */
redisReply *session_command(session *s, belay_status *status, int argc, const char **argv);
/** Explains and returns E_CONFIG when the option `url` cannot be read; connects to nothing. */
belay_status session_check_url(belay_ctx *c, const belay_host *h);

#endif
