/**
 * @file reference.h
 * Templates: texts with references, as the head of pipeline.h describes them. A template is cut into pieces that are
 * plain text or one reference; what is put in is escaped again, so that a value is never read as a reference.
 */
#ifndef PIPELINE_REFERENCE_H
#define PIPELINE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/** Longest name in a reference, with its NUL. */
#define REFERENCE_NAME 128
/** What a text may grow to while values are put in. */
#define REFERENCE_MAX_TEXT ((size_t)64 * 1024)

typedef enum reference_kind {
    REF_TEXT = 0,
    REF_VARS = 1,
    REF_PIPELINE = 2,
    REF_ENV = 4,
    REF_SECRET = 8,
    REF_STEPS = 16,
    REF_BAD = 32, /**< "${" and what follows is none of these */
} reference_kind;

typedef struct reference {
    reference_kind kind;
    const char *begin; /**< as written; of REF_TEXT the plain text */
    size_t length;
    char name[REFERENCE_NAME];   /**< of the variable, secret or step */
    char output[REFERENCE_NAME]; /**< REF_STEPS only */
} reference;

/** Cuts the next piece off *rest; false at the end. */
bool reference_next(const char **rest, reference *ret);
/** The kinds that occur, or-ed. */
unsigned template_kinds(const char *template);
/** Appends plain text, escaped. */
void template_add_text(text *out, const char *plain, size_t n);
/** Appends a piece. False when a '$' stands right before a reference: that cannot be written. */
bool template_add_piece(text *out, const reference *piece);
/** The text that a template without references stands for; the caller frees. */
char *template_plain(const char *template);
/** The template of a plain text; the caller frees. */
char *template_of(const char *plain);

#endif
