/**
 * @file redact_match.h
 * Finds a value in a text in whatever way its characters are written: as they are, percent-encoded, as XML or HTML
 * entities, with the escapes of JSON, C, Python and shells, with the doubled quotes of SQL and CSV, in Latin-1. Each
 * character may be written in another way, and also be encoded twice ("&amp;lt;", "\\u0026", "%2526").
 */
#ifndef BASE_REDACT_MATCH_H
#define BASE_REDACT_MATCH_H

#include <stdbool.h>
#include <stddef.h>

/** Line breaks that may stand between two characters of a value: base64 is wrapped, a key is printed line by line. */
#define REDACT_BREAKS 4

/** How many bytes of s, from its beginning, are the value; 0: none. *partial is set when they may be once more of s is
 *  there; it is never cleared. */
size_t redact_match(const char *value, size_t length, const char *s, size_t n, bool *partial);
/** The same for hexadecimal digits of either case; ':', '-' or a blank may separate the bytes. */
size_t redact_match_hex(const char *value, size_t length, const char *s, size_t n, bool *partial);
/** True when a text that begins with c may begin any value: with an escape. */
bool redact_may_begin_any(char c);
/** The value of a hexadecimal digit, or -1. */
int redact_hex_digit(char c);

#endif
