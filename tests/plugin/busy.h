/** @file busy.h  A fast HTTP server on loopback, with keep-alive, for load: one process, one epoll loop. */
#ifndef TESTS_PLUGIN_BUSY_H
#define TESTS_PLUGIN_BUSY_H

/** A listening socket on 127.0.0.1; port 0: any free one. -1 when that cannot be. *ret_port: the port. */
int busy_listen(int port, int *ret_port);
int busy_listen6(int *ret_port); /**< on ::1, a free port */
/** Serves it, for ever:
 *    /ok          200; also, as to a proxy, http://xn--exmple-cua.org:8099/idn
 *    /wait/MS     200 after so many milliseconds
 *    /stall/MS    the same, while nobody else is served either
 *    /every/N     503 for every N-th of these requests, else 200
 *    /drop        closes the connection, unanswered
 *    /json        200 for a POST of {"n":1} with X-Kind: load and a bearer token, else 400
 *  and 404 for all else. */
_Noreturn void busy_serve(int fd);
/** Serves from a child process, which ends with the program or by busy_stop(); gives the port. */
int busy_start(void);
/** The same on ::1; 0 where the machine has no IPv6. */
int busy_start6(void);
/** Ends both. */
void busy_stop(void);

#endif
