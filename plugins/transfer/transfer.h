/**
 * @file transfer.h
 * HTTP requests side by side on one curl multi handle, which end at once when the call is cancelled or out of time.
 * Certificates and host names are verified, always; redirects are followed only when asked, only http and https spoken.
 */
#ifndef TRANSFER_TRANSFER_H
#define TRANSFER_TRANSFER_H

#include <belay/plugin.h>
#include <locale.h>
#include <stdbool.h>

#include <stddef.h>

#define TRANSFER_BODY_MAX (4u << 20)
#define TRANSFER_HEAD_MAX (256u << 10)

/** What requests share that belong together, as those of one browser: its cookies. */
typedef struct transfer_session transfer_session;
transfer_session *transfer_session_new(void); /**< NULL when memory is gone */
void transfer_session_free(transfer_session *s);
/** Calls each with every cookie that is kept now. */
void transfer_session_cookies(const transfer_session *s, void (*each)(void *user, const char *name, const char *value),
                              void *user);

/** One request. Set the upper part (borrowed until transfer_run returns), zero the rest; transfer_done() in the end. */
typedef struct transfer {
    const char *method; /**< NULL: GET, or POST when there is a body */
    const char *url;
    const char *body;           /**< NULL: none */
    const char *content_type;   /**< of the body; NULL: JSON */
    const char *const *headers; /**< "Name: value", NULL-terminated; may be NULL */
    const char *bearer;         /**< token for Authorization; may be NULL */
    const char *ca_file;        /**< further certificate authorities (PEM); may be NULL */
    long timeout_ms;
    long redirects;            /**< how many to follow at the most */
    transfer_session *session; /**< may be NULL; with it, final_url is answered too */
    /* answers */
    long status;  /**< HTTP status; 0 when there was no answer */
    char *answer; /**< NUL-terminated, at most TRANSFER_BODY_MAX; never NULL after a run */
    size_t length;
    char *head;      /**< the header lines of the last answer, or NULL */
    bool head_ended; /**< they came whole; else there is an error */
    char *final_url; /**< where redirects led, or NULL; with a session */
    char error[256]; /**< why there was no answer; "" when there was one */
    /** Milliseconds from the start until: name resolved, connected, TLS agreed (0 without TLS), first byte, all. */
    double dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms;
} transfer;

/** Runs all n. BELAY_OK when all have ended, each with its own status or error; else BELAY_E_CANCELLED, or
 * BELAY_E_RETRY (explained) when curl itself failed. */
belay_status transfer_run(belay_ctx *c, const belay_host *h, transfer *items, size_t n);
void transfer_done(transfer *items, size_t n);

/** True when the address is one of this machine by its own words: localhost, *.localhost, 127.0.0.0/8, [::1]. Such
 *  requests go through no proxy; all others go as http_proxy, https_proxy and no_proxy say. */
bool transfer_is_loopback(const char *url);
/** While it is begun, curl takes names of hosts as UTF-8 ("http://exämple.org" is asked as xn--exmple-cua.org). */
typedef struct transfer_charset {
    locale_t utf8, before;
} transfer_charset;
transfer_charset transfer_charset_begin(void);
void transfer_charset_end(transfer_charset c);

/** BELAY_E_CONFIG, explained, when the option's address is no http(s) address, or none that curl can read. */
belay_status transfer_check_url(belay_ctx *c, const belay_host *h, const char *option, const char *url);

/** A target as users write it: "name=url" or "url" (then the name is host:port). */
typedef struct transfer_target {
    char name[64];
    const char *url; /**< borrowed from the option */
} transfer_target;
/** Reads one item of the list option; BELAY_E_CONFIG, explained, when it is no http(s) address. */
belay_status transfer_target_parse(belay_ctx *c, const belay_host *h, const char *option, const char *item,
                                   transfer_target *ret);

#endif
