/** @file tally.h  Where each role of a gate stands. */
#ifndef GATE_TALLY_H
#define GATE_TALLY_H

#include "gate.h"

#define ROLES_MAX 32
#define TEXT_MAX  4096

/** By the decisions that count; in a role a later one takes the place of an earlier. */
typedef struct tally {
    role roles[ROLES_MAX];
    decision said[ROLES_MAX]; /**< role NULL: nothing yet */
    size_t count;
    char void_reason[512]; /**< the last decision that did not count, and why */
} tally;

/** Reads the options `roles` and `allowed_signers`; E_CONFIG or E_FAIL is explained. */
belay_status tally_read(belay_ctx *c, const belay_host *h, tally *t);
/** Counts the decisions there are. */
void tally_count(belay_ctx *c, const belay_host *h, tally *t);
/** "tech-lead (alice), qa-lead (anybody); signed". */
void tally_roles(belay_ctx *c, const belay_host *h, const tally *t, char text[TEXT_MAX]);
/** "bob (qa-lead, signed): costs are wrong". */
void tally_who(const decision *d, char *text, size_t room);
/** Appends "qa-lead: bob (signed)", as the outputs tell it; core/checklist/people.c reads it. */
void tally_record(const decision *d, char *text, size_t room);
/** Appends "qa-lead: WORD by bob (signed) at 2026-11-23 18:45:12 UTC: why" and a newline. */
void tally_line(const decision *d, const char *word, char text[TEXT_MAX]);
/** NOT_YET: the gate waits `what` (its option `expires` has not passed); E_FAIL: it has waited long enough. role: whom
 *  to name in the command that helps; reason: it must give one. */
belay_status tally_wait(belay_ctx *c, const belay_host *h, const tally *t, const char *what, const char *role,
                        bool reason);

__attribute__((format(printf, 3, 4))) void tally_append(char *text, size_t room, const char *fmt, ...);

#endif
