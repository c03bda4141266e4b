/** @file command.h  A program's standard output, within a time: for secrets that a program hands out. */
#ifndef PIPELINE_COMMAND_H
#define PIPELINE_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/**
 * Runs argv (argv[0] is looked up in PATH) in a folder, with standard input at /dev/null, and takes its output. Fails
 * when it does not exit 0 within the time or writes more than max bytes; the error shows the first line of its standard
 * error and never its output. Whatever of its process group is left when it failed is killed. The caller frees *ret.
 */
int command_output(const char *const *argv, const char *folder, int64_t timeout_ms, size_t max, char **ret,
                   size_t *ret_size, error **err) CHECKED;

/** Not more than a pipe holds, see pipe(7). */
#define COMMAND_INPUT_MAX 65536

/** The same for a program of Belay's own, by its path and without arguments, in the folder "/": its standard input is n
 *  bytes of input. */
int command_answer(const char *path, const char *input, size_t n, int64_t timeout_ms, size_t max, char **ret,
                   size_t *ret_size, error **err) CHECKED;

#endif
