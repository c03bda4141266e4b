#include <string.h>

#include "report/summary.h"
#include "report/width.h"

static const char *joined(const json_t *names, text *into)
{
    size_t i;
    const json_t *name;
    json_array_foreach(names, i, name)
        text_printf(into, "%s%s", i ? ", " : "", json_string_value(name));
    return text_get(into);
}

static void add_change(text *out, const layout *l, const json_t *plan)
{
    guard_text names = {0};
    const char *change = event_text(plan, "change"), *undo = event_text(plan, "undo");
    const json_t *pending = json_object_get(plan, "pending");
    if (*change)
        layout_paragraph(out, l, 6, INK_PLAIN, "%s", change);
    if (json_is_true(json_object_get(plan, "irreversible")))
        layout_paragraph(out, l, 6, INK_YELLOW, "cannot be undone");
    else if (*undo)
        layout_paragraph(out, l, 6, INK_DIM, "undo: %s", undo);
    if (json_array_size(pending) > 0)
        layout_paragraph(out, l, 6, INK_DIM, "known later: %s", joined(pending, &names));
}

static void add_step(text *out, const layout *l, const view_step *s)
{
    guard_text line = {0};
    bool bad = view_verdict_is_bad(s->verdict), skipped = s->verdict == VIEW_SKIPPED;
    view_verdict shown = bad || skipped ? s->verdict : VIEW_NONE;
    text_puts(&line, "  ");
    style_add(&line, &l->style, layout_ink(shown), "%s", layout_mark(&l->style, shown));
    text_puts(&line, " ");
    style_add(&line, &l->style, INK_BOLD, "%s", s->id);
    style_add(&line, &l->style, INK_DIM, "  %s", s->kind);
    if (bad || skipped)
        style_add(&line, &l->style, layout_ink(shown), "  %s", view_verdict_word(shown));
    layout_line(out, l, text_get(&line));
    if (*s->title)
        layout_paragraph(out, l, 6, INK_PLAIN, "%s", s->title);
    size_t i;
    const json_t *plan;
    json_array_foreach(s->plan, i, plan)
        add_change(out, l, plan);
    if (bad && *s->trouble.summary)
        layout_paragraph(out, l, 6, INK_RED, "%s", s->trouble.summary);
    if (bad && *s->trouble.hint)
        layout_paragraph(out, l, 6, INK_PLAIN, "do: %s", s->trouble.hint);
}

static bool changes_something(const view_step *s)
{
    size_t i;
    const json_t *plan;
    json_array_foreach(s->plan, i, plan)
        if (*event_text(plan, "change") && !json_is_true(json_object_get(plan, "looks")))
            return true;
    return false;
}

static bool is_irreversible(const view_step *s)
{
    size_t i;
    const json_t *plan;
    json_array_foreach(s->plan, i, plan)
        if (json_is_true(json_object_get(plan, "irreversible")))
            return true;
    return false;
}

static void add_totals(text *out, const layout *l, const view *v)
{
    size_t changes = 0, all = 0;
    guard_text final = {0};
    for (size_t i = 0; i < v->steps.count; i++) {
        const view_step *s = &v->steps.items[i];
        if (!view_is_main(v, s))
            continue;
        all++;
        changes += changes_something(s);
        if (is_irreversible(s))
            text_printf(&final, "%s%s", final.count ? ", " : "", s->id);
    }
    text_puts(out, "\n");
    layout_paragraph(out, l, 0, INK_BOLD, "%zu step%s: %zu change%s something, %zu only look%s. Nothing was touched.",
                     all, all == 1 ? "" : "s", changes, changes == 1 ? "s" : "", all - changes,
                     all - changes == 1 ? "s" : "");
    if (final.count)
        layout_paragraph(out, l, 0, INK_YELLOW, "Cannot be undone: %s.", text_get(&final));
}

void summary_add_plan(text *out, const layout *l, const view *v)
{
    for (size_t i = 0, stage = SIZE_MAX; i < v->steps.count; i++) {
        if (v->steps.items[i].stage != stage) {
            stage = v->steps.items[i].stage;
            const view_stage *s = &v->stages.items[stage];
            layout_paragraph(out, l, 0, INK_BOLD, "%s",
                             s->rollback   ? "on rollback, after the undo"
                             : s->diagnose ? "when a step fails, before the undo"
                                           : s->name);
        }
        add_step(out, l, &v->steps.items[i]);
    }
    add_totals(out, l, v);
    if (strcmp(v->state, "refused") == 0)
        summary_add(out, l, v);
}
