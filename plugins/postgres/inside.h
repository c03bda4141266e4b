/**
 * @file inside.h
 * A server in a container, as docker://CONTAINER/DATABASE?user=USER names it. A session tries, in this order: the
 * published port, the container's address, the server's socket through the container's root, a tunnel by `docker exec`;
 * without a password in the address the socket comes first, as `docker exec CONTAINER psql` would use it.
 */
#ifndef POSTGRES_INSIDE_H
#define POSTGRES_INSIDE_H

#include <stddef.h>

#include "container/container.h"
#include "server.h"

/** One way to the server, in libpq's words. */
typedef struct inside_way {
    char host[CONTAINER_PLACE], hostaddr[CONTAINER_PLACE], port[16];
    char name[2 * CONTAINER_PLACE]; /**< for people: "its published port 127.0.0.1:18032" */
} inside_way;

/** Ends the tunnel, if there is one; true when there was. All sessions through it are closed before. */
bool inside_leave(void);

#define INSIDE_WAYS 4
/** The index-th way, 0 to INSIDE_WAYS - 1; false when the container does not offer it.
 * *ret is zeroed before. */
bool inside_way_of(const server *s, const container *k, bool with_password, size_t index, inside_way *ret);
/** Whether the next way may lead further: nobody answered, or a password is wanted here that the address lacks. */
bool inside_goes_on(const server *s, belay_status status, bool with_password);

#endif
