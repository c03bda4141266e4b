/** @file endpoint.h  A TCP address and port as people write it, and whether somebody answers there. */
#ifndef HOST_ENDPOINT_H
#define HOST_ENDPOINT_H

#include <netdb.h>
#include <stdbool.h>

typedef struct endpoint {
    char host[256]; /**< "": every address of this machine */
    char port[8];
    unsigned number;
} endpoint;

/** "8001", "127.0.0.1:8001", "[::1]:8001", "db.internal:5432". */
bool endpoint_parse(const char *s, endpoint *ret);
/** Looks the host up; 0, or what gai_strerror() knows. passive: for binding. The caller calls freeaddrinfo(). */
int endpoint_find(const endpoint *e, bool passive, struct addrinfo **ret);
/** 0, or why no connection came about within ms (errno). */
int endpoint_connect(const struct addrinfo *a, int ms);

#endif
