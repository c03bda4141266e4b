/** @file signature.h  The HMAC (RFC 2104) by which a sender signs a body. */
#ifndef HTTP_SIGNATURE_H
#define HTTP_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#define SIGNATURE_ALGORITHMS " sha1 sha256 sha512 "
#define SIGNATURE_ENCODINGS  " hex base64 "

/** Is `came` prefix and the body's HMAC? algorithm and encoding are of those above; the hexadecimal digits may be of
 * either case. Compares in constant time. */
bool signature_matches(const char *algorithm, const char *encoding, const char *key, const char *prefix,
                       const char *body, size_t length, const char *came);

#endif
