#include "signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

static void write_hex(const unsigned char *bytes, unsigned n, char *out)
{
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

bool signature_matches(const char *algorithm, const char *encoding, const char *key, const char *prefix,
                       const char *body, size_t length, const char *came)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char text[2 * EVP_MAX_MD_SIZE + 1] = "", lower[sizeof text] = "";
    const EVP_MD *md = EVP_get_digestbyname(algorithm);
    size_t skip = strlen(prefix);
    if (!md || strncmp(came, prefix, skip) != 0 || strlen(came + skip) >= sizeof lower ||
        !HMAC(md, key, (int)strlen(key), (const unsigned char *)body, length, mac, &n))
        return false;
    bool hex = strcmp(encoding, "hex") == 0;
    if (hex)
        write_hex(mac, n, text);
    else
        EVP_EncodeBlock((unsigned char *)text, mac, (int)n);
    for (size_t i = 0; came[skip + i]; i++)
        lower[i] = (char)(hex && came[skip + i] >= 'A' && came[skip + i] <= 'F' ? came[skip + i] + 32 : came[skip + i]);
    return strlen(lower) == strlen(text) && CRYPTO_memcmp(lower, text, strlen(text)) == 0;
}
