/** @file threshold.h  Thresholds, durations and sizes as the core reads them in fail_if: by the same code. */
#ifndef THRESHOLD_THRESHOLD_H
#define THRESHOLD_THRESHOLD_H

#include <stdbool.h>

/** Whether value is bad by `text` ("> 500ms", "outside 1..5", "!= 0", see fail_if) in the metric's unit ("ms", "B", "%"
 * ...). False with *why set, when the text does not fit the unit. A value that is no number is always bad. */
bool threshold_holds(const char *text, const char *unit, double value, bool *ret, char why[256]);
/** Whether the text is a threshold of some unit; else why not. */
bool threshold_is_one(const char *text, char why[256]);

#endif
