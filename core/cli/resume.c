#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "store/store_lock.h"

static int parse_assume(const char *word, engine_assume *ret, error **err)
{
    *ret = ASSUME_NOTHING;
    if (!word)
        return 0;
    if (strcmp(word, "done") == 0)
        *ret = ASSUME_DONE;
    else if (strcmp(word, "not-done") == 0)
        *ret = ASSUME_NOT_DONE;
    else
        return error_set(err, ERROR_USAGE, "--assume takes 'done' or 'not-done', not '%s'", word);
    return 0;
}

/* Which run to go on with; *ret_due is false when none is due. The caller frees *ret. */
static int choose(const cli_args *args, engine *e, char **ret, bool *ret_due, error **err)
{
    *ret = mem_dup_or_null(args->words[0]);
    *ret_due = true;
    if (!args->due)
        return args->environment ? error_set(err, ERROR_USAGE, "--environment goes with --due only") : 0;
    if (!args->environment || args->words[0]) {
        (void)error_set(err, ERROR_USAGE, "--due takes an environment, and no run");
        return error_hint(err, "belay resume --due --environment staging");
    }
    e->no_wait = true;
    int r = engine_due(e, args->environment, ret, err);
    *ret_due = *ret != NULL;
    return r;
}

/* A crash, a reboot or a second Ctrl-C: what was stopped for the deploy may be down, and nobody goes on with the run.
 */
static int tell_interrupted(store *s, const char *environment, int *ret_status, error **err)
{
    store_run run = {0};
    bool driven = true;
    int r = store_run_unfinished(s, environment, &run, err);
    const bool begun = r == 0 && run.id && run.state != RUN_PAUSED;
    if (begun)
        r = store_lock_drives(s, &run, &driven, err);
    if (begun && r == 0 && !driven) {
        *ret_status = EXIT_PERSON;
        fprintf(
            stderr,
            "belay: error: run %s of %s on %s was interrupted while it was %s, and nobody drives it: %s may be down\n"
            "       resume: belay resume %s; roll back: belay rollback %s\n",
            run.id, run.version, environment, run_state_name(run.state), environment, run.id, run.id);
    }
    store_run_done(&run);
    return r;
}

int cli_resume(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    guard_mem char *run = NULL;
    engine_assume assume = ASSUME_NOTHING;
    if (parse_assume(args->assume, &assume, &err) < 0 || cli_open_store(args, &s, &err) < 0)
        return cli_fail(err);

    int status = EXIT_COMMITTED;
    bool due = false;
    cli_engine e;
    cli_engine_init(&e, args, s);
    int r = choose(args, &e.engine, &run, &due, &err);
    if (r == 0 && due)
        r = engine_resume(&e.engine, run, assume, &status, &err);
    else if (r == 0)
        r = tell_interrupted(s, args->environment, &status, &err);
    cli_engine_done(&e);
    return r < 0 ? cli_fail(err) : status;
}
