/** @file layout.h  Lines and paragraphs of a report, fitted to where they are written. */
#ifndef REPORT_LAYOUT_H
#define REPORT_LAYOUT_H

#include "report/style.h"
#include "report/view.h"

typedef struct layout {
    style style;
    size_t columns; /**< 0: no limit */
    size_t margin;  /**< blanks before each line */
} layout;

/** Appends one line, cut to the width. */
void layout_line(text *out, const layout *l, const char *line);
/** Appends a text wrapped to the width, indented; control characters are taken out. */
void layout_paragraph(text *out, const layout *l, size_t indent, style_ink ink, const char *fmt, ...) PRINTF(5, 6);
/** Appends "  LABEL     text", wrapped with a hanging indent. */
void layout_field(text *out, const layout *l, const char *label, style_ink ink, const char *fmt, ...) PRINTF(5, 6);

/** The mark of a verdict ("✓"), and its colour. */
const char *layout_mark(const style *s, view_verdict verdict);
style_ink layout_ink(view_verdict verdict);
/** Appends "latency 41 ms, bad if > 500", as one harmless line. */
void layout_measurement(text *out, const style *s, const view_measurement *m);

#endif
