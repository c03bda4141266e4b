#include "report/summary.h"

#include <inttypes.h>
#include <string.h>

#include "base/units.h"

/* ---- counts ------------------------------------------------------------------------------------------------------ */

typedef struct figures {
    size_t taken, within, warned, bad; /* measurements; within: those that have a limit and keep it */
} figures;

static figures count_measurements(const view *v)
{
    figures f = {0};
    for (size_t i = 0; i < v->steps.count; i++)
        for (size_t k = 0; k < v->steps.items[i].measurement_count; k++) {
            const view_measurement *m = &v->steps.items[i].measurements[k];
            f.taken++;
            f.within += m->verdict == VIEW_PASSED && *m->threshold;
            f.warned += m->verdict == VIEW_WARNED;
            f.bad += view_verdict_is_bad(m->verdict);
        }
    return f;
}

/* Appends "31 steps", "1 step". */
static void add_count(text *t, size_t n, const char *noun)
{
    text_printf(t, "%zu %s%s", n, noun, n == 1 ? "" : "s");
}

/* "31 steps passed (2 skipped) in 1 min 52 s, 14 measurements within their limits." */
static void add_counts(text *t, const view *v)
{
    char took[UNITS_TEXT];
    const figures f = count_measurements(v);
    size_t skipped = view_count(v, VIEW_SKIPPED);
    add_count(t, view_count(v, VIEW_PASSED) + view_count(v, VIEW_WARNED), "step");
    text_puts(t, " passed");
    if (skipped)
        text_printf(t, " (%zu skipped)", skipped);
    text_printf(t, " in %s", units_show_duration(event_int(v->end, "duration_ms"), took));
    if (f.within) {
        text_puts(t, ", ");
        add_count(t, f.within, "measurement");
        text_puts(t, f.within == 1 ? " within its limit" : " within their limits");
    } else if (f.taken) {
        text_puts(t, ", ");
        add_count(t, f.taken, "measurement");
    }
    text_puts(t, ".");
}

/* ---- headlines: one for each end --------------------------------------------------------------------------------- */

static const char *or_else(const char *s, const char *otherwise)
{
    return *s ? s : otherwise;
}

static void committed(text *t, const view *v)
{
    switch (v->mode) {
    case VIEW_MODE_TRY: text_puts(t, "The step passed.  "); break;
    case VIEW_MODE_DISCARD: text_puts(t, or_else(v->reason, "Nothing more is kept for rollback.")); return;
    default: text_printf(t, "%s is live on %s.  ", or_else(v->version, v->pipeline), v->environment);
    }
    add_counts(t, v);
}

static void rolled_back(text *t, const view *v)
{
    char took[UNITS_TEXT];
    int64_t after = event_int(v->end, "healthy_after_ms");
    if (v->mode == VIEW_MODE_TRY) {
        text_puts(t, view_failure(v) ? "The step failed, and was taken back." : "The step passed, and was taken back.");
        return;
    }
    if (!*v->previous) {
        text_printf(t, "%s is as it was before; there is no earlier version to bring back.", v->environment);
        return;
    }
    text_printf(t, "%s is back on %s", v->previous, v->environment);
    if (!json_object_get(v->end, "healthy_after_ms"))
        text_puts(t, "; nothing proved it healthy");
    else if (after > 0)
        text_printf(t, ", proved healthy %s after the %s", units_show_duration(after, took),
                    view_failure(v) ? "failure" : "rollback began");
    text_puts(t, ".");
}

/* A reason may be a question. */
static void end_sentence(text *t)
{
    if (t->count == 0 || !strchr(".?", t->items[t->count - 1]))
        text_puts(t, ".");
}

static void needs_person(text *t, const view *v)
{
    guard_mem char *reason = view_reason(v);
    text_printf(t, "%s needs a person: %s", or_else(v->environment, "This"),
                or_else(reason, "it could not be taken back"));
    end_sentence(t);
}

static void refused(text *t, const view *v)
{
    const char *where = or_else(v->environment, "the system");
    text_printf(t,
                v->mode == VIEW_MODE_PLAN ? "This plan would be refused; nothing was touched on %s."
                                          : "Nothing was touched on %s: the run was refused.",
                where);
}

static void waiting(text *t, const view *v)
{
    text_printf(t, "The run waits%s%s", *v->reason ? ": " : "", v->reason);
    end_sentence(t);
}

static const struct headline {
    const char *state;
    style_ink ink;
    void (*add)(text *t, const view *v);
} headlines[] = {
    {"committed", INK_GREEN, committed},
    {"rolled back", INK_YELLOW, rolled_back},
    {"needs a person", INK_RED, needs_person},
    {"refused", INK_YELLOW, refused},
    {"", INK_YELLOW, waiting},
};

/* ---- fields ------------------------------------------------------------------------------------------------------ */

static void add_trouble(text *out, const layout *l, const view *v, const view_step *s, const view_trouble *t,
                        const char *label, style_ink ink)
{
    guard_text summary = {0}; /* the step's own line told the others */
    text_first_line(&summary, t->summary, style_pick(&l->style, " \u2026", " ..."));
    layout_field(out, l, label, ink, "%s/%s%s%s%s%s", v->stages.items[s->stage].name, s->id, *t->phase ? ", " : "",
                 t->phase, summary.count ? ": " : "", text_get(&summary));
    if (*t->hint)
        layout_field(out, l, "do", INK_PLAIN, "%s", t->hint);
}

static bool is_bad(const view *v, const view_step *s)
{
    if (v->stages.items[s->stage].diagnose)
        return false;
    return view_verdict_is_bad(s->verdict) || (s->verdict == VIEW_WARNED && s->trouble.verdict != VIEW_NONE);
}

/* Many steps may meet one obstacle: it is told once. */
static bool told_before(const view *v, const view_step *s)
{
    for (const view_step *earlier = v->steps.items; earlier < s; earlier++)
        if (is_bad(v, earlier) && *s->trouble.summary && strcmp(earlier->trouble.summary, s->trouble.summary) == 0)
            return true;
    return false;
}

static void add_bad_steps(text *out, const layout *l, const view *v)
{
    for (size_t i = 0; i < v->steps.count; i++) {
        const view_step *s = &v->steps.items[i];
        if (is_bad(v, s) && told_before(v, s))
            layout_field(out, l, view_verdict_word(s->verdict), layout_ink(s->verdict), "%s/%s, %s: the same",
                         v->stages.items[s->stage].name, s->id, s->trouble.phase);
        else if (is_bad(v, s))
            add_trouble(out, l, v, s, &s->trouble, view_verdict_word(s->verdict), layout_ink(s->verdict));
    }
    for (size_t i = 0; i < v->found.count; i++)
        layout_field(out, l, i == 0 ? "found" : "", INK_BOLD, "%s", v->found.items[i]);
    bool untold = strcmp(v->state, "rolled back") == 0 || strcmp(v->state, "refused") == 0;
    if (!view_failure(v) && untold && *v->reason)
        layout_field(out, l, "why", INK_PLAIN, "%s", v->reason);
}

static void add_measurements(text *out, const layout *l, const view *v)
{
    for (size_t i = 0; i < v->steps.count; i++)
        for (size_t k = 0; k < v->steps.items[i].measurement_count; k++) {
            const view_measurement *m = &v->steps.items[i].measurements[k];
            if (m->verdict == VIEW_PASSED)
                continue;
            guard_text line = {0};
            layout_measurement(&line, &l->style, m);
            layout_field(out, l, view_verdict_word(m->verdict), layout_ink(m->verdict), "%s/%s: %s",
                         v->stages.items[v->steps.items[i].stage].name, v->steps.items[i].id, text_get(&line));
        }
}

static void add_undone(text *out, const layout *l, const view *v)
{
    guard_text undone = {0}, kept = {0};
    for (size_t i = 0; i < v->undone.count; i++) {
        const view_step *s = &v->steps.items[v->undone.items[i]];
        text *list = s->undo == VIEW_UNDONE ? &undone : &kept;
        if (s->undo == VIEW_NOT_UNDONE)
            add_trouble(out, l, v, s, &s->undo_trouble, view_verdict_word(s->undo), INK_RED);
        else
            text_printf(list, "%s%s%s", list->count ? ", " : "", s->id,
                        s->undo == VIEW_IRREVERSIBLE ? " (cannot be undone)" : "");
    }
    if (undone.count)
        layout_field(out, l, "undone", INK_PLAIN, "%s", text_get(&undone));
    if (kept.count)
        layout_field(out, l, "left", INK_YELLOW, "%s", text_get(&kept));
}

static void add_warnings(text *out, const layout *l, const view *v)
{
    for (size_t i = 0; i < v->warnings.count; i++)
        layout_field(out, l, "warning", INK_YELLOW, "%s", v->warnings.items[i].text);
}

static void add_ways_on(text *out, const layout *l, const view *v)
{
    if (*event_text(v->end, "commit"))
        layout_field(out, l, "commit", INK_PLAIN, "%s", event_text(v->end, "commit"));
    if (*event_text(v->end, "evidence"))
        layout_field(out, l, "evidence", INK_PLAIN, "%s", event_text(v->end, "evidence"));
    size_t i;
    const json_t *command;
    json_array_foreach(json_object_get(v->end, "next"), i, command)
        layout_field(out, l, i == 0 ? "next" : "", INK_BOLD, "%s", json_string_value(command));
}

void summary_add(text *out, const layout *l, const view *v)
{
    const struct headline *h = headlines;
    while (*h->state && strcmp(h->state, v->state) != 0)
        h++;
    guard_text headline = {0};
    h->add(&headline, v);
    text_puts(out, "\n");
    layout_paragraph(out, l, 0, h->ink, "%s", text_get(&headline));
    add_bad_steps(out, l, v);
    add_measurements(out, l, v);
    add_undone(out, l, v);
    add_warnings(out, l, v);
    add_ways_on(out, l, v);
}
