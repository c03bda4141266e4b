/** @file execute.h  Becoming another program, without a shell. */
#ifndef WORKER_EXECUTE_H
#define WORKER_EXECUTE_H

/** As execvpe(), but that a file which is no program is an error (ENOEXEC), never handed to a shell, and that an empty
 * entry of PATH is no folder. Returns only when it fails, with errno set. Safe after fork. */
void execute_program(char *const *argv, char *const *env);

#endif
