#include <stdint.h>
#include <stdlib.h>

#include "pipeline/load.h"

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static const pipeline_step *find(const load *l, const char *id)
{
    const json_t *index = json_object_get(l->ids, id);
    return index ? &l->p->steps[json_integer_value(index)] : NULL;
}

static bool same_part(const pipeline_step *a, const pipeline_step *b)
{
    return a->stage->rollback == b->stage->rollback && a->stage->diagnose == b->stage->diagnose;
}

/** "; did you mean ...?" among the steps that may be meant: of the same part when s is given. */
static char *nearest_step(const load *l, const pipeline_step *s, bool part, const char *id)
{
    nearest n = nearest_to(id);
    for (size_t i = 0; i < l->p->step_count; i++)
        if (&l->p->steps[i] != s && (!part || same_part(&l->p->steps[i], s)))
            nearest_offer(&n, l->p->steps[i].id);
    return load_did_you_mean(&n);
}

/* ---- needs ------------------------------------------------------------------------------------------------------- */

/** Needs as they are written, with those that point forward: edges[from[i]] .. edges[from[i + 1]] are step i's. */
typedef struct graph {
    struct {
        size_t *items;
        size_t count, room;
    } edges;
    size_t *from;
    size_t *seen;  /**< step i + 1 was the last one found to need this one */
    bool *settled; /**< needs nothing that is open: in no circle that is still to be found */
    bool *circle;  /**< part of a circle that was reported */
} graph;

static void graph_done(graph *g)
{
    free(g->edges.items);
    free(g->from);
    free(g->seen);
    free(g->settled);
    free(g->circle);
}
#define guard_graph __attribute__((cleanup(graph_done))) graph

static void read_need(load *l, graph *g, pipeline_step *s, const config_setting_t *item)
{
    const char *id = setting_name(l, item);
    if (!id)
        return;
    pipeline_place where = load_place(l, item);
    const pipeline_step *needed = find(l, id);
    if (!needed) {
        guard_mem char *meant = nearest_step(l, s, true, id);
        load_problem(l, where, "step '%s' needs '%s', which does not exist%s", s->id, id, meant);
    } else if (needed == s) {
        load_problem(l, where, "step '%s' needs itself", s->id);
    } else if (!same_part(needed, s)) {
        load_problem(l, where, "step '%s' needs '%s' of %s", s->id, id,
                     needed->stage->diagnose ? "the diagnosis; it runs only when a step has failed"
                     : s->stage->rollback    ? "the stages; a rollback step can only need rollback steps"
                     : s->stage->diagnose    ? "the stages; what looks for causes needs nothing"
                                             : "the rollback stage; only rollback steps can need it");
    } else if (g->seen[needed->index] != s->index + 1) {
        g->seen[needed->index] = s->index + 1;
        mem_reserve(&g->edges);
        g->edges.items[g->edges.count++] = needed->index;
    }
}

static const config_setting_t *needs_of(const load *l, size_t i)
{
    return setting_member(l->step_settings[i], "needs");
}

static void read_needs(load *l, graph *g)
{
    for (size_t i = 0; i < l->p->step_count; i++) {
        g->from[i] = g->edges.count;
        const config_setting_t *needs = needs_of(l, i);
        for (size_t k = 0; needs && k < setting_item_count(needs); k++)
            read_need(l, g, &l->p->steps[i], setting_item(needs, k));
    }
    g->from[l->p->step_count] = g->edges.count;
}

/** The first need of step i that is not settled, or SIZE_MAX. */
static size_t open_need(const graph *g, size_t i)
{
    for (size_t k = g->from[i]; k < g->from[i + 1]; k++)
        if (!g->settled[g->edges.items[k]])
            return g->edges.items[k];
    return SIZE_MAX;
}

static bool settle(graph *g, size_t i)
{
    if (g->settled[i] || open_need(g, i) != SIZE_MAX)
        return false;
    return g->settled[i] = true;
}

/** Settles all that can be. Needs mostly point back, so that one pass does it. */
static void settle_all(graph *g, size_t n)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < n; i++)
            changed |= settle(g, i);
        for (size_t i = n; changed && i > 0; i--)
            changed |= settle(g, i - 1);
    }
}

/** From the open step i, goes along open needs until a step comes again; reports that circle and settles its steps. */
static void report_circle(load *l, graph *g, size_t i)
{
    size_t n = l->p->step_count, count = 0, smallest = 0;
    guard_mem bool *seen = mem_array(n, sizeof *seen);
    guard_mem size_t *circle = mem_array(n, sizeof *circle);
    for (; !seen[i]; i = open_need(g, i))
        seen[i] = true;
    do {
        circle[count++] = i;
        i = open_need(g, i);
    } while (i != circle[0]);
    for (size_t k = 0; k < count; k++) {
        g->settled[circle[k]] = g->circle[circle[k]] = true;
        if (circle[k] < circle[smallest])
            smallest = k;
    }
    guard_text chain = {.max = 1000};
    for (size_t k = 0; k <= count; k++)
        text_printf(&chain, "%s%s", k ? " -> " : "", l->p->steps[circle[(smallest + k) % count]].id);
    load_problem(l, load_place(l, needs_of(l, circle[smallest])), "steps need each other in a circle: %s%s",
                 text_get(&chain), chain.truncated ? " ..." : "");
}

static int by_index(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static void take_needs(load *l, const graph *g, pipeline_step *s)
{
    size_t begin = g->from[s->index], end = g->from[s->index + 1];
    s->needs = mem_array(end - begin, sizeof *s->needs);
    for (size_t k = begin; k < end; k++) {
        size_t needed = g->edges.items[k];
        if (needed < s->index) {
            s->needs[s->need_count++] = needed;
        } else if (!g->circle[s->index] || !g->circle[needed]) {
            load_problem(l, load_place(l, needs_of(l, s->index)), "step '%s' needs '%s', which comes later", s->id,
                         l->p->steps[needed].id);
            load_hint(l, "steps run in the order of the file: move '%s' up", l->p->steps[needed].id);
        }
    }
    qsort(s->needs, s->need_count, sizeof *s->needs, by_index);
}

void order_load_needs(load *l)
{
    size_t n = l->p->step_count;
    guard_graph g = {0};
    g.from = mem_array(n + 1, sizeof *g.from);
    g.seen = mem_array(n, sizeof *g.seen);
    g.settled = mem_array(n, sizeof *g.settled);
    g.circle = mem_array(n, sizeof *g.circle);
    read_needs(l, &g);
    settle_all(&g, n);
    for (size_t i = 0; i < n; i++)
        while (!g.settled[i]) {
            report_circle(l, &g, i);
            settle_all(&g, n);
        }
    for (size_t i = 0; i < n; i++)
        take_needs(l, &g, &l->p->steps[i]);
}

/* ---- references to outputs --------------------------------------------------------------------------------------- */

/** True when s needs `target`, directly or through others. */
static bool reaches(const load *l, const pipeline_step *s, size_t target)
{
    size_t count = 0;
    guard_mem bool *seen = mem_array(l->p->step_count, sizeof *seen);
    guard_mem size_t *stack = mem_array(l->p->step_count + 1, sizeof *stack);
    stack[count++] = s->index;
    while (count > 0) {
        const pipeline_step *at = &l->p->steps[stack[--count]];
        for (size_t i = 0; i < at->need_count; i++) {
            size_t needed = at->needs[i];
            if (needed == target)
                return true;
            if (needed < target || seen[needed]) /* needs point back: what comes before the target cannot reach it */
                continue;
            seen[needed] = true;
            stack[count++] = needed;
        }
    }
    return false;
}

static void check_output(load *l, pipeline_place where, const pipeline_step *from, const char *output)
{
    if (!from->kind || catalog_output_find(from->kind, output))
        return;
    nearest n = nearest_to(output);
    for (size_t i = 0; i < from->kind->output_count; i++)
        nearest_offer(&n, from->kind->outputs[i].name);
    guard_mem char *meant = load_did_you_mean(&n);
    load_problem(l, where, "step '%s' (%s) has no output '%s'%s", from->id, from->kind->name, output, meant);
    if (from->kind->output_count == 0)
        load_hint(l, "%s has no outputs at all", from->kind->name);
}

/** The step that a reference is about, or NULL after a report. */
static const pipeline_step *check_source(load *l, const pipeline_step *s, pipeline_place where, const reference *r)
{
    const pipeline_step *from = find(l, r->name);
    int n = (int)r->length;
    if (!from) {
        guard_mem char *meant = nearest_step(l, s, false, r->name);
        load_problem(l, where, "%.*s: there is no step '%s'%s", n, r->begin, r->name, meant);
    } else if (from == s) {
        load_problem(l, where, "%.*s: a step cannot use its own output", n, r->begin);
    } else if (from->index > s->index) {
        load_problem(l, where, "%.*s: step '%s' comes later", n, r->begin, r->name);
    } else if (from->stage->diagnose) {
        load_problem(l, where, "%.*s: step '%s' is part of the diagnosis, which may never run", n, r->begin, r->name);
    } else if (from->skipped && !s->skipped) {
        load_problem(l, where, "%.*s: step '%s' is skipped by its `when`, so it has no output", n, r->begin, r->name);
    } else if (from->stage == s->stage && s->stage->parallel > 1 && !reaches(l, s, from->index)) {
        load_problem(l, where, "%.*s: step '%s' may run at the same time", n, r->begin, r->name);
        load_hint(l, "the stage has parallel = %u: add needs = [\"%s\"];", s->stage->parallel, r->name);
    } else {
        return from;
    }
    return NULL;
}

void order_check_references(load *l, const pipeline_step *s, pipeline_place where, const char *template)
{
    reference r;
    while (reference_next(&template, &r)) {
        const pipeline_step *from = r.kind == REF_STEPS ? check_source(l, s, where, &r) : NULL;
        if (from)
            check_output(l, where, from, r.output);
    }
}
