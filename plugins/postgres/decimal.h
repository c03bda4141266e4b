/** @file decimal.h  Decimal numbers as text, compared exactly: a double has no more than 53 bits for its digits. */
#ifndef POSTGRES_DECIMAL_H
#define POSTGRES_DECIMAL_H

#include <stdbool.h>

/** True for [+-]digits[.digits][e[+-]digits], with blanks around: neither NaN nor infinity. */
bool decimal_is(const char *text);
/** Less than, equal to, or greater than 0, as a is than b; both are decimal_is(). */
int decimal_compare(const char *a, const char *b);

#endif
