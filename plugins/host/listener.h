/** @file listener.h  Who listens on TCP ports, from /proc/net/tcp and the descriptors of all processes. */
#ifndef LISTENER_H
#define LISTENER_H

#include <stddef.h>

#define LISTENER_ADDRESS 46
#define LISTENER_PROGRAM 32
#define LISTENER_TEXT    64

typedef struct listener {
    unsigned port, user;
    unsigned long inode;
    char address[LISTENER_ADDRESS]; /**< "127.0.0.1", "::" */
    int pid;                        /**< 0: of other users' processes only root sees more than the user */
    char program[LISTENER_PROGRAM];
} listener;

typedef struct listeners {
    listener *items;
    size_t count, room;
} listeners;

/** All that listen in this network namespace, on the port unless that is 0; listeners_done() in the end. */
listeners listeners_read(unsigned port);
void listeners_done(listeners *l);
/** "pid 4711 (nginx)", or what can be told of it; returns buf. */
char *listener_show(const listener *l, char buf[LISTENER_TEXT]);

/** The same of the first that listens on the port; "" when nobody does. */
void listener_name(unsigned port, char *buf, size_t room);

#endif
