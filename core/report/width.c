#include "report/width.h"

#include <stdint.h>
#include <string.h>

#include "base/clean.h"
#include "base/mem.h"

typedef struct range {
    uint32_t first, last;
} range;

/* Combining marks and other characters that take no column of their own. */
static const range zero_width[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x064b, 0x065f},   {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d},   {0x20d0, 0x20ff},
    {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

/* East Asian Wide and Fullwidth, and emoji (Unicode Standard Annex 11). */
static const range double_width[] = {
    {0x1100, 0x115f}, {0x231a, 0x231b}, {0x23e9, 0x23ec},   {0x2614, 0x2615},   {0x26a1, 0x26a1},   {0x2705, 0x2705},
    {0x274c, 0x274c}, {0x2753, 0x2757}, {0x2795, 0x2797},   {0x2b50, 0x2b50},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
    {0x3400, 0x4dbf}, {0x4e00, 0xa4cf}, {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

#define CONTAINS(table, c) contains(table, sizeof(table) / sizeof *(table), c)

static bool contains(const range *table, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= table[i].first && c <= table[i].last)
            return true;
    return false;
}

static size_t columns_of(uint32_t c)
{
    if (c < 0x300)
        return 1;
    return CONTAINS(zero_width, c) ? 0 : CONTAINS(double_width, c) ? 2 : 1;
}

/* Bytes of the colour sequence that s begins with, or 0. */
static size_t colour_length(const char *s)
{
    if (s[0] != '\033' || s[1] != '[')
        return 0;
    size_t n = 2 + strspn(s + 2, "0123456789;");
    return s[n] == 'm' ? n + 1 : 0;
}

/* The next piece of s: its bytes, and its columns. */
static size_t next_piece(const char *s, size_t *columns)
{
    size_t n = colour_length(s);
    *columns = 0;
    if (n)
        return n;
    uint32_t c = 0;
    n = clean_decode(s, &c);
    *columns = columns_of(c);
    return n;
}

size_t width_of(const char *s)
{
    size_t all = 0, columns = 0;
    for (; *s; all += columns)
        s += next_piece(s, &columns);
    return all;
}

void width_clean(text *out, const char *s, bool unicode)
{
    while (*s) {
        uint32_t c = 0;
        size_t n = clean_decode(s, &c);
        if (c == '\t' || c == '\n' || c == '\r')
            text_puts(out, " ");
        else if (clean_is_unsafe(c) || c == 0xfffd || (c > 0x7e && !unicode))
            text_puts(out, "?");
        else
            text_add(out, s, n);
        s += n;
    }
}

void width_cut(text *out, const char *s, size_t columns, bool unicode)
{
    if (width_of(s) <= columns) {
        text_puts(out, s);
        return;
    }
    if (columns == 0)
        return;
    size_t used = 0, wide = 0;
    bool coloured = false;
    for (size_t n; *s; s += n) {
        n = next_piece(s, &wide);
        if (used + wide > columns - 1)
            break;
        coloured |= colour_length(s) > 0;
        text_add(out, s, n);
        used += wide;
    }
    text_puts(out, unicode ? "\u2026" : "~");
    if (coloured)
        text_puts(out, "\033[0m");
}

void width_pad(text *out, const char *s, size_t columns, bool unicode)
{
    width_cut(out, s, columns, unicode);
    for (size_t used = width_of(s); used < columns; used++)
        text_puts(out, " ");
}

static void new_line(text *out, size_t indent)
{
    text_puts(out, "\n");
    for (size_t i = 0; i < indent; i++)
        text_puts(out, " ");
}

/* Appends a word of n bytes that is wider than a line, broken where a line is full; gives the last line's columns. */
static size_t break_word(text *out, const char *word, size_t n, size_t used, size_t columns, size_t indent)
{
    for (const char *end = word + n; word < end;) {
        size_t wide = 0, length = next_piece(word, &wide);
        if (used + wide > columns) {
            new_line(out, indent);
            used = indent;
        }
        text_add(out, word, length);
        used += wide;
        word += length;
    }
    return used;
}

void width_wrap(text *out, const char *s, size_t columns, size_t indent)
{
    if (columns == 0 || columns < indent + 8) { /* no room to break sensibly */
        text_puts(out, s);
        return;
    }
    size_t used = indent;
    for (s += strspn(s, " "); *s; s += strspn(s, " ")) {
        size_t n = strcspn(s, " ");
        guard_mem char *word = mem_dup_n(s, n);
        size_t wide = width_of(word);
        bool first = used == indent;
        if (!first && used + 1 + wide > columns) {
            new_line(out, indent);
            used = indent;
            first = true;
        }
        if (!first)
            text_puts(out, " ");
        used = break_word(out, s, n, used + !first, columns, indent);
        s += n;
    }
}
