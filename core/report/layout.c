#include "report/layout.h"

#include <string.h>

#include "base/units.h"
#include "report/width.h"

#define LABEL_COLUMNS 13

static void blanks(text *out, size_t n)
{
    while (n--)
        text_puts(out, " ");
}

void layout_line(text *out, const layout *l, const char *line)
{
    blanks(out, l->margin);
    if (l->columns > l->margin)
        width_cut(out, line, l->columns - l->margin, l->style.unicode);
    else
        text_puts(out, line);
    text_puts(out, "\n");
}

/* Appends fmt line by line, cleaned and wrapped; the cursor stands behind `indent` blanks. */
static PRINTF(5, 0) void wrapped(text *out, const layout *l, size_t indent, style_ink ink, const char *fmt, va_list ap)
{
    guard_mem char *raw = mem_vprintf(fmt, ap);
    for (char *line = raw, *end; line; line = end) {
        guard_text clean = {0}, lines = {0};
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        width_clean(&clean, line, l->style.unicode);
        width_wrap(&lines, text_get(&clean), l->columns, indent);
        if (line != raw)
            blanks(out, indent);
        style_add(out, &l->style, ink, "%s", text_get(&lines));
        text_puts(out, "\n");
    }
}

void layout_paragraph(text *out, const layout *l, size_t indent, style_ink ink, const char *fmt, ...)
{
    va_list ap;
    blanks(out, l->margin + indent);
    va_start(ap, fmt);
    wrapped(out, l, l->margin + indent, ink, fmt, ap);
    va_end(ap);
}

void layout_field(text *out, const layout *l, const char *label, style_ink ink, const char *fmt, ...)
{
    va_list ap;
    guard_text padded = {0};
    width_pad(&padded, label, LABEL_COLUMNS, l->style.unicode);
    blanks(out, l->margin + 2);
    style_add(out, &l->style, INK_DIM, "%s", text_get(&padded));
    va_start(ap, fmt);
    wrapped(out, l, l->margin + 2 + LABEL_COLUMNS, ink, fmt, ap);
    va_end(ap);
}

static const struct {
    const char *unicode, *ascii;
    style_ink ink;
} marks[] = {
    [VIEW_NONE] = {"\u00b7", ".", INK_DIM},       [VIEW_PASSED] = {"\u2713", "+", INK_GREEN},
    [VIEW_WARNED] = {"!", "!", INK_YELLOW},       [VIEW_FAILED] = {"\u2717", "x", INK_RED},
    [VIEW_ERROR] = {"\u2717", "x", INK_RED},      [VIEW_INCONCLUSIVE] = {"?", "?", INK_RED},
    [VIEW_STOPPED] = {"\u2013", "-", INK_DIM},    [VIEW_SKIPPED] = {"\u2013", "-", INK_DIM},
    [VIEW_NOT_YET] = {"\u00b7", ".", INK_DIM},    [VIEW_UNDONE] = {"\u21b6", "<", INK_YELLOW},
    [VIEW_NOT_UNDONE] = {"\u2717", "x", INK_RED}, [VIEW_UNDO_SKIPPED] = {"\u2717", "x", INK_RED},
    [VIEW_IRREVERSIBLE] = {"!", "!", INK_YELLOW},
};

const char *layout_mark(const style *s, view_verdict verdict)
{
    return style_pick(s, marks[verdict].unicode, marks[verdict].ascii);
}

style_ink layout_ink(view_verdict verdict)
{
    return marks[verdict].ink;
}

void layout_measurement(text *out, const style *s, const view_measurement *m)
{
    char value[UNITS_TEXT];
    guard_text raw = {0};
    text_printf(&raw, "%s %s", m->name, units_show_value(m->value, m->unit, value));
    if (*m->threshold)
        text_printf(&raw, ", bad if %s", m->threshold);
    width_clean(out, text_get(&raw), s->unicode);
}
