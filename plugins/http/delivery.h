/** @file delivery.h  One HTTP/1.1 request, read from a socket (RFC 9112: Content-Length and chunked bodies). */
#ifndef HTTP_DELIVERY_H
#define HTTP_DELIVERY_H

#include "receiver.h"

/** Reads a request; stop: ends the reading when readable. NULL when it is none. *ret_status: what to answer; NULL:
 * nothing, the other side has gone. */
delivery *delivery_read(int fd, int stop, const char **ret_status);
void delivery_free(delivery *d);

#endif
