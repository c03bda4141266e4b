/**
 * @file link.h
 * A byte stream to a Redis server: TCP, TLS or a unix socket. hiredis 0.14, which Debian 12 has, knows no TLS; of it
 * only the protocol is used. Functions return false and set `why`; each lasts at most the link's limit, and ends at
 * once when the call is cancelled.
 */
#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include <belay/plugin.h>

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#define LINK_WHY 512

typedef struct redis_link {
    belay_ctx *c;
    const belay_host *h;
    int64_t limit_ms; /**< for a connection, and for each answer */
    int fd;
    SSL_CTX *tls_context;
    SSL *tls;         /**< NULL: plain */
    bool answered;    /**< a byte was read */
    bool tls_refused; /**< by either side: waiting does not help */
    char why[LINK_WHY];
} redis_link;

/** host: a name or an address without brackets. */
bool link_tcp(redis_link *l, const char *host, int port);
bool link_unix(redis_link *l, const char *path);
/** After link_tcp(): TLS with the certificate verified for that host, by the options tls_ca, tls_cert, tls_key. */
bool link_tls(redis_link *l, const char *host);
bool link_write(redis_link *l, const char *bytes, size_t n);
/** Reads what is there, at least one byte. */
bool link_read(redis_link *l, char *bytes, size_t room, size_t *ret);
void link_close(redis_link *l);

#endif
