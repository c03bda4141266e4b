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

int cli_resume(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    engine_assume assume = ASSUME_NOTHING;
    if (parse_assume(args->assume, &assume, &err) < 0 || cli_open_store(args, &s, &err) < 0)
        return cli_fail(err);

    int status = EXIT_USAGE;
    cli_engine e;
    cli_engine_init(&e, args, s);
    int r = engine_resume(&e.engine, args->words[0], assume, &status, &err);
    cli_engine_done(&e);
    return r < 0 ? cli_fail(err) : status;
}
