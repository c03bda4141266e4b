#include <stdio.h>

#include "approval/approval.h"
#include "cli/cli.h"

static int decide(const cli_args *args, bool approve)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    store_run run = {0};
    guard_mem char *digest = NULL;
    if (!args->role) {
        (void)error_set(&err, ERROR_USAGE, "in which role do you decide? --role is missing");
        return cli_fail(err);
    }
    if (cli_open_store(args, &s, &err) < 0 || cli_get_run(args, s, &run, &err) < 0)
        return cli_fail(err);
    const approval a = {
        .gate = args->words[1], .role = args->role, .approve = approve, .reason = args->reason, .key = args->key};
    int r = approval_decide(s, &run, &a, &digest, &err);
    if (r == 0)
        printf("%s of run %s: %s as %s%s.\n", args->words[1], run.id, approve ? "approved" : "rejected", args->role,
               args->key ? ", signed" : "");
    if (r == 0 && args->key)
        printf("Your statement's SHA-256, with which `belay verify --expect` finds it again: %s\n", digest);
    if (r == 0 && run.state == RUN_PAUSED)
        printf("The run goes on with `belay resume %s`.\n", run.id);
    store_run_done(&run);
    return r < 0 ? cli_fail(err) : EXIT_COMMITTED;
}

int cli_approve(const cli_args *args)
{
    return decide(args, true);
}

int cli_reject(const cli_args *args)
{
    return decide(args, false);
}
