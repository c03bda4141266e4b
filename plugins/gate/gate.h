/** @file gate.h  People's decisions, and the roles that may make them. */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include <belay/plugin.h>

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

/** A decision as the fact "step.approvals" tells it; texts are borrowed from that. */
typedef struct decision {
    const char *role, *reason;
    const char *person; /**< the key's principal, or the operating system's user */
    const char *why;    /**< why it does not count */
    bool approve;
    bool is_signed;
    double at; /**< seconds since 1970 */
} decision;

/** False when it does not count: Belay has checked what it is about, its signature, and who may make it. */
bool decision_read(const json_t *item, decision *ret);

/** One item of the option `roles`: "NAME" or "NAME=person person". */
typedef struct role {
    char name[64];
    const char *people; /**< separated by blanks; "" : everybody */
} role;

/** False when the item is not written so. */
bool role_parse(const char *item, role *ret);

belay_status approval_prepare(belay_ctx *c, const belay_host *h);
belay_status approval_verify(belay_ctx *c, const belay_host *h);
belay_status go_prepare(belay_ctx *c, const belay_host *h);
belay_status go_verify(belay_ctx *c, const belay_host *h);

#endif
