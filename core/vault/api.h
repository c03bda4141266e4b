/**
 * @file api.h
 * Requests to HashiCorp Vault: HTTP API v1, answers in JSON (https://developer.hashicorp.com/vault/api-docs). The
 * certificate and the host name are verified, always; redirects are not followed, for they would take the token along.
 * All memory that libcurl frees is wiped.
 */
#ifndef VAULT_API_H
#define VAULT_API_H

#include <jansson.h>
#include <stdint.h>

#include "base/mem.h"

typedef struct api {
    const char *address; /**< "https://vault.example.org:8200" */
    const char *space;   /**< Enterprise's namespace; NULL: none */
    const char *ca_file; /**< the authorities to trust in the place of the system's (PEM); NULL: those */
    int64_t timeout_ms;  /**< as it was set, for messages */
    int64_t deadline;    /**< of clock_steady_ms(), for all requests together */
    const char *token;   /**< NULL: not logged in yet */
} api;

typedef struct api_answer {
    long status;    /**< of HTTP */
    json_t *body;   /**< an object, empty when there was none */
    char *location; /**< where a redirect leads; NULL */
} api_answer;
void api_answer_done(api_answer *a);

int api_init(error **err) CHECKED;
/** Asks for "v1/PATH", whose segments are escaped here; query: "version=3" or NULL; body: POSTed, or NULL: GET.
 *  ERROR_IO when there was no answer in time, or none in JSON. api_answer_done() it when this returns 0. */
int api_ask(const api *a, const char *path, const char *query, const json_t *body, api_answer *ret,
            error **err) CHECKED;
/** The error of an answer that is no success, whatever was asked: sealed, redirected, not ready. doing: "read 'x'". */
int api_refused(const api *a, const api_answer *answer, const char *doing, error **err);
/** The first of its "errors", or "". */
const char *api_complaint(const api_answer *answer);

#endif
