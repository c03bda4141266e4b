/* certificate.h: a TLS handshake, and what is to be said of the certificate that was shown in it. */
#ifndef TLS_CERTIFICATE_H
#define TLS_CERTIFICATE_H

#include <openssl/ssl.h>

#include "dial.h"

typedef struct finding {
    bool seen;          /* a certificate was shown */
    double days_left;   /* of the whole chain, as far as it is known; negative: it has ended */
    char says[WHY_MAX]; /* what is wrong with it; "": nothing */
} finding;

/* Authorities of ca_file, or the system's when it is NULL; SSL_CTX_free() it. NULL, with the reason in why. */
SSL_CTX *trust_new(const char *ca_file, char why[WHY_MAX]);

/* Shakes hands on the connected socket and looks at the certificate; name: whom it must be for, and who is asked for by
 * SNI. BELAY_OK also for a bad certificate: ret->says tells. BELAY_E_FAIL when this is no TLS, with the reason in
 * w->why. */
belay_status certificate_look(waiting *w, SSL_CTX *trust, int fd, const char *name, bool is_address, finding *ret);

#endif
