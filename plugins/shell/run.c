#include <stdlib.h>
#include <string.h>

#include "shell.h"

/* Keys of the undo journal. What to run is in the step's options, which the run has recorded. */
#define KEY_STARTED "started" /* "1": the command may have changed something */
#define KEY_NO_DATA "no_data" /* "1": it ended well, but too few tests ran */

belay_status run_prepare(belay_ctx *c, const belay_host *h)
{
    belay_status s = sample_check(c, h);
    if (s == BELAY_OK)
        s = command_check(c, h, "argv");
    if (s != BELAY_OK)
        return s;
    char *change = command_text(c, h, "argv"), *undo = command_text(c, h, "undo");
    if (h->pending(c, "argv"))
        h->plan(c, "run a command that earlier steps complete", h->pending(c, "undo") ? "run its undo command" : undo);
    else
        h->plan(c, change, undo && *undo ? undo : "not at all: no undo command is given");
    free(change);
    free(undo);
    return BELAY_OK;
}

belay_status run_execute(belay_ctx *c, const belay_host *h)
{
    belay_status s = h->remember(c, KEY_STARTED, "1", NULL);
    if (s != BELAY_OK)
        return s;
    s = sample_take(c, h);
    if (s == BELAY_NOT_YET)
        return BELAY_E_RETRY;
    /* Only verify may say so. */
    return s == BELAY_NO_DATA ? h->remember(c, KEY_NO_DATA, "1", NULL) : s;
}

belay_status run_verify(belay_ctx *c, const belay_host *h)
{
    if (h->recall(c, KEY_NO_DATA))
        return say_option(c, h, BELAY_NO_DATA, "min_tests", NULL, "too few tests ran: see the metrics of the step");
    if (!*h->opt_list(c, "check"))
        return BELAY_OK; /* the exit status was all there is to ask */
    belay_run io = {.keep_as = "check.log"};
    belay_status s = command_run(c, h, "check", &io);
    if (s != BELAY_OK || io.exit_code == 0)
        return s;
    return command_explain(c, h, BELAY_NOT_YET, "check", &io, 0);
}

belay_status run_rollback(belay_ctx *c, const belay_host *h)
{
    static const char left[] = "no undo command is given: what the command changed stays";
    belay_status s;
    if (!h->recall(c, KEY_STARTED))
        return BELAY_NOTHING;
    if (!*h->opt_list(c, "undo")) {
        h->log(c, 2, left);
        s = h->keep(c, "left.txt", left, strlen(left)); /* it is told as left, not as undone */
        return s == BELAY_OK ? BELAY_NOTHING : s;
    }
    belay_run io = {.keep_as = "undo.log"};
    s = command_run(c, h, "undo", &io);
    if (s != BELAY_OK || io.exit_code == 0)
        return s;
    return command_explain(c, h, BELAY_E_FAIL, "undo", &io, 0);
}
