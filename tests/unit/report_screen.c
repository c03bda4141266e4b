#include "report_screen.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

screen *screen_new(size_t columns, size_t rows)
{
    screen *s = mem_new(screen);
    s->columns = columns;
    s->rows = rows;
    return s;
}

static void clear(screen *s, size_t line, size_t from)
{
    for (size_t i = from; i < SCREEN_COLUMNS_MAX; i++) {
        free(s->cells[line][i]);
        s->cells[line][i] = NULL;
    }
}

void screen_free(screen *s)
{
    for (size_t i = 0; i < SCREEN_LINES_MAX; i++)
        clear(s, i, 0);
    free(s->unknown);
    free(s);
}

static void new_line(screen *s)
{
    if (s->line + 1 < SCREEN_LINES_MAX)
        s->line++;
    if (s->line >= s->top + s->rows)
        s->top = s->line - s->rows + 1;
}

static void put(screen *s, const char *character, size_t n)
{
    if (s->column >= s->columns) {
        s->overflowed = true;
        return;
    }
    free(s->cells[s->line][s->column]);
    s->cells[s->line][s->column++] = mem_dup_n(character, n);
}

/* A sequence: its parameter bytes and its final byte. */
static void control(screen *s, const char *parameters, char final)
{
    size_t n = (size_t)strtoul(parameters, NULL, 10);
    switch (final) {
    case 'm': break;
    case 'A': s->line = s->line - s->top > (n ? n : 1) ? s->line - (n ? n : 1) : s->top; break;
    case 'B': s->line = s->line + n < s->top + s->rows ? s->line + n : s->top + s->rows - 1; break;
    case 'K': clear(s, s->line, s->column); break;
    case 'J':
        clear(s, s->line, s->column);
        for (size_t i = s->line + 1; i < SCREEN_LINES_MAX; i++)
            clear(s, i, 0);
        break;
    case 'l':
    case 'h': s->hidden = final == 'l'; break;
    default: free(s->unknown); s->unknown = mem_printf("%s%c", parameters, final);
    }
}

void screen_write(screen *s, const char *bytes)
{
    while (*bytes) {
        size_t n = 1;
        if (*bytes == '\n') {
            new_line(s);
        } else if (*bytes == '\r') {
            s->column = 0;
        } else if (bytes[0] == '\033' && bytes[1] == '[') {
            size_t length = strspn(bytes + 2, "0123456789;?");
            guard_mem char *parameters = mem_dup_n(bytes + 2, length);
            control(s, parameters, bytes[2 + length]);
            n = 3 + length;
        } else {
            while (((unsigned char)bytes[n] & 0xc0) == 0x80)
                n++;
            put(s, bytes, n);
        }
        bytes += n;
    }
}

char *screen_text(const screen *s)
{
    text all = {0};
    size_t last = 0;
    for (size_t line = 0; line < SCREEN_LINES_MAX; line++)
        for (size_t i = 0; i < s->columns; i++)
            if (s->cells[line][i])
                last = line + 1;
    for (size_t line = 0; line < last; line++) {
        guard_text one = {0};
        size_t end = 0;
        for (size_t i = 0; i < s->columns; i++) {
            text_puts(&one, s->cells[line][i] ? s->cells[line][i] : " ");
            if (s->cells[line][i] && strcmp(s->cells[line][i], " ") != 0)
                end = one.count;
        }
        text_add(&all, text_get(&one), end);
        text_puts(&all, "\n");
    }
    return text_take(&all);
}
