#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME_MAX_DNS 255

static bool fail(redis_link *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool fail(redis_link *l, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(l->why, sizeof l->why, fmt, ap);
    va_end(ap);
    return false;
}

/* Until the socket is ready for `events`. */
static bool await(redis_link *l, short events)
{
    struct pollfd fds[] = {{.fd = l->fd, .events = events}, {.fd = l->h->cancel_fd(l->c), .events = POLLIN}};
    const int64_t left = l->h->time_left_ms(l->c);
    const int ready = poll(fds, 2, (int)(left < l->limit_ms ? left : l->limit_ms));
    if (l->h->cancelled(l->c))
        return fail(l, "the step was cancelled");
    if (ready < 0 && errno != EINTR)
        return fail(l, "%s", strerror(errno));
    return ready > 0 || fail(l, "no answer within %lld ms", (long long)l->limit_ms);
}

static bool connect_one(redis_link *l, const struct sockaddr *address, socklen_t size)
{
    int error = 0;
    socklen_t length = sizeof error;
    l->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return fail(l, "%s", strerror(errno));
    if (connect(l->fd, address, size) == 0)
        return true;
    if (errno != EINPROGRESS && errno != EAGAIN)
        error = errno;
    else if (!await(l, POLLOUT))
        return false;
    else
        (void)getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error == 0 || fail(l, "%s", strerror(error));
}

bool link_tcp(redis_link *l, const char *host, int port)
{
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *all = NULL;
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    const int error = getaddrinfo(host, service, &wanted, &all);
    if (error)
        return fail(l, "%s", gai_strerror(error));
    bool done = false;
    for (const struct addrinfo *a = all; a && !done && !l->h->cancelled(l->c); a = a->ai_next) {
        done = connect_one(l, a->ai_addr, a->ai_addrlen);
        if (!done)
            link_close(l);
    }
    freeaddrinfo(all);
    return done;
}

bool link_unix(redis_link *l, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return fail(l, "the path of a socket has at most %zu bytes", sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    return connect_one(l, (const struct sockaddr *)&address, sizeof address);
}

/* ---- TLS --------------------------------------------------------------------------------------------------------- */

static bool fail_tls(redis_link *l, const char *what)
{
    char reason[256] = "";
    const long verified = l->tls ? SSL_get_verify_result(l->tls) : X509_V_OK;
    l->tls_refused = true;
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    return fail(l, "%s: %s", what, verified != X509_V_OK ? X509_verify_cert_error_string(verified) : reason);
}

static bool load_files(redis_link *l)
{
    const char *ca = l->h->opt_str(l->c, "tls_ca"), *cert = l->h->opt_str(l->c, "tls_cert");
    const char *key = l->h->opt_str(l->c, "tls_key");
    if (ca && SSL_CTX_load_verify_locations(l->tls_context, ca, NULL) != 1)
        return fail_tls(l, "tls_ca cannot be read");
    if (!ca && SSL_CTX_set_default_verify_paths(l->tls_context) != 1)
        return fail_tls(l, "the system's certificate authorities cannot be read");
    if (cert && SSL_CTX_use_certificate_chain_file(l->tls_context, cert) != 1)
        return fail_tls(l, "tls_cert cannot be read");
    if (cert && SSL_CTX_use_PrivateKey_file(l->tls_context, key ? key : cert, SSL_FILETYPE_PEM) != 1)
        return fail_tls(l, "tls_key cannot be read");
    return true;
}

static bool is_address(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool set_host(redis_link *l, const char *host)
{
    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(l->tls), host) == 1 || fail_tls(l, "TLS");
    char name[NAME_MAX_DNS + 1]; /* OpenSSL's macro takes no constant */
    snprintf(name, sizeof name, "%s", host);
    return (SSL_set_tlsext_host_name(l->tls, name) == 1 && SSL_set1_host(l->tls, host) == 1) || fail_tls(l, "TLS");
}

/* Waits for what a TLS function said it needs; false when that is an error. */
static bool await_tls(redis_link *l, int result)
{
    const int wanted = SSL_get_error(l->tls, result);
    if (wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE)
        return await(l, wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
    if (wanted == SSL_ERROR_ZERO_RETURN || (wanted == SSL_ERROR_SYSCALL && ERR_peek_error() == 0))
        return fail(l, "Server closed the connection");
    return fail_tls(l, "TLS");
}

bool link_tls(redis_link *l, const char *host)
{
    l->tls_context = SSL_CTX_new(TLS_client_method());
    if (!l->tls_context || SSL_CTX_set_min_proto_version(l->tls_context, TLS1_2_VERSION) != 1)
        return fail_tls(l, "TLS");
    SSL_CTX_set_verify(l->tls_context, SSL_VERIFY_PEER, NULL);
    if (!load_files(l))
        return false;
    l->tls = SSL_new(l->tls_context);
    if (!l->tls || SSL_set_fd(l->tls, l->fd) != 1)
        return fail_tls(l, "TLS");
    if (!set_host(l, host))
        return false;
    for (;;) {
        ERR_clear_error();
        const int result = SSL_connect(l->tls);
        if (result == 1)
            return true;
        if (!await_tls(l, result))
            return false;
    }
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static bool write_some(redis_link *l, const char *bytes, size_t n, size_t *done)
{
    if (l->tls) {
        ERR_clear_error();
        const int result = SSL_write_ex(l->tls, bytes, n, done);
        return result == 1 || (await_tls(l, result) && (*done = 0, true));
    }
    const ssize_t result = send(l->fd, bytes, n, MSG_NOSIGNAL);
    *done = result > 0 ? (size_t)result : 0;
    if (result < 0 && errno != EAGAIN && errno != EINTR)
        return fail(l, "%s", strerror(errno));
    return result > 0 || await(l, POLLOUT);
}

bool link_write(redis_link *l, const char *bytes, size_t n)
{
    for (size_t done = 0; n > 0; bytes += done, n -= done)
        if (!write_some(l, bytes, n, &done))
            return false;
    return true;
}

bool link_read(redis_link *l, char *bytes, size_t room, size_t *ret)
{
    for (;;) {
        if (l->tls) {
            ERR_clear_error();
            const int result = SSL_read_ex(l->tls, bytes, room, ret);
            if (result == 1)
                return l->answered = true;
            if (!await_tls(l, result))
                return false;
            continue;
        }
        const ssize_t n = recv(l->fd, bytes, room, 0);
        if (n > 0) {
            *ret = (size_t)n;
            return true;
        }
        if (n == 0)
            return fail(l, "Server closed the connection");
        if (errno != EAGAIN && errno != EINTR)
            return fail(l, "%s", strerror(errno));
        if (!await(l, POLLIN))
            return false;
    }
}

void link_close(redis_link *l)
{
    SSL_free(l->tls);
    SSL_CTX_free(l->tls_context);
    if (l->fd >= 0)
        close(l->fd);
    l->tls = NULL;
    l->tls_context = NULL;
    l->fd = -1;
}
