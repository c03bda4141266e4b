/** @file interrupt.h  SIGINT and SIGTERM while trials run: what was begun is ended, and nothing is left behind. */
#ifndef CONFORM_INTERRUPT_H
#define CONFORM_INTERRUPT_H

#include "base/error.h"

/** From now on the first of these signals is kept, instead of ending this process; a second one ends it. */
int interrupt_watch(error **err) CHECKED;
/** Readable once a signal came; borrowed. */
int interrupt_fd(void);
/** ERROR_IO once a signal came, else 0. */
int interrupt_check(error **err) CHECKED;
/** No more; a signal that came now ends this process. */
void interrupt_unwatch(void);

#endif
