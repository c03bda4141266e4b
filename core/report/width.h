/**
 * @file width.h
 * UTF-8 text measured in terminal columns: cleaned, cut, padded, wrapped. Needs no locale. Colour sequences ("ESC [ ...
 * m") count nothing and are kept whole; any other control character is taken out by width_clean().
 */
#ifndef REPORT_WIDTH_H
#define REPORT_WIDTH_H

#include "base/text.h"

/** Columns that s takes on a terminal. */
size_t width_of(const char *s);
/** Appends s as one harmless line: blanks for tabs and line ends, '?' for other control characters, for characters that
 *  change the direction of writing and, unless unicode, for all beyond ASCII. */
void width_clean(text *out, const char *s, bool unicode);
/** Appends as much of s as fits into columns, ending in an ellipsis when something was cut. */
void width_cut(text *out, const char *s, size_t columns, bool unicode);
/** Appends s and blanks up to columns; cut when it is longer. */
void width_pad(text *out, const char *s, size_t columns, bool unicode);
/** Appends s broken at blanks into lines of at most columns (0: no limit), each after indent blanks; the first line's
 *  indent is taken as written already. A word that is too long is broken. No line end after the last. */
void width_wrap(text *out, const char *s, size_t columns, size_t indent);

#endif
