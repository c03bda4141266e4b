#include "cli/manual.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/schema.h"

/* Text in which nothing marks anything. Headings take none of these marks, and no escapes either. */
static void put(const char *s)
{
    for (; s && *s; s++)
        printf(strchr("\\*_`#<>[]~", *s) ? "\\%c" : "%c", *s);
}

/* One paragraph of an entry below its term. */
static void put_indented(const char *s)
{
    putchar('\t');
    put(s);
    puts("\n");
}

static void put_literal(const char *s)
{
    printf("\t```\n\t%s\n\t```\n\n", s);
}

/* ---- belay(1) ------------------------------------------------------------------------------------------------------
 */

static void print_option(const cli_option_row *o)
{
    printf("*--%s*", o->name);
    if (o->value) {
        printf(" _");
        put(o->value);
        putchar('_');
    }
    putchar('\n');
    put_indented(o->help);
}

static void print_command(const cli_command *c)
{
    printf("## belay %s%s%s\n\n", c->name, *c->words ? " " : "", c->words);
    put(c->summary);
    puts(".\n");
    if (c->more) {
        put(c->more);
        puts("\n");
    }
    bool any = false;
    for (int id = 0; id < CLI_OPTION_COUNT; id++) {
        if (!((c->options >> id) & 1u))
            continue;
        printf("%s*--%s*", any ? ", " : "Options: ", cli_option_rows[id].name);
        any = true;
    }
    printf(any ? ".\n\n" : "");
    printf("```\n%s\n```\n\n", c->example);
}

static void print_environment(void)
{
    static const struct {
        const char *name, *what;
    } all[] = {
        {"BELAY_STATE_DIR", "The folder in which runs are recorded, where --state does not name one."},
        {"BELAY_PLUGIN_PATH", "Folders to look for plugins in, with ':' between them; not read for root."},
        {"BELAY_SHOW_ROWS",
         "1: contents of database rows in error details (\"Failing row contains ...\") are kept, not masked."},
        {"NO_COLOR", "When set, nothing is coloured."},
        {"TMPDIR", "Where the private work folder of each step is made, if it is an absolute path; else in /tmp."},
    };
    puts("# ENVIRONMENT\n");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        putchar('*');
        put(all[i].name);
        puts("*");
        put_indented(all[i].what);
    }
}

static void print_exit_status(void)
{
    static const struct {
        int status;
        const char *what;
    } all[] = {
        {EXIT_COMMITTED, "Committed; of other commands: good."},
        {EXIT_USAGE, "The command line, the pipeline file or a plugin file is wrong; nothing was begun."},
        {EXIT_REFUSED, "Refused before anything was touched."},
        {EXIT_WAITING, "Waits for people or a time, and was left there by --no-wait."},
        {EXIT_LOCKED, "Another run of the environment is live, or a dead one left programs running."},
        {EXIT_ROLLED_BACK, "Failed or cancelled; rolled back, and the previous version is proved."},
        {EXIT_PERSON, "Needs a person; the commands to go on were printed."},
    };
    puts("# EXIT STATUS\n");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        printf("*%d*\n", all[i].status);
        put_indented(all[i].what);
    }
}

void manual_print_commands(const cli_command *commands, size_t count)
{
    puts(
        "belay(1) \"Belay\" \"Belay\"\n\n# NAME\n\n"
        "belay - deploys a release as one transaction, and takes it back when it fails\n\n"
        "# SYNOPSIS\n\n*belay* _COMMAND_ \\[_ARGUMENTS_\\] \\[_OPTIONS_\\]\n\n# DESCRIPTION\n\n"
        "A pipeline file, belay-pipeline(5), says what to back up, build, migrate, start and check; each step is a\n"
        "plugin's work. Every step is prepared before any is executed, and what undoes a change is on disk before the\n"
        "change. When a step fails, a person cancels or the machine dies, everything is taken back in reverse order, "
        "and\n"
        "the previous version is brought up and proved.\n\n"
        "*belay explain* lists the step kinds that are installed; those that come with Belay have pages of their "
        "own.\n\n"
        "# COMMANDS\n");
    for (size_t i = 0; i < count; i++)
        print_command(&commands[i]);
    puts("# OPTIONS\n\nAll commands take *--help*, *--state* and *--plugin-dir*. A value may stand in the same word:\n"
         "*--set*=_NAME=VALUE_. What follows *--* is no option.\n");
    for (int id = 0; id < CLI_OPTION_COUNT; id++)
        print_option(&cli_option_rows[id]);
    print_exit_status();
    print_environment();
    puts("# SEE ALSO\n\nbelay-pipeline(5), belay-plugin(7)");
}

/* ---- belay-NAME(7) -------------------------------------------------------------------------------------------------
 */

static void print_schema_option(const catalog_option *o)
{
    guard_mem char *type = schema_type(o);
    guard_mem char *example = schema_option_example(o);
    putchar('*');
    put(o->name);
    printf("* (%s)\n\t", type);
    put(o->doc);
    for (char **c = o->choices; c && *c; c++) {
        printf(c == o->choices ? " One of: " : ", ");
        put(*c);
    }
    printf(o->choices ? "." : "");
    if (o->def) {
        printf(" Default: ");
        put(o->def);
        putchar('.');
    }
    puts("\n");
    if (example)
        put_literal(example);
}

static void print_outputs(const catalog_kind *k)
{
    if (k->output_count)
        puts("Outputs, for later steps as ${steps.ID.NAME}:\n");
    for (size_t i = 0; i < k->output_count; i++) {
        putchar('*');
        put(k->outputs[i].name);
        printf("* (%s)\n", schema_type_name(k->outputs[i].type));
        put_indented(k->outputs[i].doc);
    }
}

static void print_metrics(const catalog_kind *k)
{
    if (k->metric_count)
        puts("Measurements, for fail\\_if and warn\\_if:\n");
    for (size_t i = 0; i < k->metric_count; i++) {
        const catalog_metric *m = &k->metrics[i];
        putchar('*');
        put(m->name);
        printf("*%s%s%s\n\t", *m->unit ? " (" : "", m->unit, *m->unit ? ")" : "");
        put(m->doc);
        printf(m->warn ? " Warns if " : "");
        put(m->warn);
        printf(m->warn ? "." : "");
        printf(m->fail ? " Fails if " : "");
        put(m->fail);
        puts(m->fail ? ".\n" : "\n");
    }
}

static void print_kind(const catalog_kind *k)
{
    char limit[UNITS_TEXT];
    guard_mem char *step = schema_step_example(k);
    printf("# %s\n\n", k->name);
    put(k->doc);
    putchar(' ');
    put(schema_nature(k));
    printf(" Time limit of each phase: %s.\n\n```\n%s\n```\n\n", units_show_duration(k->timeout_ms, limit), step);
    for (size_t i = 0; i < k->option_count; i++)
        print_schema_option(&k->options[i]);
    print_outputs(k);
    print_metrics(k);
}

void manual_print_plugin(const catalog_plugin *p)
{
    printf("belay-%s(7) \"Belay\" \"Belay's step kinds\"\n\n# NAME\n\nbelay-%s - ", p->name, p->name);
    /* A name's line ends without a full stop. */
    guard_mem char *doc = mem_dup(p->doc);
    size_t n = strlen(doc);
    if (n && doc[n - 1] == '.')
        doc[n - 1] = '\0';
    put(doc);
    puts(
        "\n\n# DESCRIPTION\n\nStep kinds for a pipeline file, belay-pipeline(5), which also describes the options that "
        "every step\nhas (timeout, retry, ready and others) and the thresholds for what a step measures.\n");
    for (size_t i = 0; i < p->kind_count; i++)
        print_kind(&p->kinds[i]);
    puts("# SEE ALSO\n\nbelay(1), belay-pipeline(5)");
}
