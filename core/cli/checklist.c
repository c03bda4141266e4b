#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "checklist/checklist.h"
#include "cli/cli.h"

static void as_json(text *out, const json_t *filled)
{
    guard_mem char *document = json_dumps(filled, JSON_INDENT(2));
    clean_json(out, document);
    text_puts(out, "\n");
}

static const struct {
    const char *name;
    void (*print)(text *out, const json_t *filled);
} formats[] = {{"md", checklist_markdown}, {"html", checklist_html}, {"json", as_json}};

int cli_checklist(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    store_run run = {0};
    const char *format = args->format ? args->format : "md";
    size_t i = 0;
    while (i < sizeof formats / sizeof *formats && strcmp(formats[i].name, format) != 0)
        i++;
    if (i == sizeof formats / sizeof *formats) {
        (void)error_set(&err, ERROR_USAGE, "--format takes md, html or json, not '%s'", format);
        return cli_fail(err);
    }
    if (cli_open_store(args, &s, &err) < 0 || cli_get_run(args, s, &run, &err) < 0)
        return cli_fail(err);
    json_t *filled = NULL;
    int r = checklist_gather(s, &run, &filled, &err);
    if (r == 0) {
        guard_text document = {0};
        formats[i].print(&document, filled);
        fputs(text_get(&document), stdout);
    }
    json_decref(filled);
    store_run_done(&run);
    return r < 0 ? cli_fail(err) : EXIT_COMMITTED;
}
