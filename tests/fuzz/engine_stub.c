#include "engine_stub.h"

#include <stdarg.h>

#include "fuzz.h"

struct engine {
    call call;
    belay_host host;
    engine_answers answers;
    size_t explained;
};

/* ---- the host: the context is the engine ------------------------------------------------------------------------- */

static const char *no_text(belay_ctx *c, const char *name)
{
    (void)c, (void)name;
    return NULL;
}

static int64_t no_number(belay_ctx *c, const char *name)
{
    (void)c, (void)name;
    return 0;
}

static const char *const *no_list(belay_ctx *c, const char *name)
{
    static const char *const none[] = {NULL};
    (void)c, (void)name;
    return none;
}

static void explain(belay_ctx *c, const char *summary, const char *hint, const char *option)
{
    (void)hint, (void)option;
    MUST(summary && *summary);
    ((engine *)c)->explained++;
}

static void no_log(belay_ctx *c, int32_t level, const char *line)
{
    (void)c, (void)level;
    MUST(line != NULL);
}

/* ---- the engine -------------------------------------------------------------------------------------------------- */

engine *engine_stub_new(const engine_answers *answers)
{
    engine *e = memset(text_grow(NULL, 1, sizeof *e), 0, sizeof *e);
    e->answers = *answers;
    e->host = (belay_host){.struct_size = sizeof e->host,
                           .opt_str = no_text,
                           .opt_int = no_number,
                           .opt_list = no_list,
                           .fact = no_text,
                           .recall = no_text,
                           .log = no_log,
                           .explain = explain};
    e->call = (call){(belay_ctx *)e, &e->host};
    return e;
}

belay_host *engine_stub_host(engine *e)
{
    return &e->host;
}

size_t engine_stub_explained(const engine *e)
{
    return e->explained;
}

void engine_free(engine *e)
{
    free(e);
}

const call *engine_call(const engine *e)
{
    return &e->call;
}

const char *engine_host(const engine *e)
{
    (void)e;
    return "unix:///run/fuzz.sock";
}

const address *engine_address(const engine *e)
{
    static char host[] = "unix:///run/fuzz.sock";
    static const address at = {.host = host, .label = host};
    (void)e;
    return &at;
}

char *engine_escape(const char *s)
{
    return text_dup(s);
}

char *engine_filter(const char *key, const char *value)
{
    return text_printf("filters=%s=%s", key, value);
}

void engine_request_done(engine_request *r)
{
    free(r->path);
    json_decref(r->body);
    text_clear(&r->answer);
    *r = (engine_request){0};
}

char *engine_words(const engine_request *r)
{
    return text_printf("refused: %s", r->path);
}

belay_status engine_blame(const engine_request *r)
{
    return r->status >= 500 ? BELAY_E_RETRY : BELAY_E_FAIL;
}

belay_status engine_refused(engine *e, const engine_request *r)
{
    guard_mem char *words = engine_words(r);
    return call_fail(&e->call, engine_blame(r), NULL, "%s", words);
}

const char *engine_hint(const char *message)
{
    (void)message;
    return NULL;
}

belay_status engine_now(engine *e, int64_t *ret_ns)
{
    (void)e;
    *ret_ns = 0;
    return BELAY_OK;
}

static const json_t *answer_of(const engine *e, const char *path)
{
    if (strstr(path, "/json?"))
        return e->answers.listed;
    return e->answers.find ? e->answers.find(e->answers.user, path) : NULL;
}

__attribute__((format(printf, 1, 0))) static char *path_of(const char *fmt, va_list ap)
{
    char *path = NULL;
    MUST(vasprintf(&path, fmt, ap) >= 0);
    return path;
}

belay_status engine_get(engine *e, json_t **ret, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *path = path_of(fmt, ap);
    va_end(ap);
    const json_t *answer = answer_of(e, path);
    *ret = answer ? json_deep_copy(answer) : NULL;
    return BELAY_OK;
}

belay_status engine_do(engine *e, const char *method, json_t *body, long tolerated, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *path = path_of(fmt, ap);
    va_end(ap);
    (void)method, (void)tolerated;
    if (body && e->answers.made)
        e->answers.made(e->answers.user, path, body);
    json_decref(body);
    return BELAY_OK;
}

static void stream(const engine *e, const engine_request *r)
{
    fuzz_cuts cuts = fuzz_cuts_of((const uint8_t *)e->answers.stream, e->answers.stream_size);
    bool more = true;
    for (size_t at = 0; more && at < e->answers.stream_size;) {
        size_t n = fuzz_piece(&cuts, e->answers.stream_size - at);
        more = r->sink(r->user, e->answers.stream + at, n);
        at += n;
    }
}

belay_status engine_send(engine *e, engine_request *requests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        engine_request *r = &requests[i];
        r->status = 201;
        text_add(&r->answer, "{\"Id\":\"made\"}");
        if (r->body && e->answers.made)
            e->answers.made(e->answers.user, r->path, r->body);
        if (r->sink)
            stream(e, r);
    }
    return BELAY_OK;
}
