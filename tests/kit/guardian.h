/**
 * @file guardian.h
 * What a test program started or made, and must not leave behind, also when it crashes or is killed: a small process
 * outside its tree waits for its end, then stops the servers (by process id) and removes the folders.
 */
#ifndef TESTS_KIT_GUARDIAN_H
#define TESTS_KIT_GUARDIAN_H

#include <sys/types.h>

/** Registers a child process; at the end it gets the signal, and SIGKILL when it still lives 5 s later. */
void guardian_process(pid_t pid, int end_signal);
/** Registers a folder, to be removed with all that is in it once the processes have ended. */
void guardian_folder(const char *path);

#endif
