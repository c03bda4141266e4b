#include "checklist/checklist.h"

#include <string.h>

#include "base/clock.h"
#include "checklist/filled.h"
#include "checklist/page.h"

/* ---- how it came out --------------------------------------------------------------------------------------------- */

static int count(const json_t *filled, const char *state)
{
    size_t i;
    const json_t *box;
    int n = 0;
    json_array_foreach(json_object_get(filled, "boxes"), i, box)
        n += strcmp(filled_text(box, "state"), state) == 0;
    return n;
}

static void add_title(text *out, const json_t *filled)
{
    const char *state = filled_text(filled, "state");
    const bool good = strcmp(state, "committed") == 0;
    const bool live = strcmp(state, "running") == 0 || strcmp(state, "paused") == 0;
    text_puts(out, "<header>");
    page_element(out, "h1", "", filled_text(filled, "title"));
    text_printf(out, "<span class=\"badge %s\">%s</span></header>\n", good ? "good" : live ? "open" : "bad", state);
}

static void add_sum(text *out, const json_t *filled)
{
    const int ticked = count(filled, "ticked"), failed = count(filled, "failed"), open = count(filled, "open");
    const int total = ticked + failed + open;
    text_printf(out, "<p class=sum><b>%d of %d</b> boxes are ticked by evidence", ticked, total);
    if (failed)
        text_printf(out, ", <b class=bad>%d failed</b>", failed);
    if (open)
        text_printf(out, ", <b class=open>%d %s open</b>", open, open == 1 ? "is" : "are");
    text_printf(out, ".</p><div class=bar><i style=\"width:%.2f%%\"></i><i style=\"width:%.2f%%\"></i></div>\n",
                total ? 100.0 * ticked / total : 0, total ? 100.0 * failed / total : 0);
}

/* ---- facts ------------------------------------------------------------------------------------------------------- */

static void add_fact(text *out, const char *name, const char *value, bool wide)
{
    page_element(out, "dt", "", name);
    page_element(out, "dd", wide ? " class=wide" : "", *value ? value : "-");
}

static void add_facts(text *out, const json_t *filled)
{
    static const char *const rows[] = {"version", "environment", "previous", "run", "user", "host"};
    char at[CLOCK_TEXT], took[UNITS_TEXT];
    const int64_t started = filled_int(filled, "started_ms"), ended = filled_int(filled, "ended_ms");
    guard_text sets = {0}, end = {0};
    text_puts(out, "<dl>");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add_fact(out, rows[i], filled_text(filled, rows[i]), false);
    add_fact(out, "started", clock_show(started, at), false);
    text_puts(&end, clock_show(ended, at));
    if (ended)
        text_printf(&end, ", after %s", units_show_duration(ended - started, took));
    add_fact(out, "ended", text_get(&end), false);
    add_fact(out, "commit", filled_text(filled, "commit"), true);
    filled_sets(&sets, filled);
    if (sets.count)
        add_fact(out, "set", text_get(&sets), true);
    if (*filled_text(filled, "reason"))
        add_fact(out, "because", filled_text(filled, "reason"), true);
    text_puts(out, "</dl>\n");
}

/* ---- what is not ticked, before everything else ------------------------------------------------------------------ */

/* Of an open box the reason names its step first; what is open for the same reason stands together. */
static const char *reason_of(const json_t *box)
{
    const char *reason = filled_text(box, "reason"), *colon = strstr(reason, ": ");
    return colon && strcmp(filled_text(box, "state"), "open") == 0 ? colon + 2 : reason;
}

static bool same_reason(const json_t *a, const json_t *b)
{
    return strcmp(filled_text(a, "state"), filled_text(b, "state")) == 0 && strcmp(reason_of(a), reason_of(b)) == 0;
}

/* A line for all boxes with the reason of box number `first`, unless a box before it has that reason. */
static void add_left(text *out, const json_t *boxes, size_t first)
{
    size_t i;
    const json_t *box, *leader = json_array_get(boxes, first);
    guard_text why = {0};
    text_first_line(&why, reason_of(leader), " \u2026");
    for (i = 0; i < first; i++)
        if (same_reason(json_array_get(boxes, i), leader))
            return;
    text_printf(out, "<p class=%s>", filled_text(leader, "state"));
    json_array_foreach(boxes, i, box) {
        if (!same_reason(box, leader))
            continue;
        text_puts(out, i == first ? "<a href=\"#box-" : ", <a href=\"#box-");
        page_text(out, filled_text(box, "id"));
        text_puts(out, "\">");
        page_text(out, filled_text(box, "id"));
        text_puts(out, "</a>");
    }
    text_puts(out, ": ");
    page_text(out, text_get(&why));
    text_puts(out, "</p>\n");
}

static void add_all_left(text *out, const json_t *filled)
{
    static const char *const states[] = {"failed", "open"};
    const json_t *boxes = json_object_get(filled, "boxes");
    if (!count(filled, "failed") && !count(filled, "open"))
        return;
    text_puts(out, "<div class=left><p><b>Not ticked</b></p>\n");
    for (size_t s = 0; s < sizeof states / sizeof *states; s++)
        for (size_t i = 0; i < json_array_size(boxes); i++)
            if (strcmp(filled_text(json_array_get(boxes, i), "state"), states[s]) == 0)
                add_left(out, boxes, i);
    text_puts(out, "</div>\n");
}

void checklist_html(text *out, const json_t *filled)
{
    text_puts(out, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
                   "<meta name=viewport content=\"width=device-width,initial-scale=1\">");
    page_element(out, "title", "", filled_text(filled, "title"));
    text_puts(out, "<style>");
    for (const char *const *piece = page_style; *piece; piece++)
        text_puts(out, *piece);
    text_puts(out, "</style></head><body>\n");
    add_title(out, filled);
    add_sum(out, filled);
    add_facts(out, filled);
    add_all_left(out, filled);
    page_boxes(out, filled);
    page_sign_off(out, filled);
    text_puts(out, "</body></html>\n");
}
