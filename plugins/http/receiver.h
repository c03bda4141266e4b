/**
 * @file receiver.h
 * Takes HTTP requests that others send, such as webhooks: opened on one address, answered with 200 by a thread of its
 * own, kept until somebody asks for them. Limits: 64 KiB of header lines, 1 MiB of body, 256 requests, 5 s for each to
 * arrive.
 */
#ifndef HTTP_RECEIVER_H
#define HTTP_RECEIVER_H

#include <belay/plugin.h>
#include <stdbool.h>

typedef struct receiver receiver;

/** A request that came. */
typedef struct delivery {
    char method[16], *path; /**< path: with its query */
    char *head;             /**< header lines */
    char *body;             /**< NUL-terminated, and length bytes long */
    size_t length;
    bool taken;
} delivery;

/** True when text reads "ADDRESS" or "ADDRESS:PORT": an IPv4 address or a network interface's name. */
bool receiver_is_address(const char *text);
/** Opens it. listen: as above; without a port, or with port 0, any free one. name: how others call this host; NULL: by
 * the address. NULL with *ret_why (the caller frees) when that cannot be. */
receiver *receiver_open(const char *listen, const char *name, char **ret_why);
/** Ends the thread and frees what came. */
void receiver_close(receiver *r);
/** "http://NAME:PORT". */
const char *receiver_url(const receiver *r);
/** Waits for the first request to this path (without its query) that was not taken yet, and takes it. BELAY_NOT_YET
 * when none came in time, BELAY_E_CANCELLED. *ret: borrowed until receiver_close(). */
belay_status receiver_wait(receiver *r, belay_ctx *c, const belay_host *h, const char *path, long ms,
                           const delivery **ret);
/** What came and was not taken: "POST /a, GET /b"; "nothing". The caller frees. */
char *receiver_rest(receiver *r);

#endif
