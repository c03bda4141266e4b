#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

int cli_load_step(const cli_args *args, const catalog *c, const char *kind, pipeline **ret, error **err)
{
    guard_mem char *here = getcwd(NULL, 0);
    if (!here)
        return error_set(err, ERROR_IO, "the current folder cannot be read: does it still exist?");
    pipeline_problems problems = {0};
    int r = pipeline_of_step(c, kind, args->sets.items, here, ret, &problems, err);
    cli_print_problems(&problems);
    pipeline_problems_done(&problems);
    return r;
}

int cli_try_step(const cli_args *args, const catalog *c, const pipeline *p, store *s, int *ret_status, error **err)
{
    cli_engine e;
    cli_engine_init(&e, args, s);
    int r = engine_try(&e.engine, c, p, args->undo, ret_status, err);
    cli_engine_done(&e);
    return r;
}

int cli_try(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    guard(catalog) c = NULL;
    guard(pipeline) p = NULL;
    int status = EXIT_USAGE;
    if (cli_open_store(args, &s, &err) < 0 || cli_open_catalog(args, &c, &err) < 0 ||
        cli_load_step(args, c, args->words[0], &p, &err) < 0 || cli_try_step(args, c, p, s, &status, &err) < 0)
        return cli_fail(err);
    return status;
}
