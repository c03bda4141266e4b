/** @file page.h  Inside of core/checklist: the pieces of the HTML page. */
#ifndef CHECKLIST_PAGE_H
#define CHECKLIST_PAGE_H

#include <jansson.h>

#include "base/text.h"

/** The style sheet, in pieces, NULL-terminated: screens wide and narrow, light and dark, and paper. */
extern const char *const page_style[];

/** Appends a text, its markup escaped. */
void page_text(text *out, const char *s);
/** Appends "<TAG ATTRIBUTES>content</TAG>", the content escaped; attributes begin with a blank, or are "". */
void page_element(text *out, const char *tag, const char *attributes, const char *content);

/** Appends all sections with their boxes, and the evidence in each (boxes.c). */
void page_boxes(text *out, const json_t *filled);
/** Appends what is decided, by whom, and where to sign (sign_off.c). */
void page_sign_off(text *out, const json_t *filled);

#endif
