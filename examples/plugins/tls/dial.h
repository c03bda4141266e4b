/* dial.h: a TCP connection to HOST:PORT, which keeps its deadline and notices cancellation. */
#ifndef TLS_DIAL_H
#define TLS_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <belay/plugin.h>

#define HOST_MAX 256
#define WHY_MAX  512

typedef struct target {
    const char *text;    /* as it was written */
    char host[HOST_MAX]; /* without the brackets of an IPv6 address */
    char port[6];
    bool is_address; /* rather than a name */
} target;

/* "shop.example.com:443", "127.0.0.1:8443", "[::1]:8443". False when it is none of these. */
bool target_parse(const char *text, target *ret);

/* What every wait needs. */
typedef struct waiting {
    belay_ctx *c;
    const belay_host *h;
    int64_t until_ms;  /* by clock_ms() */
    char why[WHY_MAX]; /* the reason, when it does not come about */
} waiting;

int64_t clock_ms(void);
/* Waits for poll's events on fd. BELAY_OK, BELAY_E_CANCELLED, or BELAY_E_RETRY when the time is up. */
belay_status wait_for(waiting *w, int fd, short events);
/* *ret is a connected socket that does not block; the caller closes it. BELAY_NOT_YET when nobody listens there;
 * BELAY_E_RETRY when the name has no address or the network does not answer. */
belay_status dial(waiting *w, const target *t, int *ret);

#endif
