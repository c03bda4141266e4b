#include <stdio.h>

#include "bundle/bundle.h"
#include "cli/cli.h"

/* What the steps wrote was masked when it was written; so a secret that is gone since is no reason to refuse. */
static int gather_secrets(store *s, const store_run *run, redactor *into, error **err)
{
    guard_mem char *why = NULL;
    const engine e = {.store = s};
    int r = engine_secrets(&e, run, into, &why, err);
    if (r < 0) {
        (void)error_wrap(err, "the secrets of run %s cannot be worked out, so they cannot be masked", run->id);
        return r;
    }
    if (why)
        fprintf(stderr, "belay: warning: a secret is masked only where the run itself has masked it: %s\n", why);
    return 0;
}

int cli_bundle(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    guard(redactor) secrets = redactor_new();
    store_run run = {0};
    size_t files = 0;
    if (cli_open_store(args, &s, &err) < 0 || cli_get_run(args, s, &run, &err) < 0)
        return cli_fail(err);
    guard_mem char *path = args->output ? mem_dup(args->output) : mem_printf("belay-%s.tar.zst", run.id);
    int r = gather_secrets(s, &run, secrets, &err);
    if (r == 0)
        r = bundle_write(s, &run, secrets, path, &files, &err);
    if (r == 0)
        printf("%s: %zu files of run %s, which is %s.\n", path, files, run.id, run_state_name(run.state));
    store_run_done(&run);
    return r < 0 ? cli_fail(err) : EXIT_COMMITTED;
}
