/** @file prefix.h  Belay as it is installed, for tests of what is built out of tree. */
#ifndef TESTS_E2E_PREFIX_H
#define TESTS_E2E_PREFIX_H

/** Installs the build into a folder of its own, and lets pkg-config find it; gives the prefix, or NULL. It was staged
 * below a DESTDIR by somebody with a loose umask and then moved: nothing in it may know where it was to be. */
const char *install_prefix(void);

#endif
