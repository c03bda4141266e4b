#include "digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK (1u << 18)

static bool feed(EVP_MD_CTX *context, int fd, unsigned char *buffer)
{
    off_t at = 0;
    for (;;) {
        ssize_t n = pread(fd, buffer, CHUNK, at);
        if (n <= 0)
            return n == 0;
        at += n;
        if (EVP_DigestUpdate(context, buffer, (size_t)n) != 1)
            return false;
    }
}

bool digest_fd(int fd, char hex[DIGEST_TEXT])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *buffer = malloc(CHUNK);
    bool good = context && buffer && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 && feed(context, fd, buffer) &&
                EVP_DigestFinal_ex(context, bytes, &length) == 1;
    for (unsigned i = 0; good && i < length; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", bytes[i]);
    free(buffer);
    EVP_MD_CTX_free(context);
    return good;
}

bool digest_file(const char *path, char hex[DIGEST_TEXT])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && digest_fd(fd, hex);
    if (fd >= 0)
        close(fd);
    return good;
}
