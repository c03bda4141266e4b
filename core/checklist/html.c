#include "checklist/checklist.h"

#include <string.h>

#include "base/clock.h"
#include "checklist/filled.h"

static const char style[] =
    ":root{color-scheme:light;--line:#d8dde3;--quiet:#5b6672;--good:#1a7f4b;--bad:#b42318;--open:#8a6100}"
    "*{box-sizing:border-box}"
    "body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;color:#1d2733;"
    "max-width:62rem;margin:2.5rem auto;padding:0 1.5rem}"
    "h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2rem 0 .4rem;padding-bottom:.3rem;"
    "border-bottom:2px solid #1d2733}"
    ".sum{font-size:1.05rem;margin:0 0 1.2rem}.bar{height:.5rem;background:var(--line);border-radius:.25rem;"
    "overflow:hidden;margin:.4rem 0 1.2rem}.bar i{display:block;height:100%;background:var(--good)}"
    "dl{display:grid;grid-template-columns:max-content 1fr max-content 1fr;gap:.15rem 1rem;margin:0}"
    "dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}"
    ".box{display:grid;grid-template-columns:1.6rem 3.2rem 1fr;gap:0 .5rem;padding:.55rem 0;"
    "border-bottom:1px solid var(--line);break-inside:avoid}"
    ".mark{font-weight:700;font-size:1.1rem;line-height:1.3}.ticked .mark{color:var(--good)}"
    ".failed .mark,.failed .why{color:var(--bad)}.open .mark,.open .why{color:var(--open)}"
    ".said{margin:.1rem 0 .1rem "
    "1rem;color:#1d2733;font-size:.95rem}.id{color:var(--quiet);font-variant-numeric:tabular-nums}.why{margin:.1rem 0}"
    "ul{list-style:none;margin:.15rem 0 0;padding:0;font-size:.85rem;color:var(--quiet)}"
    "li{margin:.1rem 0;overflow-wrap:anywhere}code{font-family:ui-monospace,'DejaVu Sans "
    "Mono',monospace;font-size:.95em}"
    "@media print{body{margin:0;max-width:none;font-size:12px}}"
    "@media(max-width:40rem){dl{grid-template-columns:max-content 1fr}}";

static void add_escaped(text *out, const char *s)
{
    static const struct {
        char plain;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (; *s; s++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            if (entities[i].plain == *s)
                entity = entities[i].entity;
        if (entity)
            text_puts(out, entity);
        else
            text_add(out, s, 1);
    }
}

static void add_element(text *out, const char *tag, const char *attributes, const char *content)
{
    text_printf(out, "<%s%s>", tag, attributes);
    add_escaped(out, content);
    text_printf(out, "</%s>", tag);
}

/* ---- boxes ------------------------------------------------------------------------------------------------------- */

/* Who decided what, when and why. */
static void add_decisions(text *out, const json_t *step)
{
    if (!filled_is_decision(step))
        return;
    for (const char *line = filled_text(step, "summary"); *line; line += strcspn(line, "\n"), line += *line == '\n') {
        guard_mem char *one = mem_dup_n(line, strcspn(line, "\n"));
        add_element(out, "p", " class=said", one);
    }
}

static void add_step(text *out, const json_t *step)
{
    char at[CLOCK_TEXT], took[UNITS_TEXT];
    size_t i;
    const json_t *measurement;
    const char *title = filled_text(step, "title"), *verdict = filled_text(step, "verdict");
    text_puts(out, "<li>");
    add_escaped(out, *title ? title : filled_text(step, "id"));
    text_puts(out, " ");
    add_element(out, "code", "", filled_text(step, "kind"));
    if (*verdict)
        text_printf(out, " %s &middot; %s &middot; %s", verdict, clock_show(filled_int(step, "at_ms"), at),
                    units_show_duration(filled_int(step, "duration_ms"), took));
    filled_soak(out, step, " &middot; ");
    json_array_foreach(json_object_get(step, "measurements"), i, measurement) {
        guard_text shown = {0};
        filled_measurement(&shown, measurement);
        text_puts(out, i ? " &middot; " : "<br>");
        add_escaped(out, text_get(&shown));
    }
    add_decisions(out, step);
    text_puts(out, "</li>\n");
}

static void add_box(text *out, const json_t *box)
{
    size_t i;
    const json_t *step;
    const char *state = filled_text(box, "state");
    const char *mark = strcmp(state, "ticked") == 0   ? "&#10003;"
                       : strcmp(state, "failed") == 0 ? "&#10007;"
                                                      : "&#9744;";
    text_printf(out, "<div class=\"box %s\"><span class=mark title=\"%s\">%s</span>", state, state, mark);
    add_element(out, "span", " class=id", filled_text(box, "id"));
    text_puts(out, "<div>");
    add_escaped(out, filled_text(box, "text"));
    if (*filled_text(box, "reason")) {
        guard_text why = {0};
        text_printf(&why, "%s: ", state);
        text_first_line(&why, filled_text(box, "reason"), " \u2026");
        add_element(out, "p", " class=why", text_get(&why));
    }
    text_puts(out, "<ul>\n");
    json_array_foreach(json_object_get(box, "steps"), i, step)
        add_step(out, step);
    text_puts(out, "</ul></div></div>\n");
}

static void add_boxes(text *out, const json_t *filled)
{
    size_t i;
    const json_t *box;
    const char *section = "";
    json_array_foreach(json_object_get(filled, "boxes"), i, box) {
        if (strcmp(section, filled_text(box, "section")) != 0) {
            section = filled_text(box, "section");
            add_element(out, "h2", "", section);
            text_puts(out, "\n");
        }
        add_box(out, box);
    }
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

static void add_head(text *out, const json_t *filled)
{
    static const char *const rows[] = {"version", "environment", "previous", "state", "commit", "run", "user", "host"};
    char at[CLOCK_TEXT];
    guard_text sets = {0};
    filled_sets(&sets, filled);
    const int ticked = (int)filled_int(filled, "ticked"), total = (int)filled_int(filled, "total");
    add_element(out, "h1", "", filled_text(filled, "title"));
    text_printf(out,
                "<p class=sum><b>%d of %d</b> boxes are ticked by evidence.</p><div class=bar><i "
                "style=\"width:%d%%\"></i></div>\n<dl>",
                ticked, total, total ? 100 * ticked / total : 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        add_element(out, "dt", "", rows[i]);
        add_element(out, "dd", "", *filled_text(filled, rows[i]) ? filled_text(filled, rows[i]) : "-");
    }
    if (sets.count) {
        add_element(out, "dt", "", "set");
        add_element(out, "dd", "", text_get(&sets));
    }
    add_element(out, "dt", "", "started");
    add_element(out, "dd", "", clock_show(filled_int(filled, "started_ms"), at));
    add_element(out, "dt", "", "ended");
    add_element(out, "dd", "", clock_show(filled_int(filled, "ended_ms"), at));
    text_puts(out, "</dl>\n");
}

void checklist_html(text *out, const json_t *filled)
{
    text_puts(out, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
                   "<meta name=viewport content=\"width=device-width,initial-scale=1\">");
    add_element(out, "title", "", filled_text(filled, "title"));
    text_printf(out, "<style>%s</style></head><body>\n", style);
    add_head(out, filled);
    add_boxes(out, filled);
    text_puts(out, "</body></html>\n");
}
