#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli/ask.h"
#include "cli/cli.h"

/* Scripts are not asked: there nobody could answer. */
static bool confirm(const store_run *run)
{
    char ago[UNITS_TEXT], answer[16] = "";
    const int64_t age = clock_wall_ms() - run->ended_ms;
    fprintf(stderr,
            "Run %s (%s on %s) was committed %s ago. A rollback puts its databases and files back as they were before "
            "it; what was written since is set aside.\nRoll it back? [y/N] ",
            run->id, run->version ? run->version : "?", run->environment, units_show_duration(age > 0 ? age : 0, ago));
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

int cli_rollback(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    if (cli_open_store(args, &s, &err) < 0)
        return cli_fail(err);

    int status = EXIT_USAGE;
    cli_engine e;
    cli_engine_init(&e, args, s);
    if (!args->yes && ask_can())
        e.engine.confirm = confirm;
    int r = engine_rollback(&e.engine, args->words[0], &status, &err);
    cli_engine_done(&e);
    return r < 0 ? cli_fail(err) : status;
}
