/**
 * @file clean.h
 * Texts from outside - logs, tests, arguments, pipelines - made harmless for terminals and pages: no control characters
 * but line ends and tabs, no terminal sequences, nothing that reverses the direction of writing.
 */
#ifndef BASE_CLEAN_H
#define BASE_CLEAN_H

#include <stdint.h>

#include "base/text.h"

/** One character of s, which is not empty, and how many bytes it takes; a byte that is not UTF-8 is U+FFFD. */
size_t clean_decode(const char *s, uint32_t *ret);
/** True for controls (C0, DEL, C1), and for characters that reorder text or end lines where none is seen. */
bool clean_is_unsafe(uint32_t c);
/** Appends s of n bytes: line ends and tabs stay, a carriage return becomes a blank (none before a line end), colour
 *  sequences (ESC [ ... m) are left out, everything else that is unsafe, and bytes that are not UTF-8, become '?'.
 * Unless final, stops where a character or sequence may go on after s. Gives how much was dealt with. */
size_t clean_add(text *out, const char *s, size_t n, bool final);
/** The same for a whole text. */
void clean_text(text *out, const char *s);
/** Appends a JSON document, whose unsafe characters are escaped (\u202e): the same document. */
void clean_json(text *out, const char *json);

#endif
