#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "cli/cli.h"

#define LINE_WIDTH 100

void cli_print_json(json_t *document)
{
    guard_mem char *dumped = json_dumps(document, JSON_INDENT(2));
    guard_text clean = {0};
    clean_json(&clean, dumped);
    puts(text_get(&clean));
}

static void print_wrapped_line(int indent, const char *text)
{
    int column = 0;
    for (const char *word = text + strspn(text, " "); *word && *word != '\n'; word += strspn(word, " ")) {
        int length = (int)strcspn(word, " \n");
        if (column > indent && column + 1 + length > LINE_WIDTH) {
            putchar('\n');
            column = 0;
        }
        if (column == 0)
            column = printf("%*s%.*s", indent, "", length, word);
        else
            column += printf(" %.*s", length, word);
        word += length;
    }
    putchar('\n');
}

void cli_print_wrapped(int indent, const char *text)
{
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        print_wrapped_line(indent, line);
}

int cli_print_no_runs(store *s, const char *environment, error **err)
{
    json_t *names = NULL;
    guard_text list = {0};
    size_t i;
    const json_t *name;
    int r = store_environments(s, &names, err);
    json_array_foreach(names, i, name)
        text_printf(&list, "%s%s", i ? ", " : "", json_string_value(name));
    json_decref(names);
    if (r == 0 && environment && list.count)
        printf("No runs of '%s' are recorded; there are runs of %s.\n", environment, text_get(&list));
    else if (r == 0)
        puts("No runs are recorded yet.");
    return r;
}
