#include "say/finding.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say/character.h"

static void put_quoted(FILE *out, const char *text)
{
    for (const char *s = text; *s;) {
        const size_t n = character_length(s);
        if (n == 0 || (unsigned char)*s < ' ' || *s == 0x7f)
            fputc(n == 0 ? '?' : ' ', out);
        else if (*s == '"' || *s == '\\')
            fprintf(out, "\\%c", *s);
        else
            fwrite(s, 1, n, out);
        s += n ? n : 1;
    }
}

void finding(belay_ctx *c, const belay_host *h, int weight, const char *fmt, ...)
{
    char *text = NULL, *line = NULL;
    size_t size = 0;
    va_list ap;
    va_start(ap, fmt);
    const int made = vasprintf(&text, fmt, ap);
    va_end(ap);
    FILE *out = made < 0 ? NULL : open_memstream(&line, &size);
    if (out) {
        fprintf(out, "{\"weight\": %d, \"text\": \"", weight);
        put_quoted(out, text);
        fputs("\"}\n", out);
        if (fclose(out) == 0)
            (void)h->keep(c, "findings.jsonl", line, size);
    }
    free(line);
    if (made >= 0)
        free(text);
}

int finding_failure_says(belay_ctx *c, const belay_host *h, const char *pattern)
{
    regex_t regex;
    const char *summary = h->fact(c, "failure.summary");
    if (!summary || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB | REG_ICASE) != 0)
        return 0;
    const int says = regexec(&regex, summary, 0, NULL, 0) == 0;
    regfree(&regex);
    return says;
}
