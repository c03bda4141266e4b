#include "pipeline/source.h"

#include <stdlib.h>
#include <string.h>

const char *source_file(source *s, const char *name)
{
    for (size_t i = 0; i < s->files.count; i++)
        if (strcmp(s->files.items[i], name) == 0)
            return s->files.items[i];
    mem_reserve(&s->files);
    return s->files.items[s->files.count++] = mem_dup(name);
}

static void add_span(source *s, unsigned first, const char *file, unsigned line)
{
    mem_reserve(&s->spans);
    s->spans.items[s->spans.count++] = (source_span){first, file, line};
}

void source_map(source *s, const char *name)
{
    struct {
        const char *file;
        unsigned next;
    } stack[SOURCE_NESTED + 1] = {{source_file(s, name), 1}};
    size_t top = 0;
    unsigned line = 1;
    add_span(s, line, stack[0].file, 1);
    for (const char *at = text_get(&s->text); *at; line++) {
        size_t n = strcspn(at, "\n");
        if (text_starts(at, SOURCE_MARK_BEGIN) && top < SOURCE_NESTED) {
            guard_mem char *file = mem_dup_n(at + strlen(SOURCE_MARK_BEGIN), n - strlen(SOURCE_MARK_BEGIN));
            stack[++top].file = source_file(s, file);
            stack[top].next = 1;
            add_span(s, line + 1, stack[top].file, 1);
        } else if (n == strlen(SOURCE_MARK_END) && text_starts(at, SOURCE_MARK_END) && top > 0) {
            top--;
            add_span(s, line + 1, stack[top].file, stack[top].next);
        } else {
            stack[top].next++;
        }
        at += n + (at[n] == '\n');
    }
}

pipeline_place source_place(const source *s, unsigned line)
{
    size_t low = 0, high = s->spans.count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->spans.items[middle].first <= line)
            low = middle;
        else
            high = middle;
    }
    const source_span *span = &s->spans.items[low];
    return (pipeline_place){span->file, span->line + (line > span->first ? line - span->first : 0)};
}

void source_done(source *s)
{
    for (size_t i = 0; i < s->files.count; i++)
        free(s->files.items[i]);
    free(s->files.items);
    free(s->spans.items);
    text_done(&s->text);
    *s = (source){0};
}
