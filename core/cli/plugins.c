#include <stdio.h>

#include "cli/cli.h"

static json_t *describe(const catalog_plugin *p)
{
    json_t *kinds = json_array();
    for (size_t i = 0; i < p->kind_count; i++)
        json_array_append_new(kinds, json_string(p->kinds[i].name));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:o}", "name", p->name, "version", p->version, "doc",
                     p->doc, "path", p->path, "sha256", p->sha256, "license", p->license, "built_minor",
                     (int)p->built_minor, "needs_minor", (int)p->needs_minor, "kinds", kinds);
}

static void print_json(const catalog *c)
{
    json_t *plugins = json_array(), *problems = json_array();
    for (size_t i = 0; i < catalog_plugin_count(c); i++)
        json_array_append_new(plugins, describe(catalog_plugin_at(c, i)));
    for (size_t i = 0; i < catalog_problem_count(c); i++) {
        const catalog_problem *p = catalog_problem_at(c, i);
        json_array_append_new(problems, json_pack("{s:s, s:s, s:s?, s:b}", "path", p->path, "why", p->why, "hint",
                                                  p->hint, "refused", p->refused));
    }
    json_t *document = json_pack("{s:o, s:o}", "plugins", plugins, "problems", problems);
    cli_print_json(document);
    json_decref(document);
}

static void print_text(const catalog *c)
{
    for (size_t i = 0; i < catalog_plugin_count(c); i++) {
        const catalog_plugin *p = catalog_plugin_at(c, i);
        printf("%s %s  %s\n  %s  sha256:%.12s\n ", p->name, p->version, p->doc, p->path, p->sha256);
        for (size_t k = 0; k < p->kind_count; k++)
            printf(" %s", p->kinds[k].name);
        putchar('\n');
    }
    if (catalog_plugin_count(c) == 0)
        puts("No plugins were found. --plugin-dir DIR names a folder to look in.");
}

int cli_plugins(const cli_args *args)
{
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    if (cli_open_catalog(args, &c, &err) < 0) /* also warns about what was refused */
        return cli_fail(err);
    if (args->json)
        print_json(c);
    else
        print_text(c);
    return EXIT_COMMITTED;
}
