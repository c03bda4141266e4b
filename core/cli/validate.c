#include <stdio.h>

#include "cli/cli.h"

int cli_validate(const cli_args *args)
{
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    guard(pipeline) p = NULL;
    if (cli_open_catalog(args, &c, &err) < 0 || cli_load_pipeline(args, c, &p, &err) < 0)
        return cli_fail(err);
    printf("%s is good: %zu steps in %zu stages, %zu of them for rollback.\n", args->words[0], p->step_count,
           p->stage_count, p->step_count - p->main_count);
    return EXIT_COMMITTED;
}
