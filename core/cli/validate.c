#include <stdio.h>

#include "cli/cli.h"

int cli_validate(const cli_args *args)
{
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    guard(pipeline) p = NULL;
    if (cli_open_catalog(args, &c, &err) < 0 || cli_load_pipeline(args, c, &p, &err) < 0)
        return cli_fail(err);
    size_t diagnosing = 0;
    for (size_t i = p->main_count; i < p->step_count; i++)
        diagnosing += p->steps[i].stage->diagnose;
    printf("%s is good: %zu steps in %zu stages, %zu of them for rollback", args->words[0], p->step_count,
           p->stage_count, p->step_count - p->main_count - diagnosing);
    printf(diagnosing ? ", %zu for diagnosis.\n" : ".\n", diagnosing);
    return EXIT_COMMITTED;
}
