/**
 * @file proxy.h
 * A bad line between a plugin and its server: a process that forwards connections and, when told to, cuts, ends,
 * stalls, slows down or garbles what the server says.
 */
#ifndef TESTS_PLUGIN_PROXY_H
#define TESTS_PLUGIN_PROXY_H

#include <stdbool.h>
#include <stddef.h>

typedef enum proxy_fault {
    PROXY_GOOD,   /**< forwards all */
    PROXY_CUT,    /**< resets the connection */
    PROXY_END,    /**< ends it in good order, as if that were all */
    PROXY_STALL,  /**< forwards nothing more, and keeps it open */
    PROXY_SLOW,   /**< a byte each 20 ms */
    PROXY_GARBLE, /**< flips bits of each byte */
} proxy_fault;

/** Of a fault, as a word. */
const char *proxy_fault_name(proxy_fault fault);

typedef struct proxy proxy;

/** Forwards connections to `target`, "127.0.0.1:PORT" or a unix socket's path: from a port of its own, or from the unix
 *  socket `path` when that is not NULL. Ends with proxy_stop() or with the test program. */
proxy *proxy_start(const char *target, const char *path);
void proxy_stop(proxy *p);
int proxy_port(const proxy *p);

/** From now on, and after `good` more bytes of the server's over all connections: the fault. Later connections meet it
 *  at their first byte, unless `once`: then only the connection that met it does. Counts anew. */
void proxy_break(proxy *p, proxy_fault fault, size_t good, bool once);
/** Bytes of the server's that came since the last proxy_break(). */
size_t proxy_bytes(const proxy *p);

#endif
