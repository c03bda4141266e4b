/** @file server.h  The server that a case brings along: one program, on a port of 127.0.0.1. */
#ifndef CONFORM_SERVER_H
#define CONFORM_SERVER_H

#include <sys/types.h>

#include "base/mem.h"

typedef struct server {
    pid_t pid; /**< leader of a process group of its own; 0: none runs */
    int input; /**< the other end of its standard input: some servers go when that ends */
} server;

/** A TCP port of 127.0.0.1 that is free now. */
int server_free_port(int *ret, error **err) CHECKED;
/** Starts it in a folder below scratch, and waits for at most 20 s until it accepts connections. What it prints goes to
 *  scratch/server.log, whose end is told when it does not. */
int server_start(server *s, char *const *argv, const char *scratch, int port, error **err) CHECKED;
/** Kills it and its children. Does nothing when none runs. */
void server_stop(server *s);

#endif
