#include "transfer/transfer.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "say/say.h"

#define POLL_MS 1000

static size_t receive(char *bytes, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t n = size * count;
    if (n > TRANSFER_BODY_MAX - t->length)
        return 0; /* curl then ends with "failed writing": the answer is too long */
    char *grown = realloc(t->answer, t->length + n + 1);
    if (!grown)
        return 0;
    t->answer = grown;
    memcpy(t->answer + t->length, bytes, n);
    t->length += n;
    t->answer[t->length] = '\0';
    return n;
}

/* One header line; a status line begins a new answer, after a redirect or a 100; an empty one ends it. */
static size_t receive_head(char *bytes, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t n = size * count, used = t->head && strncmp(bytes, "HTTP/", n < 5 ? n : 5) != 0 ? strlen(t->head) : 0;
    t->head_ended = n > 0 && (*bytes == '\r' || *bytes == '\n');
    if (n > TRANSFER_HEAD_MAX - used)
        return 0;
    char *grown = realloc(t->head, used + n + 1);
    if (!grown)
        return 0;
    t->head = grown;
    memcpy(grown + used, bytes, n);
    grown[used + n] = '\0';
    return n;
}

/* ---- sessions ---------------------------------------------------------------------------------------------------- */

struct transfer_session {
    CURLSH *share;
    CURL *reader; /* asks the share what it holds */
};

transfer_session *transfer_session_new(void)
{
    transfer_session *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->share = curl_share_init();
    s->reader = curl_easy_init();
    if (!s->share || !s->reader) {
        transfer_session_free(s);
        return NULL;
    }
    curl_share_setopt(s->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    curl_easy_setopt(s->reader, CURLOPT_SHARE, s->share);
    curl_easy_setopt(s->reader, CURLOPT_COOKIEFILE, "");
    return s;
}

void transfer_session_free(transfer_session *s)
{
    if (!s)
        return;
    curl_easy_cleanup(s->reader);
    curl_share_cleanup(s->share);
    free(s);
}

/* A cookie comes as a line of a cookie file: domain, subdomains, path, secure, expiry, name, value, by tabs. One that
 * its server has deleted stays there until curl cleans up. */
void transfer_session_cookies(const transfer_session *s, void (*each)(void *user, const char *name, const char *value),
                              void *user)
{
    struct curl_slist *all = NULL;
    curl_easy_getinfo(s->reader, CURLINFO_COOKIELIST, &all);
    for (struct curl_slist *one = all; one; one = one->next) {
        char *rest = one->data, *field[6] = {NULL};
        for (size_t i = 0; i < 6; i++)
            field[i] = strsep(&rest, "\t");
        const long long expiry = field[4] ? strtoll(field[4], NULL, 10) : 0; /* 0: when the session ends */
        if (field[5] && rest && (expiry <= 0 || expiry > (long long)time(NULL)))
            each(user, field[5], rest);
    }
    curl_slist_free_all(all);
}

/* ---- addresses -------------------------------------------------------------------------------------------------- */

/* The host of an address as it is asked for: a name beyond ASCII as xn--. curl reads such a name in the thread's
 * character set, which a worker leaves at ASCII. The caller frees with curl_free(); NULL and *why: curl cannot read it.
 */
static char *host_of(const char *url, const char **why)
{
    char *host = NULL;
    CURLU *parts = curl_url();
    transfer_charset charset = transfer_charset_begin();
    CURLUcode code = parts ? curl_url_set(parts, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
    if (code == CURLUE_OK)
        code = curl_url_get(parts, CURLUPART_HOST, &host, CURLU_PUNYCODE);
    transfer_charset_end(charset);
    curl_url_cleanup(parts);
    *why = code == CURLUE_OK ? NULL : curl_url_strerror(code);
    return code == CURLUE_OK ? host : NULL;
}

transfer_charset transfer_charset_begin(void)
{
    transfer_charset c = {.utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)};
    if (c.utf8)
        c.before = uselocale(c.utf8);
    return c;
}

void transfer_charset_end(transfer_charset c)
{
    if (!c.utf8)
        return;
    (void)uselocale(c.before);
    freelocale(c.utf8);
}

bool transfer_is_loopback(const char *url)
{
    static const char domain[] = ".localhost";
    const char *why = NULL;
    char *host = host_of(url, &why);
    const size_t n = host ? strlen(host) : 0, m = sizeof domain - 1;
    const bool loopback = host && (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
                                   strncmp(host, "127.", 4) == 0 || (n > m && strcasecmp(host + n - m, domain) == 0));
    curl_free(host);
    return loopback;
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static struct curl_slist *make_headers(const transfer *t)
{
    struct curl_slist *list = NULL;
    for (const char *const *header = t->headers; header && *header; header++)
        list = curl_slist_append(list, *header);
    if (t->body) {
        char type[256];
        snprintf(type, sizeof type, "Content-Type: %s", t->content_type ? t->content_type : "application/json");
        list = curl_slist_append(list, type);
    }
    return list;
}

static void set_up(CURL *easy, transfer *t, struct curl_slist *headers)
{
    curl_easy_setopt(easy, CURLOPT_URL, t->url);
    if (transfer_is_loopback(t->url))
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* else the environment says which */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, t->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "belay");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    if (t->body)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->body);
    if (t->method)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, t->method);
    if (t->redirects > 0) {
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(easy, CURLOPT_MAXREDIRS, t->redirects);
    }
    if (t->session) {
        curl_easy_setopt(easy, CURLOPT_SHARE, t->session->share);
        curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
    }
    if (t->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, t->ca_file);
    if (t->bearer) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, t->bearer);
    }
}

static double info_ms(CURL *easy, CURLINFO what)
{
    curl_off_t us = 0;
    curl_easy_getinfo(easy, what, &us);
    return (double)us / 1000.0;
}

static void finish(CURL *easy, CURLcode result)
{
    transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &t->status);
    t->dns_ms = info_ms(easy, CURLINFO_NAMELOOKUP_TIME_T);
    t->connect_ms = info_ms(easy, CURLINFO_CONNECT_TIME_T);
    t->tls_ms = info_ms(easy, CURLINFO_APPCONNECT_TIME_T);
    t->first_byte_ms = info_ms(easy, CURLINFO_STARTTRANSFER_TIME_T);
    t->total_ms = info_ms(easy, CURLINFO_TOTAL_TIME_T);
    char *url = NULL;
    if (t->session && curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url)
        t->final_url = strdup(url);
    if (result == CURLE_OK && t->head_ended) {
        t->error[0] = '\0';
        return;
    }
    t->status = 0;
    if (result == CURLE_OK) /* curl takes what came of the header lines for all of them */
        snprintf(t->error, sizeof t->error, "the connection ended within the header lines of the answer");
    if (!t->error[0])
        snprintf(t->error, sizeof t->error, "%s", curl_easy_strerror(result));
}

static void collect(CURLM *multi)
{
    int left = 0;
    for (CURLMsg *m = curl_multi_info_read(multi, &left); m; m = curl_multi_info_read(multi, &left))
        if (m->msg == CURLMSG_DONE)
            finish(m->easy_handle, m->data.result);
}

static belay_status drive(belay_ctx *c, const belay_host *h, CURLM *multi)
{
    struct curl_waitfd cancel = {.fd = h->cancel_fd(c), .events = CURL_WAIT_POLLIN};
    int running = 1;
    for (;;) {
        CURLMcode code = curl_multi_perform(multi, &running);
        if (code == CURLM_OK && running)
            code = curl_multi_poll(multi, &cancel, 1, POLL_MS, NULL);
        if (code != CURLM_OK)
            return say(c, h, BELAY_E_RETRY, NULL, "libcurl: %s", curl_multi_strerror(code));
        collect(multi);
        if (!running)
            return BELAY_OK;
        if (h->cancelled(c))
            return BELAY_E_CANCELLED;
    }
}

static belay_status run_on(belay_ctx *c, const belay_host *h, CURLM *multi, CURL **easy, struct curl_slist **headers,
                           transfer *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        items[i].answer = calloc(1, 1);
        easy[i] = curl_easy_init();
        headers[i] = make_headers(&items[i]);
        if (!items[i].answer || !easy[i] || curl_multi_add_handle(multi, easy[i]) != CURLM_OK)
            return say(c, h, BELAY_E_RETRY, NULL, "out of memory for a request to %s", items[i].url);
        set_up(easy[i], &items[i], headers[i]);
    }
    return drive(c, h, multi);
}

belay_status transfer_run(belay_ctx *c, const belay_host *h, transfer *items, size_t n)
{
    CURLM *multi = curl_multi_init();
    CURL **easy = calloc(n, sizeof(CURL *));
    struct curl_slist **headers = calloc(n, sizeof(struct curl_slist *));
    belay_status status = BELAY_E_RETRY;
    transfer_charset charset = transfer_charset_begin();
    if (multi && easy && headers)
        status = run_on(c, h, multi, easy, headers, items, n);
    transfer_charset_end(charset);
    for (size_t i = 0; i < n && easy && headers; i++) {
        if (easy[i]) {
            curl_multi_remove_handle(multi, easy[i]);
            curl_easy_cleanup(easy[i]);
        }
        curl_slist_free_all(headers[i]);
    }
    free(headers);
    free(easy);
    curl_multi_cleanup(multi);
    return status;
}

void transfer_done(transfer *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(items[i].answer);
        free(items[i].head);
        free(items[i].final_url);
        items[i].answer = items[i].head = items[i].final_url = NULL;
    }
}

/* A name for an address that was given none: its host and port, without a user and password. */
static void name_by_host(const char *url, char *name, size_t size)
{
    const char *host = strstr(url, "://") + 3;
    size_t length = strcspn(host, "/?#");
    const char *at = memchr(host, '@', length);
    if (at) {
        length -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    snprintf(name, size, "%.*s", (int)length, host);
}

belay_status transfer_check_url(belay_ctx *c, const belay_host *h, const char *option, const char *url)
{
    const char *why = NULL;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return say_option(c, h, BELAY_E_CONFIG, option, NULL,
                          "'%s' is no http:// or https:// address; write \"name=http://host:port/path\"", url);
    char *host = host_of(url, &why);
    if (!host)
        return say_option(c, h, BELAY_E_CONFIG, option, "write blanks and other special characters as %20",
                          "invalid address \"%s\": %s", url, why);
    curl_free(host);
    return BELAY_OK;
}

belay_status transfer_target_parse(belay_ctx *c, const belay_host *h, const char *option, const char *item,
                                   transfer_target *ret)
{
    const char *colon = strstr(item, "://");
    const char *equals = strchr(item, '=');
    bool named = equals && colon && equals < colon;
    ret->url = named ? equals + 1 : item;
    belay_status s = transfer_check_url(c, h, option, ret->url);
    if (s != BELAY_OK)
        return s;
    if (!named)
        name_by_host(ret->url, ret->name, sizeof ret->name);
    else if ((size_t)(equals - item) >= sizeof ret->name)
        return say_option(c, h, BELAY_E_CONFIG, option, NULL, "the name in '%s' is longer than %zu bytes", item,
                          sizeof ret->name - 1);
    else
        snprintf(ret->name, sizeof ret->name, "%.*s", (int)(equals - item), item);
    return BELAY_OK;
}
