/**
 * @file tool.h
 * PostgreSQL's own programs (pg_dump, pg_restore, psql), run here or, by the option `tool_prefix`, elsewhere:
 * ["docker", "exec", "-i", "staging-postgres"].
 *
 * A program gets every word of the session's connection (host, port and address being those that the session reached)
 * by a private service file, and the password by its environment, never by an argument.
 */
#ifndef POSTGRES_TOOL_H
#define POSTGRES_TOOL_H

#include <belay/plugin.h>

#include "server.h"

typedef struct tool {
    const char *program;     /**< "pg_dump" */
    const char *const *args; /**< NULL-terminated, without the connection's */
    const char *database;    /**< NULL: connect to nothing */
    const server *session;   /**< whose server it connects to; may be NULL without `database` */
    int in_fd, out_fd;       /**< 0: /dev/null; captured */
    const char *keep_as;     /**< artifact for what it prints; may be NULL */
} tool;

/**
 * Runs it. With a prefix the connection is made there: by the URL's user, through the local socket. BELAY_OK when it
 * exited 0; else explained with the first lines it wrote to stderr. io receives the run's output; may be NULL.
 */
belay_status tool_run(belay_ctx *c, const belay_host *h, const tool *t, belay_run *io);

/** Runs pg_dump of the session's database into out_fd, with `args`. It reads a snapshot that the session's server
 * exported, so a dump of another server fails. */
belay_status tool_dump(const server *s, const char *const *args, int out_fd, const char *keep_as);

/** For prepare: psql runs, connects, and is connected to the session's server; explained when not. */
belay_status tool_check(const server *s);

/** For psql's option -c: a statement that fails on another server than the session's. The caller frees. */
belay_status tool_same_server(const server *s, char **ret_sql);

#endif
