/* The splitter of the postgres plugin takes any bytes: it never reads past them, and loses and invents nothing. */

#include "splitter.h"
#include "fuzz.h"

/* What is sent stands in the file, in the same order; only blanks, comments and the backslash of "\;" are left out. */
static const char *find_all(const char *at, const char *end, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        at = memchr(at, text[i], (size_t)(end - at));
        MUST(at != NULL);
        at++;
    }
    return at;
}

static void check_lines(const sql_statement *st, unsigned *last)
{
    size_t newlines = 0;
    for (size_t i = 0; i < st->length; i++)
        newlines += st->text[i] == '\n';
    MUST(st->line_count >= newlines + 1);
    for (size_t i = 1; i < st->line_count; i++)
        MUST(st->lines[i] > st->lines[i - 1]);
    MUST(st->lines[0] >= *last);
    *last = st->lines[0];
    MUST(sql_statement_line(st, st->length) >= st->lines[0]);
}

static void check(const char *source, size_t size, bool standard_strings)
{
    guard(sql_script) script = sql_split(source, size, standard_strings);
    const char *at = source;
    unsigned last = 1;
    for (size_t i = 0; i < script->count; i++) {
        const sql_statement *st = &script->items[i];
        MUST(st->length > 0 && strlen(st->text) == st->length);
        MUST(!st->data == !(st->traits.flags & SQL_COPY_IN));
        check_lines(st, &last);
        if (st->data) /* its data may lie within the next statement's text */
            return;
        at = find_all(at, source + size, st->text, st->length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check((const char *)data, size, true);
    check((const char *)data, size, false);
    return 0;
}
