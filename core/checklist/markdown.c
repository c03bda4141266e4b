#include "checklist/checklist.h"

#include <string.h>

#include "base/clean.h"
#include "base/clock.h"
#include "checklist/filled.h"

/* A text within a line: what Markdown would read as markup is escaped. */
static void add_plain(text *out, const char *s)
{
    guard_text first = {0}, line = {0};
    text_first_line(&first, s, " \u2026");
    clean_text(&line, text_get(&first));
    for (const char *c = text_get(&line); *c; c++) {
        if (strchr("\\`*_[]<>|#", *c))
            text_puts(out, "\\");
        text_add(out, c, 1);
    }
}

static void add_step(text *out, const json_t *step)
{
    char at[CLOCK_TEXT], took[UNITS_TEXT];
    size_t i;
    const json_t *measurement;
    text_puts(out, "  - ");
    add_plain(out, filled_text(step, "id"));
    text_printf(out, " (`%s`)", filled_text(step, "kind"));
    if (!*filled_text(step, "verdict")) {
        text_puts(out, *filled_text(step, "progress") ? ": not ended\n" : ": not run\n");
        return;
    }
    text_printf(out, ": %s at %s in %s", filled_text(step, "verdict"), clock_show(filled_int(step, "at_ms"), at),
                units_show_duration(filled_int(step, "duration_ms"), took));
    filled_soak(out, step, "; ");
    json_array_foreach(json_object_get(step, "measurements"), i, measurement) {
        guard_text shown = {0};
        filled_measurement(&shown, measurement);
        text_puts(out, i ? "; " : "; measured ");
        add_plain(out, text_get(&shown));
    }
    text_puts(out, "\n");
}

/* Who decided what, when and why. */
static void add_decisions(text *out, const json_t *step)
{
    const char *rest = filled_decision(step);
    for (guard_mem char *line = NULL; (line = filled_line(&rest, line));) {
        text_puts(out, "    - ");
        add_plain(out, line);
        text_puts(out, "\n");
    }
}

static void add_box(text *out, const json_t *box)
{
    size_t i;
    const json_t *step;
    const bool ticked = strcmp(filled_text(box, "state"), "ticked") == 0;
    text_printf(out, "- [%s] **%s** ", ticked ? "x" : " ", filled_text(box, "id"));
    add_plain(out, filled_text(box, "text"));
    text_puts(out, "\n");
    if (!ticked) {
        text_printf(out, "  - **%s**: ", filled_text(box, "state"));
        add_plain(out, filled_text(box, "reason"));
        text_puts(out, "\n");
    }
    json_array_foreach(json_object_get(box, "steps"), i, step) {
        add_step(out, step);
        add_decisions(out, step);
    }
}

static void add_head(text *out, const json_t *filled)
{
    static const char *const rows[] = {"run",   "version", "previous", "commit", "environment",
                                       "state", "reason",  "user",     "host"};
    char at[CLOCK_TEXT];
    guard_text sets = {0};
    text_puts(out, "# ");
    add_plain(out, filled_text(filled, "title"));
    text_printf(out, "\n\n**%d of %d boxes are ticked by evidence.**\n\n| | |\n|---|---|\n",
                (int)filled_int(filled, "ticked"), (int)filled_int(filled, "total"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!*filled_text(filled, rows[i]))
            continue;
        text_printf(out, "| %s | ", rows[i]);
        add_plain(out, filled_text(filled, rows[i]));
        text_puts(out, " |\n");
    }
    filled_sets(&sets, filled);
    if (sets.count) {
        text_puts(out, "| set | ");
        add_plain(out, text_get(&sets));
        text_puts(out, " |\n");
    }
    text_printf(out, "| started | %s |\n", clock_show(filled_int(filled, "started_ms"), at));
    text_printf(out, "| ended | %s |\n", clock_show(filled_int(filled, "ended_ms"), at));
}

void checklist_markdown(text *out, const json_t *filled)
{
    size_t i;
    const json_t *box;
    const char *section = "";
    add_head(out, filled);
    json_array_foreach(json_object_get(filled, "boxes"), i, box) {
        if (strcmp(section, filled_text(box, "section")) != 0) {
            section = filled_text(box, "section");
            text_puts(out, "\n## ");
            add_plain(out, section);
            text_puts(out, "\n\n");
        }
        add_box(out, box);
    }
}
