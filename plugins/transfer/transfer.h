/**
 * @file transfer.h
 * HTTP requests side by side on one curl multi handle, which end at once when the call is cancelled or out of time.
 * Certificates and host names are verified, always; no redirect is followed, only http and https are spoken.
 */
#ifndef TRANSFER_TRANSFER_H
#define TRANSFER_TRANSFER_H

#include <belay/plugin.h>

#include <stddef.h>

#define TRANSFER_BODY_MAX (4u << 20)

/** One request. Set the upper part (borrowed until transfer_run returns), zero the rest; transfer_done() in the end. */
typedef struct transfer {
    const char *method; /**< NULL: GET, or POST when there is a body */
    const char *url;
    const char *body;           /**< sent as JSON; NULL: none */
    const char *const *headers; /**< "Name: value", NULL-terminated; may be NULL */
    const char *bearer;         /**< token for Authorization; may be NULL */
    const char *ca_file;        /**< further certificate authorities (PEM); may be NULL */
    long timeout_ms;
    /* answers */
    long status;  /**< HTTP status; 0 when there was no answer */
    char *answer; /**< NUL-terminated, at most TRANSFER_BODY_MAX; never NULL after a run */
    size_t length;
    char error[256]; /**< why there was no answer; "" when there was one */
    /** Milliseconds from the start until: name resolved, connected, TLS agreed (0 without TLS), first byte, all. */
    double dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms;
} transfer;

/** Runs all n. BELAY_OK when all have ended, each with its own status or error; else BELAY_E_CANCELLED, or
 * BELAY_E_RETRY (explained) when curl itself failed. */
belay_status transfer_run(belay_ctx *c, const belay_host *h, transfer *items, size_t n);
void transfer_done(transfer *items, size_t n);

/** A target as users write it: "name=url" or "url" (then the name is host:port). */
typedef struct transfer_target {
    char name[64];
    const char *url; /**< borrowed from the option */
} transfer_target;
/** Reads one item of the list option; BELAY_E_CONFIG, explained, when it is no http(s) address. */
belay_status transfer_target_parse(belay_ctx *c, const belay_host *h, const char *option, const char *item,
                                   transfer_target *ret);

#endif
