#include <stdlib.h>
#include <string.h>

#include "pipeline/load.h"

/** A file with thousands of faults has one cause; the first of them tell it. */
#define MAX_PROBLEMS 200

void pipeline_problems_done(pipeline_problems *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].what);
        free(p->items[i].hint);
        free(p->items[i].file);
    }
    free(p->items);
    *p = (pipeline_problems){0};
}

bool pipeline_problems_fatal(const pipeline_problems *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->items[i].warning)
            return true;
    return false;
}

pipeline_place load_place(const load *l, const config_setting_t *at)
{
    return source_place(&l->p->inner->source, config_setting_source_line(at));
}

static void append(load *l, pipeline_place where, bool warning, char *what)
{
    mem_reserve(l->problems);
    pipeline_problem *p = &l->problems->items[l->problems->count++];
    *p = (pipeline_problem){.warning = warning, .what = what, .file = mem_dup(where.file)};
    p->where = (pipeline_place){p->file, where.line};
}

PRINTF(4, 0)
static void add(load *l, pipeline_place where, bool warning, const char *fmt, va_list ap)
{
    if (l->problems->count >= MAX_PROBLEMS && (warning || pipeline_problems_fatal(l->problems)))
        l->problems_dropped++;
    else
        append(l, where, warning, mem_vprintf(fmt, ap));
}

void load_problem(load *l, pipeline_place where, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add(l, where, false, fmt, ap);
    va_end(ap);
}

void load_warning(load *l, pipeline_place where, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add(l, where, true, fmt, ap);
    va_end(ap);
}

void load_hint(load *l, const char *fmt, ...)
{
    if (l->problems_dropped > 0)
        return;
    pipeline_problem *last = &l->problems->items[l->problems->count - 1];
    va_list ap;
    va_start(ap, fmt);
    free(last->hint);
    last->hint = mem_vprintf(fmt, ap);
    va_end(ap);
}

char *load_did_you_mean(const nearest *n)
{
    const char *best = nearest_get(n);
    return best ? mem_printf("; did you mean '%s'?", best) : mem_dup("");
}

char *load_did_you_mean_of(const char *word, const char *const *words)
{
    nearest n = nearest_to(word);
    for (; *words; words++)
        nearest_offer(&n, *words);
    return load_did_you_mean(&n);
}

static size_t file_order(const source *s, const char *file)
{
    size_t i = 0;
    while (i < s->files.count && strcmp(s->files.items[i], file) != 0)
        i++;
    return i;
}

static bool comes_before(const source *s, const pipeline_problem *x, const pipeline_problem *y)
{
    size_t fx = file_order(s, x->where.file), fy = file_order(s, y->where.file);
    return fx != fy ? fx < fy : x->where.line < y->where.line;
}

void load_sort_problems(load *l)
{
    pipeline_problems *all = l->problems;
    const source *s = &l->p->inner->source;
    for (size_t i = 1; i < all->count;
         i++) /* there are at most a few hundred, and those of one line keep their order */
        for (size_t k = i; k > 0 && comes_before(s, &all->items[k], &all->items[k - 1]); k--) {
            pipeline_problem moved = all->items[k];
            all->items[k] = all->items[k - 1];
            all->items[k - 1] = moved;
        }
    if (l->problems_dropped > 0)
        append(l, all->items[all->count - 1].where, false, mem_printf("%zu more problems", l->problems_dropped));
}
