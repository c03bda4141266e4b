/** @file psql_wire.h  What the real psql sends for a file: read by a server that speaks just enough of the protocol. */
#ifndef TESTS_PLUGIN_PSQL_WIRE_H
#define TESTS_PLUGIN_PSQL_WIRE_H

#include <stddef.h>

#include "buf.h"

/** One message: a query, or all the data of one COPY. */
typedef struct wire_message {
    char *text;
    size_t length;
    int is_data;
} wire_message;

typedef struct wire_log {
    wire_message *items;
    size_t count, room;
} wire_log;

/** Lets psql run the file against a server that says yes to everything; a query that begins with COPY and has FROM
 * STDIN or FROM STDOUT is answered as COPY is. Fails the test when psql cannot be run. */
void psql_wire(const char *path, wire_log *ret);
void wire_log_done(wire_log *log);

#endif
