/**
 * @file scan.h
 * Follows a libconfig text just closely enough to know code from strings and comments: that is where @include counts,
 * where numbers stand, and how deep it nests. libconfig 1.5 itself cuts a number that is too big without a word.
 */
#ifndef PIPELINE_SCAN_H
#define PIPELINE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define SCAN_DEEPEST 32

typedef enum scan_state { SCAN_CODE, SCAN_STRING, SCAN_LINE_COMMENT, SCAN_BLOCK_COMMENT } scan_state;

typedef struct scan {
    scan_state state;
    char before;      /**< the character before, 0 when it is used up */
    unsigned depth;   /**< of ( [ { */
    unsigned line;    /**< from 1 */
    unsigned opened;  /**< the line where the string or comment began */
    bool line_start;  /**< nothing but blanks since the line's beginning */
    const char *word; /**< beginning of the word that is being read, or NULL */
} scan;

scan scan_begin(void);
/** Goes over the character at *at. */
void scan_step(scan *s, const char *at);
/** True when [word, end) is a whole number that libconfig would cut. *ret_long: it only needs its L. */
bool scan_number_too_big(const char *word, const char *end, bool *ret_long);

#endif
