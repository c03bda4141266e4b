/**
 * @file redact_shape.h
 * What is confidential by its shape alone, though nobody told us the value: passwords in URLs, and the contents of
 * database rows that servers quote in the details of their errors.
 */
#ifndef BASE_REDACT_SHAPE_H
#define BASE_REDACT_SHAPE_H

#include "base/text.h"

/** What stands in place of a row's contents. */
#define REDACT_ROW "[row]"

/**
 * Appends s to out, with REDACT_MASK in place of the password of "scheme://user:password@host" and of "?password=value"
 * in a URL, and REDACT_ROW in place of the values of "Failing row contains (...)", "Key (column)=(...)" and
 * "parameters: $1 = ..." (PostgreSQL) and "Duplicate entry '...'" (MySQL). Unless final, stops where one may begin that
 * goes on after s. Gives how much of s was dealt with.
 */
size_t redact_shapes(const char *s, size_t n, bool final, text *out);

/** From now on the contents of rows are shown: whoever runs Belay asked for them. */
void redact_show_rows(void);

/* ---- one shape each, for redact_shapes() ------------------------------------------------------------------------- */

typedef enum shape_answer { SHAPE_NO, SHAPE_YES, SHAPE_NEED_MORE } shape_answer;
/** What is to be masked of a text that begins here. */
typedef struct shape_cut {
    size_t from, to;
    const char *mask;
} shape_cut;
/** Does s begin with this shape? */
shape_answer redact_url_at(const char *s, size_t n, bool final, shape_cut *ret);
shape_answer redact_row_at(const char *s, size_t n, bool final, shape_cut *ret);

#endif
