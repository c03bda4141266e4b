/** @file filled.h  Reading a filled checklist, for those that print it. */
#ifndef CHECKLIST_FILLED_H
#define CHECKLIST_FILLED_H

#include <jansson.h>
#include <stdint.h>

#include "base/text.h"
#include "base/units.h"

/** A text of an object, "" when it has none of that name; borrowed. */
static inline const char *filled_text(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s ? s : "";
}

static inline int64_t filled_int(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/** Appends "p95 41 ms (bad if > 500ms)". */
void filled_measurement(text *out, const json_t *measurement);

/** Of a gate that was passed, who decided, a line each; else "". Borrowed. */
const char *filled_decision(const json_t *step);
/** The next line of a text, NULL at its end; moves *rest on, and frees the line before. The caller frees the last. */
char *filled_line(const char **rest, char *before);
/** Appends what --set gave the run, "vars.soak=4h, vars.keep=3". */
void filled_sets(text *out, const json_t *filled);
/** Appends "watched for 4 h 00 min: 9 samples, none missing" when the step soaked, after `before`. */
void filled_soak(text *out, const json_t *step, const char *before);

#endif
