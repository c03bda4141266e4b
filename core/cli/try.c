#include <stdlib.h>
#include <string.h>
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

/* word: FILE#STEP. */
static int load_step_of_file(const cli_args *args, const catalog *c, const char *word, pipeline **ret, error **err)
{
    const char *mark = strrchr(word, '#');
    guard_mem char *path = mem_dup_n(word, (size_t)(mark - word));
    const pipeline_source source = {.path = path, .sets = args->sets.items};
    pipeline_problems problems = {0};
    int r = pipeline_of_file_step(&source, c, mark + 1, ret, &problems, err);
    if (r < 0) /* warnings of a good file are about its other steps, too */
        cli_print_problems(&problems);
    pipeline_problems_done(&problems);
    return r;
}

static int load(const cli_args *args, const catalog *c, pipeline **ret, error **err)
{
    const char *word = args->words[0];
    if (!strchr(word, '#') && !catalog_kind_find(c, word) && access(word, F_OK) == 0) {
        (void)error_set(err, ERROR_USAGE, "'%s' is a file: which step of it shall be tried?", word);
        return error_hint(err, "name it: belay try %s#STEP", word);
    }
    return strchr(word, '#') ? load_step_of_file(args, c, word, ret, err) : cli_load_step(args, c, word, ret, err);
}

int cli_try_step(const cli_args *args, const catalog *c, const pipeline *p, store *s, int *ret_status, error **err)
{
    cli_engine e;
    cli_engine_init(&e, args, s);
    const engine_trial trial = {.undo = args->undo, .since_ms = args->since_ms};
    int r = engine_try(&e.engine, c, p, &trial, ret_status, err);
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
    if (cli_open_store(args, &s, &err) < 0 || cli_open_catalog(args, &c, &err) < 0 || load(args, c, &p, &err) < 0 ||
        cli_try_step(args, c, p, s, &status, &err) < 0)
        return cli_fail(err);
    return status;
}
