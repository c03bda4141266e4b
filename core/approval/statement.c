#include "approval/statement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define FIRST_LINE "belay approval: 2\n"

static int add_line(text *all, const char *name, const char *value, error **err)
{
    if (strpbrk(value, "\r\n"))
        return error_set(err, ERROR_USAGE, "%s has more than one line, so it cannot be signed", name);
    text_printf(all, "%s: %s\n", name, value);
    return 0;
}

int statement_write(const statement *s, char **ret, error **err)
{
    char at[CLOCK_TEXT], sequence[24];
    (void)snprintf(sequence, sizeof sequence, "%" PRId64, s->sequence);
    const struct {
        const char *name, *value;
    } lines[] = {
        {"pipeline", s->pipeline},
        {"version", s->version},
        {"previous", s->previous},
        {"commit", s->commit},
        {"environment", s->environment},
        {"run", s->run},
        {"gate", s->gate},
        {"role", s->role},
        {"decision", s->decision},
        {"reason", s->reason},
        {"plan", s->plan},
        {"evidence", s->evidence},
        {"signers", s->signers},
        {"sequence", sequence},
        {"head", s->head},
        {"user", s->user},
        {"at", clock_rfc3339(s->at_ms, at)},
    };
    guard_text all = {0};
    text_puts(&all, FIRST_LINE);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        int r = add_line(&all, lines[i].name, lines[i].value, err);
        if (r < 0)
            return r;
    }
    *ret = text_take(&all);
    return 0;
}

bool statement_is_current(const char *text)
{
    return text_starts(text, FIRST_LINE);
}

/* The line "name: value" that begins here or later; NULL: there is none. */
static const char *find_line(const char *text, const char *name, size_t n)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, name, n) == 0 && strncmp(line + n, ": ", 2) == 0)
            return line;
    return NULL;
}

char *statement_value(const char *text, const char *name)
{
    const size_t n = strlen(name);
    const char *line = find_line(text, name, n);
    return line ? mem_dup_n(line + n + 2, strcspn(line + n + 2, "\n")) : mem_dup("");
}

char *statement_difference(const char *a, const char *b)
{
    guard_text names = {0};
    for (const char *line = a; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        guard_mem char *name = mem_dup_n(line, strcspn(line, ":\n"));
        guard_mem char *one = statement_value(a, name), *other = statement_value(b, name);
        if (strcmp(one, other) != 0)
            text_printf(&names, "%s%s", names.count ? ", " : "", name);
    }
    if (!names.count && strcmp(a, b) != 0)
        text_puts(&names, "its lines");
    return text_take(&names);
}
