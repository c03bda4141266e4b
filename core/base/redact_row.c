#include <string.h>

#include "base/redact_shape.h"

#define ROW_MAX 16384 /* bytes of a row's contents that are waited for */

/* What stands in front of the values; a line's last `end` is behind them. */
static const struct {
    const char *begin, *end;
} rows[] = {
    {"ailing row contains (", ")"}, /* "Failing row contains (1, x).", "... of the failing row contains (a) = (1)." */
    {"arameters: $1 = ", NULL},
    {"Duplicate entry '", "' for key"},
};

/* Where the line of s ends; n when it does not. */
static size_t line_end(const char *s, size_t n)
{
    const char *end = memchr(s, '\n', n);
    return end ? (size_t)(end - s) : n;
}

static bool begins(const char *s, size_t n, const char *word, bool final, shape_answer *answer)
{
    const size_t length = strlen(word);
    if (memcmp(s, word, n < length ? n : length) != 0)
        return false;
    if (n < length)
        *answer = final ? SHAPE_NO : SHAPE_NEED_MORE;
    return n >= length;
}

/* The last `word` in the first n bytes, or n. */
static size_t last(const char *s, size_t n, const char *word)
{
    size_t found = n;
    for (const char *at = s; (at = memmem(at, (size_t)(s + n - at), word, strlen(word))); at++)
        found = (size_t)(at - s);
    return found;
}

/* The values begin at `from` and go to the last `end` of their line. */
static shape_answer values(const char *s, size_t n, size_t from, const char *end, bool final, shape_cut *ret)
{
    const size_t line = line_end(s + from, n - from);
    if (line == n - from && line < ROW_MAX && !final)
        return SHAPE_NEED_MORE;
    const size_t length = end ? last(s + from, line, end) : line;
    *ret = (shape_cut){.from = from, .to = from + length, .mask = REDACT_ROW};
    return length ? SHAPE_YES : SHAPE_NO;
}

/* "Key (email)=(a@b.c) already exists.": the names of the columns stay. */
static shape_answer key(const char *s, size_t n, bool final, shape_cut *ret)
{
    const size_t line = line_end(s, n);
    const char *equals = memmem(s, line, ")=(", 3);
    if (equals)
        return values(s, n, (size_t)(equals - s) + 3, ")", final, ret);
    return line == n && line < ROW_MAX && !final ? SHAPE_NEED_MORE : SHAPE_NO;
}

shape_answer redact_row_at(const char *s, size_t n, bool final, shape_cut *ret)
{
    shape_answer answer = SHAPE_NO;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (begins(s, n, rows[i].begin, final, &answer))
            return values(s, n, strlen(rows[i].begin), rows[i].end, final, ret);
    if (begins(s, n, "Key (", final, &answer))
        return key(s, n, final, ret);
    return answer;
}
