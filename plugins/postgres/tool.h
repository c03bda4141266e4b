/**
 * @file tool.h
 * PostgreSQL's own programs (pg_dump, pg_restore, psql), run here or, by the option `tool_prefix`, elsewhere:
 * ["docker", "exec",
 * "-i", "staging-postgres"]. Passwords go by environment, never by argument.
 */
#ifndef POSTGRES_TOOL_H
#define POSTGRES_TOOL_H

#include <belay/plugin.h>

typedef struct tool {
    const char *program;     /**< "pg_dump" */
    const char *const *args; /**< NULL-terminated, without the connection's */
    const char *database;    /**< NULL: connect to nothing */
    int in_fd, out_fd;       /**< 0: /dev/null; captured */
    const char *keep_as;     /**< artifact for what it prints; may be NULL */
} tool;

/**
 * Runs it. With a prefix the connection is made there: by the URL's user, through the local socket. BELAY_OK when it
 * exited 0; else explained with the first lines it wrote to stderr. io receives the run's output; may be NULL.
 */
belay_status tool_run(belay_ctx *c, const belay_host *h, const tool *t, belay_run *io);

#endif
