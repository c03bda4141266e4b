/**
 * @file engine.h
 * The Docker Engine's HTTP API, over its unix socket or TCP (with verified TLS when the option `tls` names a folder).
 * Paths are below the negotiated version: "/containers/json". Source: Docker Engine API v1.41 and later,
 * https://docs.docker.com/engine/api/.
 *
 * Functions explain what they return when it is negative: E_RETRY when the engine does not answer or went away,
 * E_CANCELLED, E_FAIL when it refuses. Every request has a time limit, and ends at once when the call is cancelled.
 */
#ifndef DOCKER_ENGINE_H
#define DOCKER_ENGINE_H

#include <stdbool.h>

#include "address.h"
#include "call.h"

#define ENGINE_API_OLDEST "1.41"
/** The newest API that this plugin asks for. */
#define ENGINE_API_NEWEST "1.47"

typedef struct engine engine;

/** Finds the engine's address (address.h), and asks it nothing yet. */
belay_status engine_find(const call *c, engine **ret) __attribute__((warn_unused_result));
/** Finds the engine, and agrees with it on an API version. */
belay_status engine_open(const call *c, engine **ret) __attribute__((warn_unused_result));
/** The same for a rollback: an engine that does not answer may be starting again, and gets 10 s. E_FAIL, explained,
 * when it is not the engine that engine_remember() recorded. */
belay_status engine_open_patiently(const call *c, engine **ret) __attribute__((warn_unused_result));
/** Execute only, before the step acts: records which engine it is. */
belay_status engine_remember(engine *e) __attribute__((warn_unused_result));
/** E_FAIL, explained, when the engine is not the recorded one. */
belay_status engine_check_same(engine *e) __attribute__((warn_unused_result));
/** Of what Compose said when it failed: the engine went away under it, or does not answer now, so the release is not to
 * blame. */
bool engine_was_lost(engine *e, const char *said);
void engine_free(engine *e);
/** Borrowed, as long as the engine. */
const call *engine_call(const engine *e);
/** Which engine, for people: its address, and the docker context that led there; borrowed. */
const char *engine_host(const engine *e);
/** The same in parts; borrowed. */
const address *engine_address(const engine *e);
/** One line of the plan, which also names the engine. undo: NULL when there is nothing to undo. */
void engine_plan(const engine *e, const char *undo, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/** What GET /version answered; borrowed. */
const json_t *engine_version(const engine *e);
/** The API version in use, "1.41"; borrowed. */
const char *engine_api(const engine *e);
/** The engine's own clock: nanoseconds since 1970. */
belay_status engine_now(engine *e, int64_t *ret_ns) __attribute__((warn_unused_result));
/** A time by our clock, ns since 1970, by the engine's. Of an engine on another machine it may be too early, by at most
 * as long as its answer takes, but never too late. */
belay_status engine_clock_of(engine *e, int64_t ours_ns, int64_t *ret_ns) __attribute__((warn_unused_result));
/** Reads a time as the engine writes it ("2026-01-02T03:04:05.678Z"): nanoseconds since 1970, 0 when it is none
 * or not before the year 2262. */
int64_t engine_time(const char *rfc3339);
/** -1, 0, 1 as a is an older, the same, a newer API version than b. */
int engine_api_compare(const char *a, const char *b);

/** Percent-encoded for a path or query. The caller frees. */
char *engine_escape(const char *s);
/** "filters=..." for lists: one key with one value. The caller frees. */
char *engine_filter(const char *key, const char *value);

/** A request. Set method and path, zero the rest; engine_request_done() in the end. */
typedef struct engine_request {
    const char *method;
    char *path;     /**< owned */
    json_t *body;   /**< owned; NULL: none */
    int timeout_ms; /**< 0: 60 s */
    /** When set, the bytes of a good answer go here instead of `answer`. false ends the request, which is no error. */
    bool (*sink)(void *user, const char *bytes, size_t n);
    /** When set, a tar that is sent instead of `body`: fills at most n bytes, 0 at its end, -1 to break it off. */
    long (*source)(void *user, char *bytes, size_t n);
    void *user;
    /* the answer */
    long status;
    text answer;
} engine_request;
void engine_request_done(engine_request *r);
/** Sends n requests side by side. BELAY_OK when each was answered, with whatever status. A removal that somebody else
 *  has under way (409) is waited for, and answered 204. */
belay_status engine_send(engine *e, engine_request *requests, size_t n) __attribute__((warn_unused_result));
/** An answer that is not as wished, in words that hold the engine's own. The caller frees. */
char *engine_words(const engine_request *r);
/** E_RETRY for 5xx, else E_FAIL. */
belay_status engine_blame(const engine_request *r);
/** Explains such an answer by engine_words(), and returns engine_blame(). */
belay_status engine_refused(engine *e, const engine_request *r);
/** What to do about a message of the engine's or Compose's, or NULL. */
const char *engine_hint(const char *message);

/** GET. *ret: the answer, NULL when there is no such thing (404). The caller decrefs. */
belay_status engine_get(engine *e, json_t **ret, const char *path, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));
/** Any other method. body is stolen, may be NULL. BELAY_OK for 2xx; BELAY_NOTHING for 304 (already so) and for
 *  `tolerated` (0: none); else explained. */
belay_status engine_do(engine *e, const char *method, json_t *body, long tolerated, const char *path, ...)
    __attribute__((format(printf, 5, 6), warn_unused_result));

static inline void engine_guard_(engine **e)
{
    engine_free(*e);
}
static inline void engine_request_guard_(engine_request *r)
{
    engine_request_done(r);
}
#define guard_engine  __attribute__((cleanup(engine_guard_))) engine
#define guard_request __attribute__((cleanup(engine_request_guard_))) engine_request

#endif
