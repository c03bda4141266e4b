/* Finding the engine, and agreeing with it on a version. */
#include <stdlib.h>
#include <string.h>

#include "engine_inside.h"

#define PATIENCE_MS 10000
#define NAP_MS      500
#define MARGIN_MS   10000 /* what a rollback needs of its time once the engine answers */

static belay_status agree_on_version(engine *e)
{
    belay_status s = engine_get(e, &e->version, "/version");
    if (s != BELAY_OK)
        return s;
    const char *newest = text_member(e->version, "ApiVersion"), *oldest = text_member(e->version, "MinAPIVersion");
    if (!e->version || !*newest)
        return call_fail(&e->call, BELAY_E_RETRY, NULL, "%s does not answer as a Docker Engine", e->address.label);
    if (engine_api_compare(newest, ENGINE_API_OLDEST) < 0)
        return call_fail(&e->call, BELAY_E_FAIL, "Docker Engine 20.10 or newer is needed",
                         "the Docker Engine at %s offers API %s; " ENGINE_API_OLDEST " is needed", e->address.label,
                         newest);
    if (*oldest && engine_api_compare(oldest, ENGINE_API_NEWEST) > 0)
        return call_fail(&e->call, BELAY_E_FAIL, "a newer belay is needed",
                         "the Docker Engine at %s no longer offers API " ENGINE_API_NEWEST ", only %s and newer",
                         e->address.label, oldest);
    e->api = text_dup(engine_api_compare(newest, ENGINE_API_NEWEST) < 0 ? newest : ENGINE_API_NEWEST);
    return BELAY_OK;
}

belay_status engine_find(const call *c, engine **ret)
{
    guard_engine *e = memset(text_grow(NULL, 1, sizeof *e), 0, sizeof *e);
    e->call = *c;
    e->multi = curl_multi_init();
    belay_status s = address_find(c, &e->address);
    if (s != BELAY_OK)
        return s;
    const address *a = &e->address;
    if (strncmp(a->host, "unix://", 7) == 0) {
        e->socket = a->host + 7;
        e->base = text_dup("http://engine");
    } else {
        e->base = text_printf("%s://%s", a->tls ? "https" : "http", a->host + strlen("tcp://"));
    }
    *ret = take(e);
    return BELAY_OK;
}

belay_status engine_open(const call *c, engine **ret)
{
    guard_engine *e = NULL;
    belay_status s = engine_find(c, &e);
    if (s == BELAY_OK)
        s = agree_on_version(e);
    if (s == BELAY_OK)
        *ret = take(e);
    return s;
}

/* Agrees on the version as soon as the engine answers. */
static belay_status await_answer(engine *e)
{
    const call *c = &e->call;
    const int64_t began = c->host->time_left_ms(c->ctx);
    const bool known = engine_known_dead(e);
    for (bool told = false;; told = true) {
        belay_status s = agree_on_version(e);
        const int64_t left = c->host->time_left_ms(c->ctx);
        if (s != BELAY_E_RETRY || known || began - left >= PATIENCE_MS || left < MARGIN_MS)
            return s;
        if (!told)
            call_log(c, 1, "waiting for the Docker Engine, which does not answer");
        s = c->host->nap(c->ctx, NAP_MS);
        if (s != BELAY_OK)
            return s;
    }
}

belay_status engine_open_patiently(const call *c, engine **ret)
{
    guard_engine *e = NULL;
    belay_status s = engine_find(c, &e);
    if (s != BELAY_OK)
        return s;
    s = await_answer(e);
    if (s == BELAY_OK || (s == BELAY_E_RETRY && !engine_known_dead(e)))
        engine_note_dead(e, s != BELAY_OK);
    if (s == BELAY_OK)
        s = engine_check_same(e);
    if (s == BELAY_OK)
        *ret = take(e);
    return s;
}

bool engine_was_lost(engine *e, const char *said)
{
    /* The client's two ways to say it, and those of BuildKit's session with the engine, whose capitals differ. */
    static const char *const lost[] = {"cannot connect to the Docker daemon", "error during connect",
                                       "failed to dial gRPC", "rpc error: code = Unavailable"};
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++)
        if (strcasestr(said, lost[i]))
            return true;
    guard_json *version = NULL;
    return engine_get(e, &version, "/version") == BELAY_E_RETRY;
}
