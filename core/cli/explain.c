#include <belay/plugin.h>

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/cli.h"
#include "cli/schema.h"

static void print_choices(const catalog_option *o)
{
    printf("      one of:");
    for (char **c = o->choices; c && *c; c++)
        printf(" %s", *c);
    putchar('\n');
}

static void print_option(const catalog_option *o)
{
    guard_mem char *type = schema_type(o);
    guard_mem char *example = schema_option_example(o);
    printf("  %s (%s)%s%s\n", o->name, type, o->def ? "  default: " : "", o->def ? o->def : "");
    cli_print_wrapped(6, o->doc);
    if (o->type == BELAY_T_ENUM)
        print_choices(o);
    if (example)
        printf("      example: %s\n", example);
}

static void print_metric(const catalog_metric *m)
{
    printf("  %s%s%s%s\n", m->name, *m->unit ? " (" : "", m->unit, *m->unit ? ")" : "");
    cli_print_wrapped(6, m->doc);
    if (m->warn)
        printf("      warns if %s\n", m->warn);
    if (m->fail)
        printf("      fails if %s\n", m->fail);
}

static void print_how(const catalog_kind *k)
{
    char limit[UNITS_TEXT];
    printf("%s\nTime limit of each phase unless `timeout` says otherwise: %s.\n", schema_nature(k),
           units_show_duration(k->timeout_ms, limit));
}

static void print_step(const catalog_kind *k)
{
    guard_mem char *step = schema_step_example(k);
    printf("\nIn a pipeline file, with what is required\n  %s\n", step);
}

static void explain_kind(const catalog_kind *k)
{
    printf("%s: %s\n", k->name, k->doc);
    print_how(k);
    print_step(k);
    if (k->option_count)
        puts("\nOptions; those that every step has (timeout, retry, ready ...) are in belay-pipeline(5)");
    for (size_t i = 0; i < k->option_count; i++)
        print_option(&k->options[i]);
    if (k->output_count)
        printf("\nOutputs, for later steps as ${steps.ID.NAME}\n");
    for (size_t i = 0; i < k->output_count; i++) {
        printf("  %s (%s)\n", k->outputs[i].name, schema_type_name(k->outputs[i].type));
        cli_print_wrapped(6, k->outputs[i].doc);
    }
    if (k->metric_count)
        printf("\nMeasurements, for fail_if and warn_if\n");
    for (size_t i = 0; i < k->metric_count; i++)
        print_metric(&k->metrics[i]);
}

static json_t *option_json(const catalog_option *o)
{
    json_t *choices = json_array();
    for (char **c = o->choices; c && *c; c++)
        json_array_append_new(choices, json_string(*c));
    json_t *all =
        json_pack("{s:s, s:s, s:b, s:b, s:s?, s:s, s:s?, s:o}", "name", o->name, "type", schema_type_name(o->type),
                  "required", (o->flags & BELAY_F_REQUIRED) != 0, "secret", (o->flags & BELAY_F_SECRET) != 0, "default",
                  o->def, "doc", o->doc, "example", o->example, "choices", choices);
    if (o->min < o->max) {
        json_object_set_new(all, "min", json_integer(o->min));
        json_object_set_new(all, "max", json_integer(o->max));
    }
    return all;
}

static json_t *kind_json(const catalog_kind *k)
{
    json_t *options = json_array(), *outputs = json_array(), *metrics = json_array();
    for (size_t i = 0; i < k->option_count; i++)
        json_array_append_new(options, option_json(&k->options[i]));
    for (size_t i = 0; i < k->output_count; i++)
        json_array_append_new(outputs, json_pack("{s:s, s:s}", "name", k->outputs[i].name, "doc", k->outputs[i].doc));
    for (size_t i = 0; i < k->metric_count; i++)
        json_array_append_new(metrics, json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "name", k->metrics[i].name, "unit",
                                                 k->metrics[i].unit, "doc", k->metrics[i].doc, "warn",
                                                 k->metrics[i].warn, "fail", k->metrics[i].fail));
    return json_pack("{s:s, s:s, s:b, s:b, s:o, s:o, s:o}", "kind", k->name, "doc", k->doc, "read_only",
                     (k->flags & BELAY_S_READ_ONLY) != 0, "irreversible", (k->flags & BELAY_S_IRREVERSIBLE) != 0,
                     "options", options, "outputs", outputs, "metrics", metrics);
}

/* Of one plugin, or of all when plugin is NULL; false when there is none of that name. */
static bool list_kinds(const catalog *c, const char *plugin, bool as_json)
{
    bool found = !plugin;
    json_t *all = json_array();
    for (size_t i = 0; i < catalog_plugin_count(c); i++) {
        const catalog_plugin *p = catalog_plugin_at(c, i);
        if (plugin && strcmp(plugin, p->name) != 0)
            continue;
        found = true;
        if (!as_json)
            printf("%s  %s\n", p->name, p->doc);
        for (size_t k = 0; k < p->kind_count; k++) {
            if (as_json)
                json_array_append_new(all, kind_json(&p->kinds[k]));
            else
                printf("  %-24s %s\n", p->kinds[k].name, p->kinds[k].doc);
        }
    }
    if (as_json && found)
        cli_print_json(all);
    json_decref(all);
    return found;
}

static int explain_one(const catalog *c, const char *name, bool as_json)
{
    guard(error) err = NULL;
    const catalog_kind *k = catalog_kind_find(c, name);
    if (!k && list_kinds(c, name, as_json))
        return EXIT_COMMITTED;
    if (!k) {
        const char *near = catalog_kind_nearest(c, name);
        (void)error_set(&err, ERROR_NOT_FOUND, "there is no step kind '%s'", name);
        (void)(near ? error_hint(&err, "did you mean '%s'?", near)
                    : error_hint(&err, "'belay explain' lists the kinds, 'belay plugins' the plugins"));
        return cli_fail(err);
    }
    if (as_json) {
        json_t *document = kind_json(k);
        cli_print_json(document);
        json_decref(document);
    } else {
        explain_kind(k);
    }
    return EXIT_COMMITTED;
}

int cli_explain(const cli_args *args)
{
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    if (cli_open_catalog(args, &c, &err) < 0)
        return cli_fail(err);
    if (args->word_count > 0)
        return explain_one(c, args->words[0], args->json);
    (void)list_kinds(c, NULL, args->json);
    return EXIT_COMMITTED;
}
