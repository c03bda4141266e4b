/* belay plugin try: like `belay try`, with the one plugin file, and all that there is to see. */
#include <belay/plugin.h>

#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/plugin.h"

static bool is_secret(const catalog_kind *k, const char *name)
{
    const catalog_option *o = catalog_option_find(k, name);
    return o && o->flags & BELAY_F_SECRET;
}

static void print_options(const pipeline_step *s)
{
    const char *name;
    json_t *value;
    puts("options");
    json_object_foreach(s->options, name, value) {
        guard_mem char *shown =
            is_secret(s->kind, name) ? mem_dup(REDACT_MASK) : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        printf("  %s = %s\n", name, shown);
    }
    putchar('\n');
    fflush(stdout);
}

static int try_file(const cli_args *args, const plugin_file *f, int *ret_status, error **err)
{
    guard(pipeline) p = NULL;
    guard_mem char *kind = NULL;
    int r = plugin_file_kind(f, args->words[1], &kind, err);
    if (r == 0)
        r = cli_load_step(args, f->catalog, kind, &p, err);
    if (r < 0)
        return r;
    if (!args->json)
        print_options(&p->steps[0]);
    cli_args watching = *args;
    watching.verbose = watching.plain = true;
    return cli_try_step(&watching, f->catalog, p, NULL, ret_status, err);
}

int cli_plugin_try(const cli_args *args)
{
    guard(error) err = NULL;
    plugin_file f = {0};
    int status = EXIT_USAGE;
    int r = plugin_file_open(&f, args->words[0], &err);
    if (r == 0)
        r = try_file(args, &f, &status, &err);
    plugin_file_done(&f);
    return r < 0 ? cli_fail(err) : status;
}
