#include "address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say/say.h"

#define FORMS                                                                                                          \
    "write redis://[[user]:password@]host[:port][/database], rediss:// for TLS, unix:///path or docker://CONTAINER"

static int hex_digit(char ch)
{
    const char *digits = "0123456789abcdef";
    const char *at = ch ? strchr(digits, ch | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Percent-decodes n bytes of text into out, which has room for them; NULL, or what is wrong. */
static const char *decode(const char *text, size_t n, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        int byte = (unsigned char)text[i];
        if (text[i] == '%') {
            if (i + 2 >= n || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
                return "a '%' in it is not followed by two hexadecimal digits";
            byte = hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]);
            i += 2;
        }
        out[used++] = (char)byte;
    }
    out[used] = '\0';
    return NULL;
}

static const char *decode_part(const char *text, size_t n, char out[ADDRESS_PART])
{
    return n < ADDRESS_PART ? decode(text, n, out) : "its host, user or path is longer than 255 bytes";
}

/* "user:password", ":password" or "password". A password may be as long as those of cloud providers. */
static const char *read_login(const char *text, size_t n, address *a)
{
    const char *colon = memchr(text, ':', n), *password = colon ? colon + 1 : text;
    const size_t length = n - (size_t)(password - text);
    const char *why = colon ? decode_part(text, (size_t)(colon - text), a->user) : NULL;
    a->password = why ? NULL : malloc(length + 1);
    if (!a->password)
        return why ? why : "there is no memory for it";
    return decode(password, length, a->password);
}

static const char *read_port(const char *text, size_t n, address *a)
{
    char *end = NULL;
    const long port = n ? strtol(text, &end, 10) : 0;
    if (port < 1 || port > 65535 || end != text + n)
        return "its port is not a number from 1 to 65535";
    a->port = (int)port;
    return NULL;
}

static const char *read_database(const char *text, address *a)
{
    if (strlen(text) >= sizeof a->database || strspn(text, "0123456789") != strlen(text))
        return "its database is not a number";
    snprintf(a->database, sizeof a->database, "%s", text);
    return NULL;
}

/* "host", "host:port", "[::1]:port", each with "/database". */
static const char *read_place(const char *text, address *a)
{
    const size_t n = strcspn(text, "/");
    const bool literal = text[0] == '[';
    const char *end = literal ? memchr(text, ']', n) : memchr(text, ':', n);
    if (literal && !end)
        return "an IPv6 address in it lacks its ']'";
    const char *host = text + literal, *rest = end ? end + literal : text + n;
    const size_t length = (size_t)((end ? end : text + n) - host);
    if (!literal && end && memchr(end + 1, ':', n - (size_t)(end + 1 - text)))
        return "an IPv6 address in it lacks its brackets: [::1]";
    if (length == 0)
        return "it names no host";
    const char *why = decode_part(host, length, a->host);
    if (!why && *rest == ':')
        why = read_port(rest + 1, n - (size_t)(rest + 1 - text), a);
    else if (!why && rest != text + n)
        why = "something stands between its host and its port";
    return why || text[n] != '/' ? why : read_database(text + n + 1, a);
}

static const char *read_rest(const char *rest, address *a)
{
    const char *at = strrchr(rest, '@'), *place = at ? at + 1 : rest;
    const char *why = at ? read_login(rest, (size_t)(at - rest), a) : NULL;
    if (!why && strchr(place, '?'))
        why = "it has parameters behind '?', which are for the application's own library";
    return why ? why : read_place(place, a);
}

static const char *read_socket(const char *path, address *a)
{
    return path[0] == '/' ? decode_part(path, strlen(path), a->socket)
                          : "the path of its socket does not begin with '/'";
}

static belay_status refuse_scheme(belay_ctx *c, const belay_host *h, const char *url)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-";
    const char *end = strstr(url, "://");
    const size_t n = end ? (size_t)(end - url) : 0;
    const bool shown = n > 0 && n < 32 && strspn(url, known) >= n;
    if (!shown)
        return say_option(c, h, BELAY_E_CONFIG, "url", FORMS, "the address has no scheme");
    const bool of_sentinel = memmem(url, n, "sentinel", 8) != NULL;
    return say_option(
        c, h, BELAY_E_CONFIG, "url",
        of_sentinel ? "write the address of the server itself: redis-cli SENTINEL get-master-addr-by-name NAME" : FORMS,
        "the address has the scheme \"%.*s\", which is not known here", (int)n, url);
}

belay_status address_read(belay_ctx *c, const belay_host *h, address *ret)
{
    static const struct {
        const char *scheme;
        bool tls, in_container;
    } schemes[] = {{"redis://", false, false}, {"rediss://", true, false}, {"docker://", false, true}};
    const char *url = h->opt_str(c, "url"), *why = NULL;
    bool known = false;
    *ret = (address){.port = 6379};
    if (strncmp(url, "unix://", 7) == 0) {
        known = true;
        why = read_socket(url + 7, ret);
    }
    for (size_t i = 0; !known && i < sizeof schemes / sizeof *schemes; i++) {
        const size_t n = strlen(schemes[i].scheme);
        if (strncmp(url, schemes[i].scheme, n) != 0)
            continue;
        known = true;
        ret->tls = schemes[i].tls;
        ret->in_container = schemes[i].in_container;
        why = read_rest(url + n, ret);
    }
    if (!known)
        return refuse_scheme(c, h, url);
    return why ? say_option(c, h, BELAY_E_CONFIG, "url", FORMS, "the address cannot be read: %s", why) : BELAY_OK;
}

void address_done(address *a)
{
    if (a->password)
        explicit_bzero(a->password, strlen(a->password));
    free(a->password);
    a->password = NULL;
}
