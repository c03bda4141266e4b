/** @file session.h  A connection to a Redis server by URL. */
#ifndef REDIS_SESSION_H
#define REDIS_SESSION_H

#include <belay/plugin.h>

#include <hiredis/hiredis.h>

/**
 * Connects by the option `url` (redis://[[user]:password@]host[:port][/database], or unix:///path/to/socket), within
 * the option `connect_timeout`, and authenticates. NULL, explained, on failure, with the status in *status and the
 * explanation in why.
 */
#define SESSION_WHY 320
redisContext *session_open(belay_ctx *c, const belay_host *h, belay_status *status, char why[SESSION_WHY]);
/** Sends one command; NULL, explained, with the status in *status, when there is no answer or it is an error. */
redisReply *session_command(belay_ctx *c, const belay_host *h, redisContext *redis, belay_status *status, int argc,
                            const char **argv);
/** Explains and returns E_CONFIG when the option `url` cannot be read; connects to nothing. */
belay_status session_check_url(belay_ctx *c, const belay_host *h);

#endif
