/** @file report_screen.h  A terminal of a few lines of code: enough of ECMA-48 to see what the live view leaves on it.
 */
#ifndef TESTS_REPORT_SCREEN_H
#define TESTS_REPORT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#define SCREEN_COLUMNS_MAX 200
#define SCREEN_LINES_MAX   400

typedef struct screen {
    size_t columns, rows;
    char *cells[SCREEN_LINES_MAX][SCREEN_COLUMNS_MAX]; /**< UTF-8 characters; NULL: blank */
    size_t top;                                        /**< the first line that is not scrolled away */
    size_t line, column;                               /**< the cursor, counted from the first line ever */
    bool hidden;                                       /**< the cursor */
    bool overflowed;                                   /**< something was written past the last column */
    char *unknown;                                     /**< a sequence that this terminal does not know, or NULL */
} screen;

screen *screen_new(size_t columns, size_t rows);
void screen_free(screen *s);
/** Shows bytes; sequences must be whole. */
void screen_write(screen *s, const char *bytes);
/** All lines, those that scrolled away too, without blanks at their ends; the caller frees. */
char *screen_text(const screen *s);

#endif
