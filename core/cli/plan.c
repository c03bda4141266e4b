#include "cli/cli.h"

int cli_plan(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    guard(catalog) c = NULL;
    guard(pipeline) p = NULL;
    if (cli_open_store(args, &s, &err) < 0 || cli_open_catalog(args, &c, &err) < 0 ||
        cli_load_pipeline(args, c, &p, &err) < 0)
        return cli_fail(err);

    int status = EXIT_USAGE;
    cli_engine e;
    cli_engine_init(&e, args, s);
    int r = engine_plan(&e.engine, c, p, &status, &err);
    cli_engine_done(&e);
    return r < 0 ? cli_fail(err) : status;
}
