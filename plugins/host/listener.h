/** @file listener.h  Who listens on a TCP port, from /proc/net/tcp and the descriptors of all processes. */
#ifndef LISTENER_H
#define LISTENER_H

#include <stddef.h>

/** "pid 4711 (nginx)", or what can be told of it: of other users' processes only root sees more than the user. "" when
 *  nobody listens there in this network namespace. */
void listener_name(unsigned port, char *buf, size_t room);

#endif
