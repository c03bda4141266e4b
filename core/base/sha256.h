/** @file sha256.h  SHA-256 as 64 lower-case hexadecimal digits (FIPS 180-4). */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>

#include "base/error.h"

#define SHA256_TEXT 65

/** Of a whole file, from its beginning; the descriptor's position stays where it is. */
int sha256_file(int fd, char hex[SHA256_TEXT], error **err) CHECKED;
void sha256_bytes(const void *bytes, size_t n, char hex[SHA256_TEXT]);

#endif
