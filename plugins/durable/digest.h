/** @file digest.h  SHA-256 in hexadecimal: of a file, or of bytes as they come. */
#ifndef DURABLE_DIGEST_H
#define DURABLE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define DIGEST_TEXT 65

/** Of all that fd holds from its beginning on; false when it cannot be read. */
bool digest_fd(int fd, char hex[DIGEST_TEXT]);
/** Of a file by name. */
bool digest_file(const char *path, char hex[DIGEST_TEXT]);

typedef struct digest digest;
/** NULL when memory is gone; the functions below then do nothing and give false. */
digest *digest_new(void);
bool digest_feed(digest *d, const void *bytes, size_t n);
/** The sum of all that was fed; frees. */
bool digest_end(digest *d, char hex[DIGEST_TEXT]);

#endif
