/** @file process.h  What the kernel tells of another process: proc(5). */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct process {
    char state; /**< 'Z': ended, and only waits to be reaped */
    pid_t parent;
} process;

/** The file of this name in its folder below /proc, as much as room takes with a final NUL; 0: nothing to read. */
size_t process_read(pid_t pid, const char *file, char *into, size_t room);

/** False: there is none of this id, or we may not look. */
bool process_look(pid_t pid, process *ret);

/** Whether it is gone, or waits to be reaped by somebody who may never do so: the first process of a container often
 *  does not. */
bool process_has_ended(pid_t pid);

#endif
