/** @file redact_url.h  Passwords in URLs, by their shape alone: what a program prints may hold one that nobody told us.
 */
#ifndef BASE_REDACT_URL_H
#define BASE_REDACT_URL_H

#include "base/text.h"

/** Appends s to out, with REDACT_MASK in place of the password of "scheme://user:password@host" and of
 *  "?password=value" in a URL's query. Unless final, stops where one may begin that goes on after s. Gives how much of
 * s was dealt with. */
size_t redact_urls(const char *s, size_t n, bool final, text *out);

#endif
