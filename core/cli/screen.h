/** @file screen.h  Standard output and standard error of the commands: what they print may come from outside, and
 * reaches a terminal only after clean.h. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdio.h>

/** From here on, stdout and stderr are cleaned as they are written. */
void screen_begin(void);
/** Standard output as it is, for reports that colour and draw, and clean what they quote. What stdout holds goes out
 *  first. */
FILE *screen_raw(void);

#endif
