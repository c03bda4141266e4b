#include "engine.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 60000
#define CONNECT_TIMEOUT_MS 10000
#define ANSWER_MAX         (64u << 20)
#define POLL_MS            500
#define PATIENCE_MS        10000
#define NAP_MS             500
#define MARGIN_MS          10000 /* what a rollback needs of its time once the engine answers */
#define REMOVAL_PAUSE_MS   100

struct engine {
    call call;
    address address;
    const char *socket; /* path of the unix socket, or NULL; borrowed from the address */
    char *base;         /* "http://engine" or "https://host:port" */
    char *api;          /* "1.41", NULL until agreed */
    json_t *version;
    CURLM *multi;
};

void engine_free(engine *e)
{
    if (!e)
        return;
    curl_multi_cleanup(e->multi);
    json_decref(e->version);
    address_done(&e->address);
    free(e->base);
    free(e->api);
    free(e);
}

const call *engine_call(const engine *e)
{
    return &e->call;
}

const char *engine_host(const engine *e)
{
    return e->address.label;
}

const address *engine_address(const engine *e)
{
    return &e->address;
}

void engine_plan(const engine *e, const char *undo, const char *fmt, ...)
{
    guard_mem char *change = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&change, fmt, ap) < 0)
        change = text_dup(fmt);
    va_end(ap);
    guard_mem char *line = text_printf("%s; Docker Engine: %s", change, e->address.label);
    e->call.host->plan(e->call.ctx, line, undo);
}

const json_t *engine_version(const engine *e)
{
    return e->version;
}

const char *engine_api(const engine *e)
{
    return e->api;
}

void engine_request_done(engine_request *r)
{
    free(r->path);
    json_decref(r->body);
    text_clear(&r->answer);
    *r = (engine_request){0};
}

char *engine_escape(const char *s)
{
    char *escaped = curl_easy_escape(NULL, s, 0);
    char *copy = text_dup(escaped ? escaped : "");
    curl_free(escaped);
    return copy;
}

char *engine_filter(const char *key, const char *value)
{
    guard_json *filter = json_pack("{s:[s]}", key, value);
    guard_mem char *plain = json_dumps(filter, JSON_COMPACT);
    guard_mem char *escaped = engine_escape(plain ? plain : "{}");
    return text_printf("filters=%s", escaped);
}

/* ---- one transfer ---- */

typedef struct transfer {
    engine_request *request;
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    bool ended_by_sink, too_big;
    CURLcode result;
} transfer;

static void transfer_done(transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    free(t->body);
}

static size_t on_bytes(char *bytes, size_t size, size_t n, void *user)
{
    transfer *t = user;
    engine_request *r = t->request;
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    n *= size;
    if (r->sink && status < 300) {
        t->ended_by_sink = !r->sink(r->user, bytes, n);
        return t->ended_by_sink ? 0 : n;
    }
    t->too_big = r->answer.length + n > ANSWER_MAX;
    if (t->too_big)
        return 0;
    text_add_bytes(&r->answer, bytes, n);
    return n;
}

static size_t on_upload(char *bytes, size_t size, size_t n, void *user)
{
    const engine_request *r = user;
    long got = r->source(r->user, bytes, size * n);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static void send_tar(transfer *t)
{
    curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_upload);
    curl_easy_setopt(t->easy, CURLOPT_READDATA, t->request);
}

/* A context may lack some of the files: without ca.pem the system's authorities count. */
static void use_file(const engine *e, CURL *easy, CURLoption option, const char *name)
{
    guard_mem char *file = text_printf("%s/%s", e->address.tls, name);
    if (!e->address.context || access(file, F_OK) == 0)
        curl_easy_setopt(easy, option, file);
}

static void use_tls(const engine *e, CURL *easy)
{
    use_file(e, easy, CURLOPT_CAINFO, "ca.pem");
    use_file(e, easy, CURLOPT_SSLCERT, "cert.pem");
    use_file(e, easy, CURLOPT_SSLKEY, "key.pem");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void transfer_new(engine *e, engine_request *r, transfer *t)
{
    *t = (transfer){.request = r, .easy = curl_easy_init(), .result = CURLE_OK};
    guard_mem char *url =
        e->api ? text_printf("%s/v%s%s", e->base, e->api, r->path) : text_printf("%s%s", e->base, r->path);
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)(r->timeout_ms ? r->timeout_ms : DEFAULT_TIMEOUT_MS));
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    if (e->socket)
        curl_easy_setopt(t->easy, CURLOPT_UNIX_SOCKET_PATH, e->socket);
    if (e->address.tls)
        use_tls(e, t->easy);
    t->headers =
        curl_slist_append(NULL, r->source ? "Content-Type: application/x-tar" : "Content-Type: application/json");
    t->headers = curl_slist_append(t->headers, "Expect:");
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    if (r->source) {
        send_tar(t);
    } else if (r->body || strcmp(r->method, "POST") == 0) {
        t->body = r->body ? json_dumps(r->body, JSON_COMPACT) : text_dup("");
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body);
    }
    curl_multi_add_handle(e->multi, t->easy);
}

/* Runs all that was added. */
static belay_status loop(engine *e)
{
    const belay_host *h = e->call.host;
    for (int running = 1; running > 0;) {
        CURLMcode m = curl_multi_perform(e->multi, &running);
        if (m == CURLM_OK && running > 0) {
            struct curl_waitfd cancel = {.fd = h->cancel_fd(e->call.ctx), .events = CURL_WAIT_POLLIN};
            m = curl_multi_poll(e->multi, &cancel, cancel.fd >= 0 ? 1 : 0, POLL_MS, NULL);
        }
        if (m != CURLM_OK)
            return call_fail(&e->call, BELAY_E_RETRY, NULL, "libcurl: %s", curl_multi_strerror(m));
        if (running > 0 && h->cancelled(e->call.ctx))
            return call_fail(&e->call, BELAY_E_CANCELLED, NULL, "stopped while waiting for the Docker Engine");
    }
    CURLMsg *message;
    for (int left; (message = curl_multi_info_read(e->multi, &left));) {
        transfer *t;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        t->result = message->data.result;
    }
    return BELAY_OK;
}

static belay_status no_answer(engine *e, const transfer *t)
{
    const call *c = &e->call;
    const engine_request *r = t->request;
    long error = 0;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
    if (t->too_big)
        return call_fail(c, BELAY_E_LIMIT, NULL, "the Docker Engine's answer to %s %s is larger than %u MiB", r->method,
                         r->path, ANSWER_MAX >> 20);
    switch (t->result) {
    case CURLE_COULDNT_CONNECT:
        if (e->socket && access(e->socket, F_OK) == 0 && access(e->socket, R_OK | W_OK) != 0)
            return call_fail(c, BELAY_E_RETRY, "let the user who runs belay into the socket's group (docker)",
                             "the Docker Engine's socket %s may not be used by this user", e->socket);
        return call_fail(c, BELAY_E_RETRY, "is dockerd running? Else set the option host, or DOCKER_HOST",
                         "no Docker Engine answers at %s: %s", e->address.label,
                         strerror((int)(error ? error : ECONNREFUSED)));
    case CURLE_OPERATION_TIMEDOUT:
        return call_fail(c, BELAY_E_RETRY, NULL, "the Docker Engine at %s did not answer %s %s in time",
                         e->address.label, r->method, r->path);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return call_fail(c, BELAY_E_RETRY, "the option tls names a folder with ca.pem, cert.pem and key.pem",
                         "TLS with the Docker Engine at %s: %s", e->address.label, curl_easy_strerror(t->result));
    default:
        return call_fail(c, BELAY_E_RETRY, "what it had begun may be half done; rollback and resume know what was so",
                         "the Docker Engine at %s went away during %s %s: %s", e->address.label, r->method, r->path,
                         curl_easy_strerror(t->result));
    }
}

static belay_status send_once(engine *e, engine_request *requests, size_t n)
{
    transfer *transfers = text_grow(NULL, n, sizeof *transfers);
    for (size_t i = 0; i < n; i++)
        transfer_new(e, &requests[i], &transfers[i]);
    belay_status s = loop(e);
    for (size_t i = 0; i < n; i++) {
        transfer *t = &transfers[i];
        curl_multi_remove_handle(e->multi, t->easy);
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &requests[i].status);
        if (s == BELAY_OK && t->result != CURLE_OK && !t->ended_by_sink)
            s = no_answer(e, t);
        transfer_done(t);
    }
    free(transfers);
    return s;
}

/* The engine goes on with a removal whose client was killed, and refuses another meanwhile, in these words. */
static bool is_going(const engine_request *r)
{
    return strcmp(r->method, "DELETE") == 0 && r->status == 409 &&
           strstr(text_of(&r->answer), "is already in progress");
}

/* Until it is gone: then the removal was done, whoever asked for it. */
static belay_status await_removal(engine *e, engine_request *r)
{
    belay_status s = BELAY_OK;
    while (s == BELAY_OK && is_going(r)) {
        s = e->call.host->nap(e->call.ctx, REMOVAL_PAUSE_MS);
        text_clear(&r->answer);
        r->status = 0;
        if (s == BELAY_OK)
            s = send_once(e, r, 1);
        if (s == BELAY_OK && r->status == 404)
            r->status = 204;
    }
    return s;
}

belay_status engine_send(engine *e, engine_request *requests, size_t n)
{
    belay_status s = send_once(e, requests, n);
    for (size_t i = 0; i < n && s == BELAY_OK; i++)
        s = await_removal(e, &requests[i]);
    return s;
}

const char *engine_hint(const char *message)
{
    if (strstr(message, "address already in use") || strstr(message, "port is already allocated"))
        return "end what listens on that port (`ss -ltnp` names it; or a container that publishes it); where that is a "
               "docker-proxy of no container, restart the engine";
    return NULL;
}

char *engine_words(const engine_request *r)
{
    guard_json *answer = json_loads(text_of(&r->answer), 0, NULL);
    const char *message = text_member(answer, "message");
    if (!*message)
        message = text_of(&r->answer);
    return text_printf("the Docker Engine refused %s %s (HTTP %ld): %s", r->method, r->path, r->status, message);
}

belay_status engine_blame(const engine_request *r)
{
    return r->status >= 500 ? BELAY_E_RETRY : BELAY_E_FAIL;
}

belay_status engine_refused(engine *e, const engine_request *r)
{
    guard_mem char *words = engine_words(r);
    return call_fail(&e->call, engine_blame(r), engine_hint(words), "%s", words);
}

belay_status engine_get(engine *e, json_t **ret, const char *path, ...)
{
    va_list ap;
    va_start(ap, path);
    guard_request r = {.method = "GET"};
    if (vasprintf(&r.path, path, ap) < 0)
        r.path = text_dup("/");
    va_end(ap);
    belay_status s = engine_send(e, &r, 1);
    if (s != BELAY_OK)
        return s;
    if (r.status == 404) {
        *ret = NULL;
        return BELAY_OK;
    }
    if (r.status < 200 || r.status > 299)
        return engine_refused(e, &r);
    json_error_t why;
    json_t *answer = json_loadb(text_of(&r.answer), r.answer.length, 0, &why);
    if (!answer)
        return call_fail(&e->call, BELAY_E_RETRY, "is this a Docker Engine?", "%s answered %s with no JSON: %s",
                         e->address.label, r.path, why.text);
    *ret = answer;
    return BELAY_OK;
}

belay_status engine_do(engine *e, const char *method, json_t *body, long tolerated, const char *path, ...)
{
    va_list ap;
    va_start(ap, path);
    guard_request r = {.method = method, .body = body};
    if (vasprintf(&r.path, path, ap) < 0)
        r.path = text_dup("/");
    va_end(ap);
    belay_status s = engine_send(e, &r, 1);
    if (s != BELAY_OK)
        return s;
    if (r.status == 304 || (tolerated && r.status == tolerated))
        return BELAY_NOTHING;
    return r.status >= 200 && r.status <= 299 ? BELAY_OK : engine_refused(e, &r);
}

/* ---- opening ---- */

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

belay_status engine_open_patiently(const call *c, engine **ret)
{
    const int64_t began = c->host->time_left_ms(c->ctx);
    for (bool told = false;; told = true) {
        belay_status s = engine_open(c, ret);
        if (s == BELAY_OK)
            return engine_check_same(*ret);
        const int64_t left = c->host->time_left_ms(c->ctx);
        if (s != BELAY_E_RETRY || began - left >= PATIENCE_MS || left < MARGIN_MS)
            return s;
        if (!told)
            call_log(c, 1, "waiting for the Docker Engine, which does not answer");
        s = c->host->nap(c->ctx, NAP_MS);
        if (s != BELAY_OK)
            return s;
    }
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
