/** @file style.h  How a report may look where it is written: colours, characters beyond ASCII. */
#ifndef REPORT_STYLE_H
#define REPORT_STYLE_H

#include <stdbool.h>

#include "base/text.h"

typedef enum style_ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_GREEN, INK_YELLOW, INK_RED } style_ink;

typedef struct style {
    bool colour, unicode;
} style;

/** True when the environment asks for UTF-8 (LC_ALL, LC_CTYPE, LANG: the first that is set). */
bool style_unicode(void);
/** Appends formatted text in an ink. */
void style_add(text *out, const style *s, style_ink ink, const char *fmt, ...) PRINTF(4, 5);
/** Of two spellings the one that can be shown. */
static inline const char *style_pick(const style *s, const char *unicode, const char *ascii)
{
    return s->unicode ? unicode : ascii;
}

#endif
