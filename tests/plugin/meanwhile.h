/** @file meanwhile.h  A shell script that runs beside a step: load, and trouble in the middle of a window. */
#ifndef TESTS_PLUGIN_MEANWHILE_H
#define TESTS_PLUGIN_MEANWHILE_H

#include <sys/types.h>

/** Starts it, in a process group of its own; let it end by itself within seconds, for the case that the test dies. */
pid_t meanwhile(const char *script);
/** Kills what still runs of it. */
void meanwhile_end(pid_t pid);

#endif
