#include "vault/api.h"

#include <curl/curl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define ANSWER_MAX ((size_t)1024 * 1024)

/* ---- memory that is wiped ---------------------------------------------------------------------------------------- */

static void wipe(void *p)
{
    mem_wipe_free(p, malloc_usable_size(p));
}

static void *regrow(void *old, size_t n)
{
    void *p = malloc(n);
    const size_t held = malloc_usable_size(old);
    if (p && old)
        memcpy(p, old, held < n ? held : n);
    if (p)
        wipe(old);
    return p;
}

int api_init(error **err)
{
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe, regrow, strdup, calloc) == CURLE_OK)
        return 0;
    return error_set(err, ERROR_IO, "libcurl cannot be started");
}

/* ---- a request --------------------------------------------------------------------------------------------------- */

typedef struct request {
    CURL *easy;
    struct curl_slist *headers;
    char *url;
    char *body;
    text answer;
    char why[CURL_ERROR_SIZE];
} request;

static void request_done(request *r)
{
    curl_slist_free_all(r->headers);
    curl_easy_cleanup(r->easy);
    free(r->url);
    if (r->body)
        mem_wipe_free(r->body, strlen(r->body));
    text_done(&r->answer);
}
#define guard_request __attribute__((cleanup(request_done))) request

static size_t receive(char *bytes, size_t size, size_t count, void *user)
{
    text *answer = user;
    text_add(answer, bytes, size * count);
    return answer->truncated ? 0 : size * count;
}

static void add_header(request *r, const char *name, const char *value)
{
    char *line = mem_printf("%s: %s", name, value);
    r->headers = curl_slist_append(r->headers, line);
    mem_wipe_free(line, strlen(line));
}

/* Each segment of the path is escaped by itself. */
static char *make_url(const request *r, const api *a, const char *path, const char *query)
{
    guard_text url = {0};
    text_printf(&url, "%s/v1", a->address);
    while (*path) {
        const size_t n = strcspn(path, "/");
        char *escaped = n ? curl_easy_escape(r->easy, path, (int)n) : NULL;
        text_printf(&url, "%s%s", escaped ? "/" : "", escaped ? escaped : "");
        curl_free(escaped);
        path += n + (path[n] == '/');
    }
    text_printf(&url, "%s%s", query ? "?" : "", query ? query : "");
    return text_take(&url);
}

static void set_up(request *r, const api *a)
{
    const int64_t left = a->deadline - clock_steady_ms();
    add_header(r, "X-Vault-Request", "true");
    if (a->token)
        add_header(r, "X-Vault-Token", a->token);
    if (a->space)
        add_header(r, "X-Vault-Namespace", a->space);
    curl_easy_setopt(r->easy, CURLOPT_URL, r->url);
    curl_easy_setopt(r->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(r->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(r->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, left > 1 ? (long)left : 1L);
    curl_easy_setopt(r->easy, CURLOPT_USERAGENT, "belay-vault/" BELAY_VERSION);
    curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, &r->answer);
    curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, r->why);
    if (a->ca_file)
        curl_easy_setopt(r->easy, CURLOPT_CAINFO, a->ca_file);
    if (r->body) {
        add_header(r, "Content-Type", "application/json");
        curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, r->body);
    }
    curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
}

static int unanswered(const request *r, const api *a, CURLcode code, error **err)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        (void)error_set(err, ERROR_IO, "%s did not answer within %.1f s", a->address, (double)a->timeout_ms / 1000);
        return error_hint(err, "is it the right address? 'timeout' allows more");
    case CURLE_PEER_FAILED_VERIFICATION:
        (void)error_set(err, ERROR_IO, "the certificate of %s is not trusted: %s", a->address, r->why);
        return error_hint(err,
                          "'ca_file' names the authorities (PEM) that sign it; 'address' the host as it is signed");
    case CURLE_SSL_CACERT_BADFILE:
        (void)error_set(err, ERROR_IO, "the file '%s' of 'ca_file' cannot be used: %s", a->ca_file, r->why);
        return error_hint(err, "it holds certificates in PEM");
    case CURLE_WRITE_ERROR:
        return error_set(err, ERROR_IO, "%s answered with more than %zu bytes", a->address, r->answer.max);
    default:
        (void)error_set(err, ERROR_IO, "%s cannot be reached: %s", a->address,
                        *r->why ? r->why : curl_easy_strerror(code));
        return error_hint(err, "is 'address' right, and does Vault listen there?");
    }
}

static int read_answer(const request *r, const api *a, api_answer *ret, error **err)
{
    api_answer answer = {0};
    const char *location = NULL;
    (void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    (void)curl_easy_getinfo(r->easy, CURLINFO_REDIRECT_URL, &location);
    answer.location = mem_dup_or_null(location);
    answer.body = r->answer.count ? json_loadb(r->answer.items, r->answer.count, JSON_ALLOW_NUL, NULL) : json_object();
    if (!json_is_object(answer.body) && answer.status >= 200 && answer.status < 300) {
        (void)error_set(err, ERROR_IO, "what answers at %s is not Vault: status %ld, no JSON", a->address,
                        answer.status);
        api_answer_done(&answer);
        return error_hint(err, "'address' is that of Vault's API, as in VAULT_ADDR");
    }
    *ret = answer;
    return 0;
}

int api_ask(const api *a, const char *path, const char *query, const json_t *body, api_answer *ret, error **err)
{
    guard_request r = {.easy = curl_easy_init(), .answer.max = ANSWER_MAX};
    if (!r.easy)
        return error_set(err, ERROR_IO, "libcurl cannot make a request");
    r.url = make_url(&r, a, path, query);
    r.body = body ? json_dumps(body, JSON_COMPACT) : NULL;
    set_up(&r, a);
    CURLcode code = curl_easy_perform(r.easy);
    return code == CURLE_OK ? read_answer(&r, a, ret, err) : unanswered(&r, a, code, err);
}
