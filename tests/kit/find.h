/** @file find.h  Where what a test needs of Belay lies: in its build tree ($BELAY_BUILD_DIR), or in an installation. */
#ifndef TESTS_KIT_FIND_H
#define TESTS_KIT_FIND_H

#include "base/error.h"

/** The plugin file of a kind: of the build tree, where those that exist only for tests lie apart, or else $PLUGIN.
 * Fails the test when neither is named; the caller frees. */
char *find_plugin(const char *kind);
/** Out of Belay's own tree a test program does not lie where the worker is found: it is sought from $BELAY, or from the
 * `belay` in $PATH. */
int find_worker(error **err) CHECKED;

#endif
