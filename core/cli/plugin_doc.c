/* belay plugin doc: the step kinds of a plugin file as Markdown, for its README or as a page, or as a manual page. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/cli.h"
#include "cli/manual.h"
#include "cli/plugin.h"
#include "cli/schema.h"

/* Within a cell '|' would end it. */
static void print_cell(const char *s)
{
    for (; *s; s++)
        printf(*s == '|' ? "\\|" : "%c", *s);
}

/* Code that is NULL leaves its cell empty. */
static void print_code(const char *s)
{
    if (s) {
        printf("`");
        print_cell(s);
        printf("` ");
    }
}

static void print_option(const catalog_option *o)
{
    guard_mem char *type = schema_type(o);
    guard_mem char *example = schema_option_example(o);
    printf("| `%s` | %s", o->name, type);
    for (char **c = o->choices; c && *c; c++)
        printf("%s `%s`", c == o->choices ? ":" : ",", *c);
    printf(" | ");
    print_code(o->def);
    printf("| ");
    print_cell(o->doc);
    printf(" | ");
    print_code(example);
    puts("|");
}

static void print_options(const catalog_kind *k)
{
    puts("\n| option | type | default | what it is | example |\n|---|---|---|---|---|");
    for (size_t i = 0; i < k->option_count; i++)
        print_option(&k->options[i]);
}

static void print_outputs(const catalog_kind *k)
{
    puts("\n| output | type | what it is |\n|---|---|---|");
    for (size_t i = 0; i < k->output_count; i++) {
        printf("| `%s` | %s | ", k->outputs[i].name, schema_type_name(k->outputs[i].type));
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
    char limit[UNITS_TEXT];
    guard_mem char *step = schema_step_example(k);
    printf("## %s\n\n%s %s Time limit of each phase: %s.\n\n    %s\n", k->name, k->doc, schema_nature(k),
           units_show_duration(k->timeout_ms, limit), step);
    if (k->option_count)
        print_options(k);
    if (k->output_count)
        print_outputs(k);
    if (k->metric_count)
        print_metrics(k);
}

static void print_tables(const catalog_plugin *p)
{
    for (size_t i = 0; i < p->kind_count; i++) {
        printf("%s", i ? "\n" : "");
        print_kind(&p->kinds[i]);
    }
}

static void print_page(const catalog_plugin *p)
{
    printf("# %s\n\n%s\n\n", p->name, p->doc);
    puts("Besides these, every step has the options of the pipeline file (`timeout`, `retry`, `ready`, `fail_if` "
         "...).\n\n"
         "| kind | what it does |\n|---|---|");
    for (size_t i = 0; i < p->kind_count; i++) {
        printf("| `%s` | ", p->kinds[i].name);
        print_cell(p->kinds[i].doc);
        puts(" |");
    }
    putchar('\n');
    print_tables(p);
}

static const struct form {
    const char *name;
    void (*print)(const catalog_plugin *p);
} forms[] = {{"md", print_tables}, {"page", print_page}, {"man", manual_print_plugin}};

int cli_plugin_doc(const cli_args *args)
{
    guard(error) err = NULL;
    plugin_file f = {0};
    const struct form *form = NULL;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].name, args->format ? args->format : "md") == 0)
            form = &forms[i];
    int r = form ? 0 : error_set(&err, ERROR_USAGE, "--format is md, page or man, not '%s'", args->format);
    if (r < 0 || plugin_file_open(&f, args->words[0], &err) < 0)
        return cli_fail(err);
    form->print(catalog_plugin_at(f.catalog, 0));
    plugin_file_done(&f);
    return EXIT_COMMITTED;
}
