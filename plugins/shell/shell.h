/** @file shell.h  What the files of this plugin share: the two kinds, and commands as a step's options name them. */
#ifndef SHELL_H
#define SHELL_H

#include <belay/plugin.h>

#include <stdbool.h>

#include "say/say.h"

belay_status run_prepare(belay_ctx *c, const belay_host *h);
belay_status run_execute(belay_ctx *c, const belay_host *h);
belay_status run_verify(belay_ctx *c, const belay_host *h);
belay_status run_rollback(belay_ctx *c, const belay_host *h);
belay_status check_prepare(belay_ctx *c, const belay_host *h);
belay_status check_verify(belay_ctx *c, const belay_host *h);
belay_status k6_prepare(belay_ctx *c, const belay_host *h);
belay_status k6_verify(belay_ctx *c, const belay_host *h);
belay_status diagnose_verify(belay_ctx *c, const belay_host *h);

/* ---- command.c --------------------------------------------------------------------------------------------------- */

/** Can the option's command be started: is it given, is its program there? Looks only. */
belay_status command_check(belay_ctx *c, const belay_host *h, const char *option);
/** The command of the list option, as one line for people; the caller frees. Never NULL but when memory is gone. */
char *command_text(belay_ctx *c, const belay_host *h, const char *option);
/** Runs it in `cwd` with `env`. io may have keep_as, on_line and user set; it receives the result. BELAY_OK when it
 * ran. */
belay_status command_run(belay_ctx *c, const belay_host *h, const char *option, belay_run *io);
/** The same for an argument vector that no option holds. */
belay_status command_run_argv(belay_ctx *c, const belay_host *h, const char *const *argv, belay_run *io);
/** Would execvp find a program of this name? */
bool command_is_in_path(const char *name);
/** The last lines of the output: there a program says what is wrong. Borrowed from io. */
const char *command_tail(const belay_run *io);
/** Explains an exit status that was not the wanted one, with the last lines of output; returns status. */
belay_status command_explain(belay_ctx *c, const belay_host *h, belay_status status, const char *option,
                             const belay_run *io, int64_t wanted);

/* ---- sample.c ---------------------------------------------------------------------------------------------------- */

/** Runs the step's own command once, measures what its report says and judges: BELAY_OK, NO_DATA (too few tests ran),
 *  NOT_YET (exit status `not_yet`), E_FAIL, or E_RETRY when the report cannot be read. */
belay_status sample_take(belay_ctx *c, const belay_host *h);
/** What of the report's options can be judged before. */
belay_status sample_check(belay_ctx *c, const belay_host *h);

#endif
