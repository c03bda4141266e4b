/**
 * @file source.h
 * The text of a pipeline with every @include put in, and where each of its lines comes from.
 *
 * An included text stands between two comment lines, "# belay: begin FILE" and "# belay: end"; the lines' origin is
 * read from these, so a recorded text tells the same places as the files did.
 */
#ifndef PIPELINE_SOURCE_H
#define PIPELINE_SOURCE_H

#include "base/text.h"
#include "pipeline/pipeline.h"

#define SOURCE_MARK_BEGIN "# belay: begin "
#define SOURCE_MARK_END   "# belay: end"
/** How deep files may be included in one another. */
#define SOURCE_NESTED 16

typedef struct source_span {
    unsigned first; /**< from this line of the text on, until the next span */
    const char *file;
    unsigned line;
} source_span;

typedef struct source {
    text text;
    struct {
        source_span *items;
        size_t count, room;
    } spans;
    struct {
        char **items;
        size_t count, room;
    } files; /**< names, each once, in order of appearance */
} source;

/** Works out where each line of the text comes from; name: its main file. */
void source_map(source *s, const char *name);
/** Where a line of the text comes from. */
pipeline_place source_place(const source *s, unsigned line);
/** The one copy of a file's name. */
const char *source_file(source *s, const char *name);
void source_done(source *s);

#endif
