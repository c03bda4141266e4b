/** @file call.h  The call that the host makes, and the words in which it is answered. */
#ifndef DOCKER_CALL_H
#define DOCKER_CALL_H

#include <belay/plugin.h>

#include "text.h"

/** What every callback receives, in one piece. */
typedef struct call {
    belay_ctx *ctx;
    const belay_host *host;
} call;

/** Explains status by the formatted summary and returns it. hint may be NULL. */
belay_status call_fail(const call *c, belay_status status, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/** The same for BELAY_E_CONFIG, blaming an option. */
belay_status call_blame(const call *c, const char *option, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/** level: 0 debug, 1 info, 2 warning, 3 error. */
void call_log(const call *c, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
const char *call_str(const call *c, const char *option);
/** As option_is(): false when it is not set, or known later. */
bool call_is(const call *c, const char *option, const char *text);
int64_t call_int(const call *c, const char *option);
/** The items of a list option as the keys of a JSON object: a set. The caller decrefs. */
json_t *call_set(const call *c, const char *option);
/** Now, by our clock: nanoseconds since 1970. */
int64_t call_now_ns(void);
/** The same of a fact that tells a time; 0 when it is not known. */
int64_t call_fact_ns(const call *c, const char *fact);
/** "RUN-STEP": names what this step sets aside; [A-Za-z0-9_.-] only. The caller frees. */
char *call_tag(const call *c);

/** remember() of a JSON value, which it does not keep. *ret_kept: what is kept, parsed; may be NULL. */
belay_status call_remember(const call *c, const char *key, const json_t *value, json_t **ret_kept);
/** recall() of one, or NULL when there is none. The caller decrefs. */
json_t *call_recall(const call *c, const char *key);

#endif
