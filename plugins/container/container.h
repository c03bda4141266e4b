/**
 * @file container.h
 * A server in a container, and the ways by which it can be reached from here. The `docker` program is asked: it knows
 * DOCKER_HOST, contexts, TLS and ssh:// as the operator's own commands do.
 */
#ifndef CONTAINER_CONTAINER_H
#define CONTAINER_CONTAINER_H

#include <belay/plugin.h>

#include <stdbool.h>
#include <sys/types.h>

#define CONTAINER_NAME  128
#define CONTAINER_PLACE 256

typedef struct container {
    char name[CONTAINER_NAME];
    char published[CONTAINER_PLACE]; /**< host that publishes the port; "" when nobody does, or not for us */
    int published_port;
    char address[CONTAINER_PLACE]; /**< the container's own, when it runs on this machine; else "" */
    int port;                      /**< at which the server listens in there */
    int pid;                       /**< of its first process, when it runs on this machine; else 0 */
} container;

/** A name or id that Docker could have given; anything else would be taken for an option. */
bool container_is_name(const char *name);
/**
 * Finds the container and where its port is. option: whose value named it, for explanations. E_FAIL when there is no
 * such container, E_RETRY when it does not run or no engine answers; explained.
 */
belay_status container_find(belay_ctx *c, const belay_host *h, const char *option, const char *name, int port,
                            container *ret);
/** An open folder of the container, as its processes see it, or -1: absent, or not for this user to see. The caller
 * closes it. Symbolic links in it lead nowhere outside the container. */
int container_folder(const container *k, const char *path);

/** A child that makes connections into a container. */
typedef struct container_tunnel {
    int folder;  /**< open, with the socket in it, for "/proc/self/fd/N": paths of sockets are short */
    int control; /**< its closing ends the child */
    pid_t pid;
} container_tunnel;

/** Serves the unix socket `name` in the call's work folder: each connection to it becomes one to 127.0.0.1:port inside
 * the container, through `docker exec` and perl or nc in there. False with errno on failure. */
bool container_tunnel_open(belay_ctx *c, const belay_host *h, const container *k, const char *name,
                           container_tunnel *ret);
/** After the connections were closed: waits until all that it started has ended, at most some seconds. */
void container_tunnel_close(container_tunnel *t);

#endif
