/** @file program.h  What the kit's files share: programs that run to their end, and texts that live as long as the
 * test. */
#ifndef TESTS_KIT_PROGRAM_H
#define TESTS_KIT_PROGRAM_H

#define PROGRAM_INHERIT (-1) /**< standard error goes where the test's goes */
#define PROGRAM_SILENT  (-2)

/** Runs argv (at most 64 arguments, NULL-terminated) with an empty standard input; gives the exit status, 128 + N after
 *  signal N, and the standard output, which the caller frees. err_fd: where standard error goes. Fails the test when
 * the limit passes. */
int program_run(const char *const *argv, int limit_ms, int err_fd, char **ret_output);

/** Takes the text over; it is freed at the end of the program. */
const char *program_keep(char *owned);

#endif
