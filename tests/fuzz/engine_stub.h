/** @file engine_stub.h  A Docker Engine made of the input: docker/engine.h, with answers that the target gives. */
#ifndef TESTS_FUZZ_ENGINE_STUB_H
#define TESTS_FUZZ_ENGINE_STUB_H

#include "docker/engine.h"

/** What the engine answers. Borrowed; NULL: 404. */
typedef struct engine_answers {
    const json_t *listed;                                           /**< GET of a list */
    const json_t *(*find)(void *user, const char *path);            /**< GET of anything else; may be NULL */
    void (*made)(void *user, const char *path, const json_t *body); /**< told of each POST with a body; may be NULL */
    void *user;
    const char *stream; /**< given to a request's sink, in arbitrary pieces */
    size_t stream_size;
} engine_answers;

/** An engine that has these answers, and a host whose functions do nothing but what is set after. */
engine *engine_stub_new(const engine_answers *answers);
/** Its host's table, to be changed. */
belay_host *engine_stub_host(engine *e);
/** How often something was explained. */
size_t engine_stub_explained(const engine *e);

#endif
