#include "masked.h"

#include <ctype.h>
#include <string.h>

#include "buf.h"
#include "lexer.h"

static bool is_number(const sql_token *t)
{
    unsigned char first = (unsigned char)t->text[0];
    return t->kind == SQL_OTHER && (isdigit(first) || (first == '.' && t->length > 1));
}

/* Cuts after width bytes, but not within a character. */
static void cut(buf *b, size_t width)
{
    if (b->length <= width)
        return;
    while (width > 0 && ((unsigned char)b->text[width] & 0xc0) == 0x80)
        width--;
    b->length = width;
    b->text[width] = '\0';
    buf_puts(b, "...");
}

char *masked_sql(const char *sql, bool standard_strings, size_t width)
{
    sql_lexer lexer = {.at = sql, .end = sql + strlen(sql), .standard_strings = standard_strings};
    buf out = {0};
    bool space = false;
    sql_token t;
    for (sql_lexer_next(&lexer, &t); t.kind != SQL_END && out.length <= width; sql_lexer_next(&lexer, &t)) {
        if (t.kind == SQL_SPACE || t.kind == SQL_NEWLINE || t.kind == SQL_COMMENT) {
            space = out.length > 0;
            continue;
        }
        if (space)
            buf_putc(&out, ' ');
        space = false;
        if (t.kind == SQL_STRING)
            buf_puts(&out, "'...'");
        else if (is_number(&t))
            buf_putc(&out, '?');
        else
            buf_add(&out, t.text, t.length);
    }
    cut(&out, width);
    return buf_take(&out);
}
