#include "cli/cli.h"

int cli_discard(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    if (cli_open_store(args, &s, &err) < 0)
        return cli_fail(err);

    int status = EXIT_USAGE;
    cli_engine e;
    cli_engine_init(&e, args, s);
    int r = engine_discard(&e.engine, args->environment, args->keep, &status, &err);
    cli_engine_done(&e);
    return r < 0 ? cli_fail(err) : status;
}
