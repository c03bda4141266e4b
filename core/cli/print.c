#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

#define LINE_WIDTH 100

void cli_print_json(json_t *document)
{
    guard_mem char *text = json_dumps(document, JSON_INDENT(2));
    puts(text);
}

char *cli_show_time(int64_t ms, char buf[32])
{
    if (ms == 0) {
        snprintf(buf, 32, "-");
        return buf;
    }
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(buf, 32, "%Y-%m-%d %H:%M:%S UTC", &tm);
    return buf;
}

void cli_print_wrapped(int indent, const char *text)
{
    int column = 0;
    for (const char *word = text + strspn(text, " "); *word; word += strspn(word, " ")) {
        int length = (int)strcspn(word, " ");
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

const char *cli_type_name(uint32_t type)
{
    static const char *const names[] = {"?", "text", "integer", "bool", "duration", "size", "enum", "path", "list"};
    return type < sizeof names / sizeof *names ? names[type] : "?";
}
