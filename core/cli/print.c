#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define LINE_WIDTH 100

void cli_print_json(json_t *document)
{
    guard_mem char *text = json_dumps(document, JSON_INDENT(2));
    puts(text);
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
