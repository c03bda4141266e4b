#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli/cli.h"

#define ROW "%-21s %-12s %-24s %-15s %-24s %s\n"

static bool print_row(void *user, const store_run *r)
{
    int *count = user;
    char at[32], took[UNITS_TEXT] = "-";
    if ((*count)++ == 0)
        printf(ROW, "RUN", "ENVIRONMENT", "VERSION", "STATE", "STARTED", "TOOK");
    if (r->ended_ms >= r->started_ms) /* a clock that was set back tells nothing */
        units_show_duration(r->ended_ms - r->started_ms, took);
    printf(ROW, r->id, r->environment, r->version, run_state_name(r->state), clock_show(r->started_ms, at), took);
    if (*r->reason && r->state != RUN_COMMITTED) {
        guard_text reason = {0};
        text_first_line(&reason, r->reason, " ...");
        cli_print_wrapped(4, text_get(&reason));
    }
    return true;
}

static bool add_row(void *user, const store_run *r)
{
    json_array_append_new(user, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "run", r->id,
                                          "pipeline", r->pipeline, "environment", r->environment, "version", r->version,
                                          "previous", r->previous, "commit", r->commit, "state",
                                          run_state_name(r->state), "reason", r->reason, "started_ms",
                                          (json_int_t)r->started_ms, "ended_ms", (json_int_t)r->ended_ms));
    return true;
}

int cli_history(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    if (cli_open_store(args, &s, &err) < 0)
        return cli_fail(err);
    int count = 0;
    json_t *rows = json_array();
    int r = args->json ? store_runs(s, args->environment, args->limit, add_row, rows, &err)
                       : store_runs(s, args->environment, args->limit, print_row, &count, &err);
    if (r == 0 && args->json)
        cli_print_json(rows);
    else if (r == 0 && count == 0)
        r = cli_print_no_runs(s, args->environment, &err);
    json_decref(rows);
    return r < 0 ? cli_fail(err) : EXIT_COMMITTED;
}
