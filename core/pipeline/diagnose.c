#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trust.h"
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

/* The problem reported last is a warning of writers. */
static void note_writers(load *l)
{
    if (l->problems_dropped > 0)
        return;
    mem_reserve(&l->writers);
    l->writers.items[l->writers.count++] = l->problems->count - 1;
}

static bool is_known(const load *l, const char *what)
{
    for (size_t i = 0; i < l->writers.count; i++)
        if (strcmp(l->problems->items[l->writers.items[i]].what, what) == 0)
            return true;
    return false;
}

/* Who may write to a folder on the way to a file may put another file in its place. One warning for each folder. */
static void check_folder(load *l, pipeline_place where, const char *path)
{
    guard(error) err = NULL;
    guard_mem char *copy = mem_dup(path);
    if (trust_check_way(dirname(copy), &err) == 0 || error_get_code(err) != ERROR_REFUSED)
        return;
    guard_mem char *why = error_text(err);
    if (is_known(l, why))
        return;
    load_warning(l, where, "%s", why);
    if (error_get_hint(err))
        load_hint(l, "%s", error_get_hint(err));
    note_writers(l);
}

void load_check_writers(load *l, pipeline_place where, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        load_warning(l, where, "others may write to '%s'", path);
        load_hint(l, "chmod go-w '%s'", path);
        note_writers(l);
    } else if (st.st_uid != 0 && st.st_uid != geteuid()) {
        load_warning(l, where, "'%s' belongs to another user, who may write to it", path);
        load_hint(l, "chown %u '%s'", (unsigned)geteuid(), path);
        note_writers(l);
    }
    check_folder(l, where, path);
}

void load_refuse_writers(load *l)
{
    for (size_t i = 0; i < l->writers.count; i++)
        l->problems->items[l->writers.items[i]].warning = false;
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
