/** @file tracee.h  Looking into a process that is stopped: its memory, its descriptors, the files that a call names. */
#ifndef CONFORM_TRACEE_H
#define CONFORM_TRACEE_H

#include <sys/types.h>

#include "base/text.h"
#include "conform/syscalls.h"

/** Reads at most n bytes at an address of the process; gives how many. */
size_t tracee_read(pid_t pid, uint64_t address, void *into, size_t n);
/** Appends a text at an address, up to 4 KiB. */
void tracee_read_text(pid_t pid, uint64_t address, text *out);
/** Appends the texts of a NULL-terminated list, each after a blank. */
void tracee_read_list(pid_t pid, uint64_t address, text *out);
/** How many entries /proc/PID/WHAT has: "fd", "task". */
int tracee_count(pid_t pid, const char *what);
/** The process' current folder; the caller frees. */
char *tracee_folder(pid_t pid);
/** The absolute path of the file that a call with these arguments names, or NULL when it is no file of the file system
 * (a pipe, a device); the caller frees. */
char *tracee_file(pid_t pid, syscall_file file, const uint64_t arguments[6]);

#endif
