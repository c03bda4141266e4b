/* The boxes of the HTML page, each with what its steps found. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "checklist/filled.h"
#include "checklist/page.h"

/* ---- evidence ---------------------------------------------------------------------------------------------------- */

/* "size/agents" is an instance of the metric "size". */
static const char *instance_of(const json_t *m)
{
    const char *slash = strchr(filled_text(m, "name"), '/');
    return slash ? slash + 1 : NULL;
}

static bool same_metric(const json_t *a, const json_t *b)
{
    const char *x = filled_text(a, "name"), *y = filled_text(b, "name");
    const size_t n = strcspn(x, "/");
    return strncmp(x, y, n) == 0 && x[n] == y[n] && x[n] == '/' &&
           strcmp(filled_text(a, "threshold"), filled_text(b, "threshold")) == 0;
}

static void add_value(text *out, const json_t *m)
{
    char value[UNITS_TEXT];
    units_show_value(json_real_value(json_object_get(m, "value")), filled_text(m, "unit"), value);
    text_printf(out, "<span class=%s>", filled_text(m, "verdict"));
    if (instance_of(m)) {
        page_text(out, instance_of(m));
        text_puts(out, " ");
    }
    page_element(out, "b", "", value);
    text_puts(out, "</span>");
}

static void add_limit(text *out, const json_t *m)
{
    if (!*filled_text(m, "threshold"))
        return;
    text_puts(out, " <i>bad if ");
    page_text(out, filled_text(m, "threshold"));
    text_puts(out, "</i>");
}

/* All instances of the metric whose first is number `first`. */
static void add_instances(text *out, const json_t *all, size_t first)
{
    const json_t *m = json_array_get(all, first);
    if (*filled_text(m, "threshold")) {
        text_puts(out, ", bad if ");
        page_text(out, filled_text(m, "threshold"));
    }
    text_puts(out, ":");
    for (size_t i = first; i < json_array_size(all); i++)
        if (same_metric(json_array_get(all, i), m)) {
            text_puts(out, i == first ? " " : ", ");
            add_value(out, json_array_get(all, i));
        }
}

static void add_metric(text *out, const json_t *all, size_t first)
{
    const json_t *m = json_array_get(all, first);
    const char *name = filled_text(m, "name");
    guard_mem char *metric = mem_dup_n(name, strcspn(name, "/"));
    for (size_t i = 0; i < first; i++)
        if (same_metric(json_array_get(all, i), m))
            return;
    text_printf(out, "<li%s>", *filled_text(m, "threshold") ? " class=limit" : "");
    page_text(out, metric);
    if (instance_of(m)) {
        add_instances(out, all, first);
    } else {
        text_puts(out, " ");
        add_value(out, m);
        add_limit(out, m);
    }
    text_puts(out, "</li>");
}

static void add_measurements(text *out, const json_t *step)
{
    const json_t *all = json_object_get(step, "measurements");
    if (!json_array_size(all))
        return;
    text_puts(out, "<ul class=measured>");
    for (size_t i = 0; i < json_array_size(all); i++)
        add_metric(out, all, i);
    text_puts(out, "</ul>\n");
}

/* Who decided what, when and why. */
static void add_decisions(text *out, const json_t *step)
{
    const char *rest = filled_decision(step);
    for (guard_mem char *line = NULL; (line = filled_line(&rest, line));)
        page_element(out, "p", " class=said", line);
}

static const char *class_of(const char *verdict)
{
    static const char *const words[][2] = {{"passed", "good"}, {"", "open"},        {"skipped", "open"},
                                           {"undone", "open"}, {"stopped", "open"}, {"warned", "open"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], verdict) == 0)
            return words[i][1];
    return "bad";
}

static void add_step(text *out, const json_t *step)
{
    char at[CLOCK_TEXT], took[UNITS_TEXT];
    const char *title = filled_text(step, "title"), *verdict = filled_text(step, "verdict");
    text_puts(out, "<div class=step><span class=name>");
    page_text(out, *title ? title : filled_text(step, "id"));
    text_puts(out, " ");
    page_element(out, "code", "", filled_text(step, "kind"));
    filled_soak(out, step, " &middot; ");
    text_printf(out, "</span><span class=%s>%s</span>", class_of(verdict),
                *verdict                         ? verdict
                : *filled_text(step, "progress") ? "not ended"
                                                 : "not run");
    text_printf(out, "<span>%s</span><span>%s</span></div>\n",
                *verdict ? clock_show(filled_int(step, "at_ms"), at) : "",
                *verdict ? units_show_duration(filled_int(step, "duration_ms"), took) : "");
}

/* ---- boxes ------------------------------------------------------------------------------------------------------- */

/* The id of the first box that the step answers: what it measured stands there, once. */
static const char *first_box_of(const json_t *boxes, const char *id)
{
    size_t i, k;
    const json_t *box, *step;
    json_array_foreach(boxes, i, box)
        json_array_foreach(json_object_get(box, "steps"), k, step)
            if (strcmp(filled_text(step, "id"), id) == 0)
                return filled_text(box, "id");
    return "";
}

static void add_findings(text *out, const json_t *boxes, const json_t *box, const json_t *step)
{
    const char *first = first_box_of(boxes, filled_text(step, "id"));
    add_step(out, step);
    if (strcmp(first, filled_text(box, "id")) == 0) {
        add_measurements(out, step);
        add_decisions(out, step);
    } else if (json_array_size(json_object_get(step, "measurements"))) {
        text_puts(out, "<ul class=measured><li>measured: see ");
        page_text(out, first);
        text_puts(out, "</li></ul>\n");
    }
}

static void add_box(text *out, const json_t *boxes, const json_t *box)
{
    size_t i;
    const json_t *step;
    const char *state = filled_text(box, "state");
    const char *mark = strcmp(state, "ticked") == 0   ? "&#10003;"
                       : strcmp(state, "failed") == 0 ? "&#10007;"
                                                      : "&#9744;";
    text_printf(out, "<div class=\"box %s\" id=\"box-", state);
    page_text(out, filled_text(box, "id"));
    text_printf(out, "\"><span class=mark role=img aria-label=\"%s\">%s</span>", state, mark);
    page_element(out, "span", " class=id", filled_text(box, "id"));
    text_puts(out, "<div>");
    page_element(out, "div", " class=what", filled_text(box, "text"));
    if (*filled_text(box, "reason")) {
        guard_text why = {0};
        text_printf(&why, "%s: ", state);
        text_first_line(&why, filled_text(box, "reason"), " \u2026");
        page_element(out, "p", " class=why", text_get(&why));
    }
    json_array_foreach(json_object_get(box, "steps"), i, step)
        add_findings(out, boxes, box, step);
    text_puts(out, "</div></div>\n");
}

static void add_heading(text *out, const json_t *boxes, const char *section)
{
    size_t i;
    const json_t *box;
    int ticked = 0, total = 0;
    json_array_foreach(boxes, i, box) {
        const bool here = strcmp(filled_text(box, "section"), section) == 0;
        total += here;
        ticked += here && strcmp(filled_text(box, "state"), "ticked") == 0;
    }
    text_puts(out, "<h2>");
    page_element(out, "span", "", section);
    text_printf(out, "<small>%d of %d</small></h2>\n", ticked, total);
}

void page_boxes(text *out, const json_t *filled)
{
    size_t i;
    const json_t *box, *boxes = json_object_get(filled, "boxes");
    const char *section = "";
    json_array_foreach(boxes, i, box) {
        if (i == 0 || strcmp(section, filled_text(box, "section")) != 0) {
            section = filled_text(box, "section");
            add_heading(out, boxes, section);
        }
        add_box(out, boxes, box);
    }
}
