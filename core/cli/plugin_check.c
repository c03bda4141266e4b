/* belay plugin check: proves that a plugin file keeps its promises. */
#include <stdio.h>

#include "cli/cli.h"
#include "conform/conform.h"

static int exit_status(conform_verdict verdict)
{
    switch (verdict) {
    case CONFORM_PROVED: return EXIT_COMMITTED;
    case CONFORM_FAILED: return EXIT_USAGE;
    case CONFORM_NOT_PROVED: break;
    }
    return EXIT_WAITING; /* for a case */
}

static void sum_up(const conform_report *r)
{
    size_t counts[] = {0, 0, 0};
    for (size_t i = 0; i < r->count; i++)
        counts[r->items[i].verdict]++;
    printf("\n%zu proved, %zu failed, %zu not proved.\n", counts[CONFORM_PROVED], counts[CONFORM_FAILED],
           counts[CONFORM_NOT_PROVED]);
}

int cli_plugin_check(const cli_args *args)
{
    guard(error) err = NULL;
    conform_report report = {0};
    const conform_request request = {.plugin = args->words[0],
                                     .cases = args->cases.items,
                                     .only = args->only,
                                     .gdb = args->gdb,
                                     .kills = args->kills,
                                     .progress = args->json ? NULL : stdout};
    int r = conform_run(&request, &report, &err);
    if (r == 0 && args->junit)
        r = conform_write_junit(args->junit, &report, &err);
    if (r < 0) {
        conform_report_done(&report);
        return cli_fail(err);
    }
    if (args->json)
        conform_print_json(stdout, &report);
    else
        sum_up(&report);
    int status = exit_status(conform_report_verdict(&report));
    conform_report_done(&report);
    return status;
}
