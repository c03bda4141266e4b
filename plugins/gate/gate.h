/** @file gate.h  People's decisions, and the roles that may make them. */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include <belay/plugin.h>

#include <jansson.h>
#include <stdbool.h>

#define PERSON_MAX 128

/** A decision that may count: well-formed, about this gate and what the run has found, by a person who is known. */
typedef struct decision {
    const char *role, *reason; /**< borrowed from the facts */
    const char *user;          /**< of the operating system; the same */
    bool approve;
    bool is_signed;
    double at;               /**< seconds since 1970 */
    char person[PERSON_MAX]; /**< the key's principal, or the operating system's user */
} decision;

/**
 * Checks one item of the fact "step.approvals". False with *why set (borrowed, or in buf) when it does not count: it is
 * about something else, or its signature is missing, wrong or of nobody in allowed_signers. *status is negative when
 * that could not be found out.
 */
bool decision_check(belay_ctx *c, const belay_host *h, const json_t *item, decision *ret, const char **why,
                    char buf[256], belay_status *status);

/** One item of the option `roles`: "NAME" or "NAME=person person". */
typedef struct role {
    char name[64];
    const char *people; /**< separated by blanks; "" : everybody */
} role;

/** False when the item is not written so. */
bool role_parse(const char *item, role *ret);
bool role_has(const role *r, const char *person);

belay_status approval_prepare(belay_ctx *c, const belay_host *h);
belay_status approval_verify(belay_ctx *c, const belay_host *h);
belay_status go_prepare(belay_ctx *c, const belay_host *h);
belay_status go_verify(belay_ctx *c, const belay_host *h);

#endif
