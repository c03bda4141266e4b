#include <stdio.h>

#include "cli/cli.h"

/* Runs that are recorded elsewhere are not seen, nor is their lock. */
static void warn_of_other_folder(const store *s, const pipeline *p)
{
    guard_mem char *other = p->lock ? NULL : store_other_folder(store_folder(s), "/var/lib/belay");
    if (!other)
        return;
    fprintf(
        stderr,
        "belay: warning: runs are also recorded in %s; those and the ones in %s neither see nor lock out each other\n"
        "       deploy with one state folder (--state), or name one lock file for all: pipeline: { lock = \"/path\"; "
        "}\n",
        other, store_folder(s));
}

int cli_run(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    guard(catalog) c = NULL;
    guard(pipeline) p = NULL;
    if (cli_open_store(args, &s, &err) < 0 || cli_open_catalog(args, &c, &err) < 0 ||
        cli_load_pipeline(args, c, &p, &err) < 0)
        return cli_fail(err);

    warn_of_other_folder(s, p);
    int status = EXIT_USAGE;
    cli_engine e;
    cli_engine_init(&e, args, s);
    int r = engine_run(&e.engine, c, p, args->sets.items, &status, &err);
    cli_engine_done(&e);
    return r < 0 ? cli_fail(err) : status;
}
