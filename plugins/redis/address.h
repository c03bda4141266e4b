/** @file address.h  The option `url`, read, or what is wrong with it. */
#ifndef REDIS_ADDRESS_H
#define REDIS_ADDRESS_H

#include <belay/plugin.h>

#include <stdbool.h>

#define ADDRESS_PART 256

typedef struct address {
    char host[ADDRESS_PART];   /**< name, IPv4 or IPv6 address; of docker:// the container */
    char socket[ADDRESS_PART]; /**< of unix://, else "" */
    char user[ADDRESS_PART], database[16];
    char *password; /**< owned; NULL: none */
    int port;
    bool tls, in_container;
} address;

/** Reads the option. Says nothing of its values, for it may hold a password: E_CONFIG, explained by what is wrong.
 * address_done() in any case. */
belay_status address_read(belay_ctx *c, const belay_host *h, address *ret);
void address_done(address *a);

#endif
