/**
 * @file redact.h
 * Masks secret values in everything that is written: as they are, in base64 (at each of its three alignments, standard
 * and URL alphabet), in hexadecimal digits, and in the encodings that redact_match.h lists; also when a value is split
 * over two pieces of a stream or by line breaks. The line breaks of what is masked stay. Of a value of several lines
 * each line is masked too. Passwords in URLs are masked by their shape, whether they are known or not.
 */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/text.h"

#define REDACT_MASK "[secret]"
/** Shorter values are not masked: they would hide ordinary text. */
#define REDACT_SHORTEST 4

typedef struct redactor redactor;
redactor *redactor_new(void);
/** Wipes what it knows. */
void redactor_free(redactor *r);
GUARD(redactor, redactor_free)

/** Registers a value; copied. Of a URL with a password ("scheme://user:password@host"), the password too, and of a
 *  libpq connection string ("host=db password=..."). */
void redactor_add(redactor *r, const char *value);
/** Registers all that other knows. */
void redactor_add_all(redactor *r, const redactor *other);
bool redactor_is_empty(const redactor *r);
/** The values that were registered, as they were given; borrowed. For handing them on to a worker. */
size_t redactor_count(const redactor *r);
const char *redactor_value(const redactor *r, size_t i);
/** True when s holds a registered value in any form. A URL's password that was not registered does not count. */
bool redactor_finds(const redactor *r, const char *s, size_t n);
/** The password of a URL, decoded, or NULL; the caller wipes and frees. */
char *redactor_url_password(const char *url);
/** A masked copy; the caller frees. */
char *redactor_mask(const redactor *r, const char *s);

/** A stream that comes in pieces: holds back what may be the beginning of a secret. */
typedef struct redact_stream {
    const redactor *redactor; /**< borrowed */
    text held, masked;        /**< what may be the beginning of a value; of a URL with a password */
} redact_stream;
/** Appends to out what of the stream is now safe to show. */
void redact_stream_add(redact_stream *s, const char *bytes, size_t n, text *out);
/** Ends the stream: appends the rest to out and frees what was held. */
void redact_stream_end(redact_stream *s, text *out);

#endif
