/**
 * @file request.h
 * What the core asks of belay-vault, as one JSON object at standard input:
 *
 *   address namespace ca_file timeout_ms   the server; namespace and ca_file may be missing
 *   mount path version                     of a KV engine, version 2; version may be missing: the newest
 *   field                                  which of its texts
 *   token_file                             where the token is; or
 *   role_id secret_id_file auth_mount      who logs in, and where that method is mounted
 *
 * The answer is one JSON object at standard output, {"value"} or {"error", "hint"}, and exit status 0. The core never
 * sees token or secret_id: they are read here, and an error that holds one of them is masked.
 */
#ifndef VAULT_REQUEST_H
#define VAULT_REQUEST_H

#include "base/redact.h"
#include "vault/api.h"

/** The whole request; the value of the field, or why there is none. What must not be told is added to secrets. The
 *  caller wipes and frees *ret. */
int request_serve(const json_t *asked, redactor *secrets, char **ret, error **err) CHECKED;

/** Logs in by AppRole (auth/MOUNT/login); the caller wipes and frees *ret_token. */
int login_approle(const api *a, const json_t *asked, redactor *secrets, char **ret_token, error **err) CHECKED;
/** Ends the token of a->token at once. A failure is no matter: it ends by itself. */
void login_end(const api *a);
/** A file of one line; the caller wipes and frees. */
int login_read(const char *path, const char *option, redactor *secrets, char **ret, error **err) CHECKED;

#endif
