#include <string.h>

#include "cli/cli.h"

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
    cli_engine_done(&e);
    return r < 0 ? cli_fail(err) : status;
}
