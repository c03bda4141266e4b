/**
 * @file address.h
 * Which engine a step means, as the docker program itself decides it: the option `host`, else $DOCKER_HOST, else the
 * context that $DOCKER_CONTEXT or `currentContext` of the docker program's config.json names, else the usual socket.
 * Source: docker/cli, cli/command/cli.go (resolveContextName), cli/context/store.
 */
#ifndef DOCKER_ADDRESS_H
#define DOCKER_ADDRESS_H

#include <stdbool.h>

#include "call.h"

typedef struct address {
    char *host;    /**< "unix:///run/docker.sock" or "tcp://host:port" */
    char *tls;     /**< folder with ca.pem, cert.pem, key.pem, or NULL: no TLS */
    char *context; /**< name of the docker context that led here, or NULL */
    char *label;   /**< for people: "tcp://host:port (docker context n2)" */
} address;

/** E_CONFIG or E_FAIL, explained: an address of another kind, a context that does not exist or cannot be read. Asks no
 * engine. address_done() in any case. */
belay_status address_find(const call *c, address *ret) __attribute__((warn_unused_result));
void address_done(address *a);

#endif
