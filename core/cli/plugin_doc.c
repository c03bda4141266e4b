/* belay plugin doc: the step kinds of a plugin file as Markdown, for its README. */
#include <belay/plugin.h>

#include <stdio.h>

#include "cli/cli.h"
#include "cli/plugin.h"

/* Within a cell '|' would end it. */
static void print_cell(const char *s)
{
    for (; *s; s++)
        printf(*s == '|' ? "\\|" : "%c", *s);
}

static void print_options(const catalog_kind *k)
{
    puts("\n| option | type | default | what it is |\n|---|---|---|---|");
    for (size_t i = 0; i < k->option_count; i++) {
        const catalog_option *o = &k->options[i];
        printf("| `%s` | %s%s%s%s", o->name, cli_type_name(o->type), o->flags & BELAY_F_REQUIRED ? ", required" : "",
               o->flags & BELAY_F_SECRET ? ", secret" : "", o->flags & BELAY_F_DEPRECATED ? ", deprecated" : "");
        for (char **c = o->choices; c && *c; c++)
            printf("%s `%s`", c == o->choices ? ":" : ",", *c);
        printf(o->def ? " | `%s` | " : " | | ", o->def);
        print_cell(o->doc);
        puts(" |");
    }
}

static void print_outputs(const catalog_kind *k)
{
    puts("\n| output | type | what it is |\n|---|---|---|");
    for (size_t i = 0; i < k->output_count; i++) {
        printf("| `%s` | %s | ", k->outputs[i].name, cli_type_name(k->outputs[i].type));
        print_cell(k->outputs[i].doc);
        puts(" |");
    }
}

static void print_metrics(const catalog_kind *k)
{
    puts("\n| measurement | unit | warns if | fails if | what it is |\n|---|---|---|---|---|");
    for (size_t i = 0; i < k->metric_count; i++) {
        const catalog_metric *m = &k->metrics[i];
        printf("| `%s` |%s%s | %s%s| %s%s| ", m->name, *m->unit ? " " : "", m->unit, m->warn ? m->warn : "",
               m->warn ? " " : "", m->fail ? m->fail : "", m->fail ? " " : "");
        print_cell(m->doc);
        puts(" |");
    }
}

static void print_kind(const catalog_kind *k)
{
    printf("## %s\n\n%s %s\n", k->name, k->doc,
           k->flags & BELAY_S_READ_ONLY      ? "A check: it changes nothing."
           : k->flags & BELAY_S_IRREVERSIBLE ? "A change that cannot be undone."
                                             : "A change; undone by its rollback.");
    if (k->option_count)
        print_options(k);
    if (k->output_count)
        print_outputs(k);
    if (k->metric_count)
        print_metrics(k);
}

int cli_plugin_doc(const cli_args *args)
{
    guard(error) err = NULL;
    plugin_file f = {0};
    if (plugin_file_open(&f, args->words[0], &err) < 0)
        return cli_fail(err);
    const catalog_plugin *p = catalog_plugin_at(f.catalog, 0);
    for (size_t i = 0; i < p->kind_count; i++) {
        printf("%s", i ? "\n" : "");
        print_kind(&p->kinds[i]);
    }
    plugin_file_done(&f);
    return EXIT_COMMITTED;
}
