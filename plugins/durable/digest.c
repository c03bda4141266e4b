#include "durable/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK (1u << 18)

struct digest {
    EVP_MD_CTX *context;
    bool good;
};

digest *digest_new(void)
{
    digest *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->context = EVP_MD_CTX_new();
    d->good = d->context && EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) == 1;
    return d;
}

bool digest_feed(digest *d, const void *bytes, size_t n)
{
    if (d)
        d->good = d->good && EVP_DigestUpdate(d->context, bytes, n) == 1;
    return d && d->good;
}

bool digest_end(digest *d, char hex[DIGEST_TEXT])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (!d)
        return false;
    bool good = d->good && EVP_DigestFinal_ex(d->context, bytes, &length) == 1;
    for (unsigned i = 0; good && i < length; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", bytes[i]);
    EVP_MD_CTX_free(d->context);
    free(d);
    return good;
}

static bool feed_all(digest *d, int fd, unsigned char *buffer)
{
    off_t at = 0;
    for (;;) {
        ssize_t n = pread(fd, buffer, CHUNK, at);
        if (n <= 0)
            return n == 0;
        at += n;
        if (!digest_feed(d, buffer, (size_t)n))
            return false;
    }
}

bool digest_fd(int fd, char hex[DIGEST_TEXT])
{
    unsigned char *buffer = malloc(CHUNK);
    digest *d = digest_new();
    bool read = buffer && feed_all(d, fd, buffer);
    free(buffer);
    return digest_end(d, hex) && read;
}

bool digest_file(const char *path, char hex[DIGEST_TEXT])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && digest_fd(fd, hex);
    if (fd >= 0)
        close(fd);
    return good;
}
