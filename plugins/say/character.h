/** @file character.h  Where the characters of a text begin and end, for what cuts or cleans one. */
#ifndef SAY_CHARACTER_H
#define SAY_CHARACTER_H

#include <stddef.h>

/** Bytes of the UTF-8 character at s, 0 when there is none. Source: RFC 3629, section 4. */
size_t character_length(const char *s);

#endif
