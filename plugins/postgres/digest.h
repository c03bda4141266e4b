/** @file digest.h  SHA-256 of a file, in hexadecimal. */
#ifndef POSTGRES_DIGEST_H
#define POSTGRES_DIGEST_H

#include <stdbool.h>

#define DIGEST_TEXT 65

/** Of all that fd holds from its beginning on; false when it cannot be read. */
bool digest_fd(int fd, char hex[DIGEST_TEXT]);
/** Of a file by name. */
bool digest_file(const char *path, char hex[DIGEST_TEXT]);

#endif
