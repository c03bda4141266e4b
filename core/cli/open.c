#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/screen.h"

int cli_exit_status(const error *err)
{
    switch (error_get_code(err)) {
    case ERROR_LOCKED: return EXIT_LOCKED;
    case ERROR_REFUSED: return EXIT_REFUSED;
    default: return EXIT_USAGE;
    }
}

int cli_fail(const error *err)
{
    guard_mem char *text = error_text(err);
    fprintf(stderr, "belay: error: %s\n", text);
    if (error_get_hint(err))
        fprintf(stderr, "       %s\n", error_get_hint(err));
    return cli_exit_status(err);
}

/* The caller frees. */
static char *state_folder(const cli_args *args)
{
    return args->state ? mem_dup(args->state) : store_default_folder();
}

int cli_open_store(const cli_args *args, store **ret, error **err)
{
    guard_mem char *folder = state_folder(args);
    return store_open(folder, ret, err);
}

int cli_open_catalog(const cli_args *args, catalog **ret, error **err)
{
    guard_mem char *folder = state_folder(args);
    const catalog_places places = {.folders = args->plugin_dirs.items, .state_folder = folder};
    guard(catalog) c = NULL;
    int r = catalog_open(&places, &c, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < catalog_problem_count(c); i++) {
        const catalog_problem *p = catalog_problem_at(c, i);
        fprintf(stderr, "belay: warning: plugin %s %s: %s\n", p->path, p->refused ? "refused" : "taken with a remark",
                p->why);
        if (p->hint)
            fprintf(stderr, "       %s\n", p->hint);
    }
    *ret = take(c);
    return 0;
}

void cli_print_problems(const pipeline_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        const pipeline_problem *p = &problems->items[i];
        fprintf(stderr, "%s:%u: %s: %s\n", p->where.file, p->where.line, p->warning ? "warning" : "error", p->what);
        if (p->hint)
            fprintf(stderr, "       %s\n", p->hint);
    }
}

int cli_load_pipeline(const cli_args *args, const catalog *c, pipeline **ret, error **err)
{
    const pipeline_source source = {.path = args->words[0], .sets = args->sets.items};
    pipeline_problems problems = {0};
    int r = pipeline_load(&source, c, ret, &problems, err);
    cli_print_problems(&problems);
    pipeline_problems_done(&problems);
    return r;
}

static report_sink choose_view(const cli_args *args)
{
    FILE *out = screen_raw();
    if (args->json)
        return report_json(out);
    if (!args->plain && report_can_live(out))
        return report_live(out, args->verbose, report_can_colour(out));
    return report_plain(out, args->verbose);
}

void cli_engine_init(cli_engine *e, const cli_args *args, store *s)
{
    *e = (cli_engine){.sinks[0] = choose_view(args)};
    e->engine =
        (engine){.store = s, .sinks = e->sinks, .sink_count = 1, .wait_ms = args->wait_ms, .no_wait = args->no_wait};
    if (s && !args->json && !args->no_wait && ask_can())
        e->sinks[e->engine.sink_count++] = ask_sink(s, &e->sinks[0], args->key);
}

void cli_engine_done(cli_engine *e)
{
    for (size_t i = e->engine.sink_count; i > 0; i--)
        if (e->sinks[i - 1].free)
            e->sinks[i - 1].free(e->sinks[i - 1].user);
}

int cli_get_run(const cli_args *args, store *s, store_run *ret, error **err)
{
    return store_run_get(s, args->word_count > 0 ? args->words[0] : "latest", ret, err);
}
