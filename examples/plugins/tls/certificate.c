#include "certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400.0

/* The reason of the oldest error in OpenSSL's queue, which is emptied. */
static const char *reason_of_library(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return reason ? reason : "no reason is told";
}

SSL_CTX *trust_new(const char *ca_file, char why[WHY_MAX])
{
    SSL_CTX *trust = SSL_CTX_new(TLS_client_method());
    int known = !trust    ? 0
                : ca_file ? SSL_CTX_load_verify_locations(trust, ca_file, NULL)
                          : SSL_CTX_set_default_verify_paths(trust);
    if (known == 1)
        return trust;
    snprintf(why, WHY_MAX, "%s: %s", ca_file ? ca_file : "the system's authorities", reason_of_library());
    SSL_CTX_free(trust);
    return NULL;
}

static bool expect_name(SSL *tls, const char *name, bool is_address)
{
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), name) == 1;
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(tls, name) == 1 && SSL_set_tlsext_host_name(tls, name) == 1;
}

/* A failed step of the handshake; a wait that is needed is BELAY_OK. */
static belay_status next_move(waiting *w, SSL *tls, int fd, int result)
{
    switch (SSL_get_error(tls, result)) {
    case SSL_ERROR_WANT_READ: return wait_for(w, fd, POLLIN);
    case SSL_ERROR_WANT_WRITE: return wait_for(w, fd, POLLOUT);
    case SSL_ERROR_SSL:
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            break;
        snprintf(w->why, sizeof w->why, "no TLS handshake: %s", reason_of_library());
        return BELAY_E_FAIL;
    default: break;
    }
    snprintf(w->why, sizeof w->why, "it closed the connection during the handshake");
    return BELAY_E_FAIL;
}

static belay_status shake_hands(waiting *w, SSL *tls, int fd)
{
    for (;;) {
        int result = SSL_connect(tls);
        if (result == 1)
            return BELAY_OK;
        belay_status status = next_move(w, tls, fd, result);
        if (status != BELAY_OK)
            return status;
    }
}

static double days_left(const X509 *certificate)
{
    int days = 0, seconds = 0;
    ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate));
    return days + seconds / DAY_S;
}

static void look(SSL *tls, const char *name, finding *f)
{
    X509 *own = SSL_get1_peer_certificate(tls);
    STACK_OF(X509) *chain = SSL_get0_verified_chain(tls);
    long verdict = SSL_get_verify_result(tls);
    f->seen = own;
    if (!own) {
        snprintf(f->says, sizeof f->says, "it shows no certificate");
        return;
    }
    f->days_left = days_left(own);
    /* What vouches for it may end earlier. */
    for (int i = 0; verdict == X509_V_OK && i < sk_X509_num(chain); i++)
        if (days_left(sk_X509_value(chain, i)) < f->days_left)
            f->days_left = days_left(sk_X509_value(chain, i));
    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
        snprintf(f->says, sizeof f->says, "its certificate is not for '%s'", name);
    else if (verdict == X509_V_ERR_CERT_HAS_EXPIRED && f->days_left < 0)
        snprintf(f->says, sizeof f->says, "its certificate has expired %.1f days ago", -f->days_left);
    else if (verdict != X509_V_OK)
        snprintf(f->says, sizeof f->says, "nobody vouches for its certificate: %s",
                 X509_verify_cert_error_string(verdict));
    X509_free(own);
}

belay_status certificate_look(waiting *w, SSL_CTX *trust, int fd, const char *name, bool is_address, finding *ret)
{
    *ret = (finding){0};
    ERR_clear_error();
    SSL *tls = SSL_new(trust);
    if (!tls || !expect_name(tls, name, is_address) || SSL_set_fd(tls, fd) != 1) {
        snprintf(w->why, sizeof w->why, "%s", reason_of_library());
        SSL_free(tls);
        return BELAY_E_RETRY;
    }
    /* The verdict is asked for afterwards: a bad certificate ends nothing here, for nothing is sent to whom it is. */
    SSL_set_verify(tls, SSL_VERIFY_NONE, NULL);
    belay_status status = shake_hands(w, tls, fd);
    if (status == BELAY_OK) {
        look(tls, name, ret);
        (void)SSL_shutdown(tls);
    }
    SSL_free(tls);
    return status;
}
