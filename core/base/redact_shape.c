#include "base/redact_shape.h"

#include <string.h>

static bool rows_are_shown;

void redact_show_rows(void)
{
    rows_are_shown = true;
}

static shape_answer shape_at(const char *s, size_t n, bool final, shape_cut *ret)
{
    switch (*s) {
    case ':':
    case '?':
    case '&': return redact_url_at(s, n, final, ret);
    case 'a':
    case 'K':
    case 'D': return rows_are_shown ? SHAPE_NO : redact_row_at(s, n, final, ret);
    default: return SHAPE_NO;
    }
}

size_t redact_shapes(const char *s, size_t n, bool final, text *out)
{
    size_t plain = 0;
    for (size_t at = 0; at < n; at++) {
        shape_cut cut = {0};
        const shape_answer found = shape_at(s + at, n - at, final, &cut);
        if (found == SHAPE_NEED_MORE) {
            text_add(out, s + plain, at - plain);
            return at;
        }
        if (found == SHAPE_NO)
            continue;
        text_add(out, s + plain, at + cut.from - plain);
        text_puts(out, cut.mask);
        plain = at + cut.to;
        at = plain - 1;
    }
    text_add(out, s + plain, n - plain);
    return n;
}
