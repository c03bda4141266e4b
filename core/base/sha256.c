#include "base/sha256.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

GUARD(EVP_MD_CTX, EVP_MD_CTX_free)

static void to_hex(const unsigned char digest[32], char hex[SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}

int sha256_file(int fd, char hex[SHA256_TEXT], error **err)
{
    guard(EVP_MD_CTX) context = EVP_MD_CTX_new();
    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
        return error_set(err, ERROR_IO, "SHA-256 is not to be had from libcrypto");
    char buffer[64 * 1024];
    off_t at = 0;
    for (;;) {
        ssize_t n = pread(fd, buffer, sizeof buffer, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, ERROR_IO, "read the file to hash it: %s", strerror(errno));
        if (n == 0)
            break;
        at += n;
        if (!EVP_DigestUpdate(context, buffer, (size_t)n))
            return error_set(err, ERROR_IO, "libcrypto refused to hash");
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (!EVP_DigestFinal_ex(context, digest, NULL))
        return error_set(err, ERROR_IO, "libcrypto refused to hash");
    to_hex(digest, hex);
    return 0;
}

void sha256_bytes(const void *bytes, size_t n, char hex[SHA256_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    /* Fails only when libcrypto has no SHA-256 at all; the digest of zeros then matches no file. */
    if (!EVP_Digest(bytes, n, digest, NULL, EVP_sha256(), NULL))
        memset(digest, 0, sizeof digest);
    to_hex(digest, hex);
}
