#include "report/story.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "report/summary.h"
#include "report/width.h"

#define TIME_COLUMNS           10 /* "18:45:12  " */
#define VERDICT_COLUMNS        13
#define STORY_DURATION_COLUMNS 12
#define ID_COLUMNS_MAX         24
#define ABOUT_COLUMNS_MAX      36
#define ACTIVITY_COLUMNS_MAX   120 /* of what a running step is about */

story story_new(style look, bool words, bool verbose)
{
    return (story){.layout = {.style = look, .margin = words ? TIME_COLUMNS : 0},
                   .words = words,
                   .verbose = verbose,
                   .stage = SIZE_MAX};
}

/* A line that begins with the event's time where the story tells times. */
static void say(const story *t, const json_t *event, text *out, const char *line)
{
    layout l = t->layout;
    guard_text timed = {0};
    const char *at = event_text(event, "at");
    if (t->words && strlen(at) > 19)
        text_printf(&timed, "%.8s  ", at + 11);
    text_puts(&timed, line);
    if (timed.count > strlen(line))
        l.margin = 0;
    layout_line(out, &l, text_get(&timed));
}

/* Begins a step's line with its verdict, in words or as a mark. */
static void add_word(const story *t, const char *word, style_ink ink, text *line)
{
    guard_text padded = {0};
    width_pad(&padded, word, t->words ? VERDICT_COLUMNS : 1, t->layout.style.unicode);
    text_puts(line, "  ");
    style_add(line, &t->layout.style, ink, "%s ", text_get(&padded));
}

static const char *about(const view_step *s)
{
    return *s->title ? s->title : s->kind;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void story_add_names(const story *t, const view_step *s, text *line)
{
    const style *look = &t->layout.style;
    size_t id = t->id_columns, what = t->about_columns;
    if (t->layout.columns) { /* on a narrow terminal the figures matter more */
        id = smaller(id, t->layout.columns / 3);
        size_t fixed = id + STORY_DURATION_COLUMNS + 24;
        what = t->layout.columns > fixed + 8 ? smaller(what, t->layout.columns - fixed) : 0;
    }
    width_pad(line, s->id, id, look->unicode);
    if (what == 0)
        return;
    guard_text clean = {0}, padded = {0};
    width_clean(&clean, about(s), look->unicode);
    width_pad(&padded, text_get(&clean), what, look->unicode);
    style_add(line, look, INK_DIM, "  %s", text_get(&padded));
}

/* ---- what runs --------------------------------------------------------------------------------------------------- */

char *story_show_elapsed(int64_t ms, char buf[UNITS_TEXT])
{
    if (ms >= 60000)
        return units_show_duration(ms, buf);
    snprintf(buf, UNITS_TEXT, "%d s", (int)(ms / 1000));
    return buf;
}

/* "3 of 7", "43 %", "12"; nothing when there is no number. */
static void add_amount(const view_step *s, text *t)
{
    if (s->all >= 10000)
        text_printf(t, "%d %%", (int)(100.0 * (double)s->done / (double)s->all));
    else if (s->all > 0)
        text_printf(t, "%" PRId64 " of %" PRId64, s->done, s->all);
    else if (s->done > 0)
        text_printf(t, "%" PRId64, s->done);
}

void story_add_activity(const story *t, const view_step *s, text *line)
{
    static const char *const words[][2] = {
        {"prepare", "checking"}, {"verify", "verifying"}, {"rollback", "undoing"}, {"discard", "letting go"}};
    guard_text raw = {0}, whole = {0};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], s->phase) == 0)
            text_puts(&raw, words[i][1]);
    guard_text amount = {0};
    add_amount(s, &amount);
    if (amount.count)
        text_printf(&raw, "%s%s", raw.count ? " " : "", text_get(&amount));
    if (*s->what)
        text_printf(&raw, "%s%s", raw.count ? " " : "", s->what);
    else if (s->trouble.verdict == VIEW_NOT_YET && strcmp(s->phase, "verify") == 0 && *s->trouble.summary) {
        text_puts(&raw, ": ");
        text_first_line(&raw, s->trouble.summary, " ...");
    }
    width_clean(&whole, text_get(&raw), t->layout.style.unicode);
    width_cut(line, text_get(&whole), ACTIVITY_COLUMNS_MAX, t->layout.style.unicode);
}

void story_tell_running(const story *t, const view *v, int64_t now_ms, text *out)
{
    json_t *now = event_new(NULL, "");
    for (size_t i = 0; i < v->steps.count; i++) {
        const view_step *s = &v->steps.items[i];
        char elapsed[UNITS_TEXT];
        if (!*s->phase)
            continue;
        guard_text line = {0}, activity = {0};
        add_word(t, "running", INK_PLAIN, &line);
        story_add_names(t, s, &line);
        story_add_activity(t, s, &activity);
        text_printf(&line, "%*s  %s", STORY_DURATION_COLUMNS, story_show_elapsed(now_ms - s->since_ms, elapsed),
                    text_get(&activity));
        say(t, now, out, text_get(&line));
    }
    json_decref(now);
}

/* ---- the beginning ----------------------------------------------------------------------------------------------- */

static void set_columns(story *t, const view *v)
{
    for (size_t i = 0; i < v->steps.count; i++) {
        size_t id = smaller(width_of(v->steps.items[i].id), ID_COLUMNS_MAX);
        size_t what = smaller(width_of(about(&v->steps.items[i])), ABOUT_COLUMNS_MAX);
        t->id_columns = id > t->id_columns ? id : t->id_columns;
        t->about_columns = what > t->about_columns ? what : t->about_columns;
    }
}

static void add_title(text *line, const view *v)
{
    static const char *const before[] = {[VIEW_MODE_RUN] = "",
                                         [VIEW_MODE_PLAN] = "plan of ",
                                         [VIEW_MODE_TRY] = "trying ",
                                         [VIEW_MODE_ROLLBACK] = "taking back ",
                                         [VIEW_MODE_DISCARD] = "letting go of what rollback kept of "};
    text_puts(line, v->resumed ? "resuming " : before[v->mode]);
    if (v->mode == VIEW_MODE_TRY) {
        text_puts(line, v->steps.count ? v->steps.items[0].kind : v->pipeline);
        return;
    }
    text_printf(line, "%s%s%s", v->pipeline, *v->version ? " " : "", v->version);
    text_printf(line, "%s%s", v->mode == VIEW_MODE_ROLLBACK ? " on " : " to ", v->environment);
    if (v->mode == VIEW_MODE_RUN || v->mode == VIEW_MODE_PLAN)
        text_printf(line, *v->previous ? ", where %s is" : ", its first deploy", v->previous);
}

static void on_run_start(story *t, const view *v, const json_t *event, text *out)
{
    layout l = t->layout;
    guard_text title = {0}, origin = {0};
    const char *dot = style_pick(&l.style, " \u00b7 ", ", ");
    const char *at = event_text(event, "at");
    l.margin = 0;
    set_columns(t, v);
    add_title(&title, v);
    layout_paragraph(out, &l, 0, INK_BOLD, "%s", text_get(&title));
    if (*v->run)
        text_printf(&origin, "run %s%s", v->run, dot);
    text_printf(&origin, "%.10s %.8s UTC", at, strlen(at) > 19 ? at + 11 : "");
    if (*v->file)
        text_printf(&origin, "%s%s", dot, v->file);
    layout_paragraph(out, &l, 0, INK_DIM, "%s", text_get(&origin));
    text_puts(out, "\n");
}

/* ---- stages and steps -------------------------------------------------------------------------------------------- */

/* Tells the name of the step's stage, once. */
static void tell_stage(story *t, const view *v, const view_step *s, const json_t *event, text *out)
{
    if (t->stage == s->stage)
        return;
    t->stage = s->stage;
    const view_stage *stage = &v->stages.items[s->stage];
    guard_text line = {0};
    if (stage->rollback && v->back)
        style_add(&line, &t->layout.style, INK_BOLD, *v->previous ? "bringing %s back" : "after the undo", v->previous);
    else
        style_add(&line, &t->layout.style, INK_BOLD, "%s", stage->name);
    say(t, event, out, text_get(&line));
}

static void tell_checked(story *t, const view *v, const json_t *event, text *out)
{
    char took[UNITS_TEXT];
    size_t n = 0;
    if (t->checked)
        return;
    t->checked = true;
    for (size_t i = 0; i < v->steps.count; i++)
        n += v->steps.items[i].prepared;
    if (n < 2 || v->mode != VIEW_MODE_RUN)
        return;
    const view_step *s = view_step_of(v, event);
    guard_text line = {0};
    text_printf(&line, "checked %zu steps, nothing is touched yet", n);
    if (s && s->since_ms - v->since_ms >= 1000)
        text_printf(&line, " (%s)", units_show_duration(s->since_ms - v->since_ms, took));
    say(t, event, out, text_get(&line));
}

static void on_phase_start(story *t, const view *v, const json_t *event, text *out)
{
    const view_step *s = view_step_of(v, event);
    if (!s || strcmp(s->phase, "prepare") == 0)
        return;
    tell_checked(t, v, event, out);
    if (v->stages.items[s->stage].diagnose) /* what it finds is told, and that it was looked for only live */
        return;
    bool undo = strcmp(s->phase, "rollback") == 0;
    if (!undo && strcmp(s->phase, "discard") != 0)
        tell_stage(t, v, s, event, out);
    const view_trouble *trouble = undo ? &s->undo_trouble : &s->trouble;
    if (s->attempt > 1 && view_verdict_is_bad(trouble->verdict) && strcmp(trouble->phase, s->phase) == 0)
        layout_paragraph(out, &t->layout, 4, INK_YELLOW, "%s, %s: %s; try %d", s->id, s->phase, trouble->summary,
                         s->attempt);
}

static void add_verdict(const story *t, view_verdict verdict, text *line)
{
    const style *look = &t->layout.style;
    add_word(t, t->words ? view_verdict_word(verdict) : layout_mark(look, verdict), layout_ink(verdict), line);
}

/* Appends the step's good figures, side by side: all of them, or only those that have no limit. */
static void add_figures(const story *t, const view_step *s, bool all, text *line)
{
    char none[] = "";
    for (size_t i = 0; i < s->measurement_count; i++) {
        view_measurement bare = s->measurements[i];
        if (bare.verdict != VIEW_PASSED || (!all && *bare.threshold))
            continue;
        bare.threshold = none;
        text_puts(line, line->count ? style_pick(&t->layout.style, " \u00b7 ", ", ") : "");
        layout_measurement(line, &t->layout.style, &bare);
    }
}

/* Behind the step's names, on a terminal: what it came to unless all is well, and its figures. */
static void add_remarks(const story *t, const view_step *s, view_verdict verdict, text *line)
{
    const style *look = &t->layout.style;
    guard_text figures = {0};
    if (verdict != VIEW_PASSED && verdict != VIEW_UNDONE)
        style_add(line, look, layout_ink(verdict), "  %s", view_verdict_word(verdict));
    if (verdict == VIEW_PASSED || verdict == VIEW_WARNED)
        add_figures(t, s, true, &figures);
    if (figures.count)
        style_add(line, look, INK_DIM, "  %s", text_get(&figures));
}

/* The step's figures below its line: those that are bad, and in words also the others. */
static void tell_measurements(const story *t, const view_step *s, text *out)
{
    guard_text figures = {0};
    if (t->words)
        add_figures(t, s, false, &figures);
    if (figures.count)
        layout_paragraph(out, &t->layout, 6, INK_DIM, "%s", text_get(&figures));
    for (size_t i = 0; i < s->measurement_count; i++) {
        const view_measurement *m = &s->measurements[i];
        guard_text line = {0};
        layout_measurement(&line, &t->layout.style, m);
        if (m->verdict != VIEW_PASSED)
            layout_paragraph(out, &t->layout, 6, layout_ink(m->verdict), "%s: %s", view_verdict_word(m->verdict),
                             text_get(&line));
        else if (t->words && *m->threshold)
            layout_paragraph(out, &t->layout, 6, INK_DIM, "%s", text_get(&line));
    }
}

static void tell_trouble(const story *t, const view_trouble *trouble, style_ink ink, text *out)
{
    if (trouble->verdict == VIEW_NONE)
        return;
    if (*trouble->option)
        layout_paragraph(out, &t->layout, 6, ink, "%s, option '%s': %s", trouble->phase, trouble->option,
                         trouble->summary);
    else
        layout_paragraph(out, &t->layout, 6, ink, "%s: %s", trouble->phase,
                         *trouble->summary ? trouble->summary : view_verdict_word(trouble->verdict));
    if (*trouble->hint)
        layout_paragraph(out, &t->layout, 6, INK_PLAIN, "do: %s", trouble->hint);
}

static void on_step_end(story *t, const view *v, const json_t *event, text *out)
{
    char took[UNITS_TEXT];
    const view_step *s = view_step_of(v, event);
    if (!s || v->mode == VIEW_MODE_PLAN)
        return;
    view_verdict verdict = view_verdict_parse(event_text(event, "verdict"));
    if (v->stages.items[s->stage].diagnose && !t->verbose && verdict != VIEW_ERROR)
        return;
    bool undo = verdict == s->undo && verdict != s->verdict;
    if (!undo)
        tell_stage(t, v, s, event, out);
    guard_text line = {0};
    add_verdict(t, verdict, &line);
    story_add_names(t, s, &line);
    text_printf(&line, "%*s", STORY_DURATION_COLUMNS,
                verdict == VIEW_SKIPPED ? "" : units_show_duration(event_int(event, "duration_ms"), took));
    if (!t->words)
        add_remarks(t, s, verdict, &line);
    say(t, event, out, text_get(&line));
    if (!undo)
        tell_measurements(t, s, out);
    if (verdict == VIEW_WARNED || view_verdict_is_bad(verdict))
        tell_trouble(t, undo ? &s->undo_trouble : &s->trouble, layout_ink(verdict), out);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static void on_run_state(story *t, const view *v, const json_t *event, text *out)
{
    guard_text line = {0};
    bool back = strcmp(v->state, "rolling back") == 0;
    if (!back && strcmp(v->state, "paused") != 0)
        return;
    t->stage = SIZE_MAX;
    if (!t->words)
        text_puts(out, "\n");
    style_add(&line, &t->layout.style, INK_YELLOW, "%s", v->state);
    say(t, event, out, text_get(&line));
    guard_mem char *reason = view_reason(v);
    if (*reason)
        layout_paragraph(out, &t->layout, 2, INK_PLAIN, text_starts(reason, "because ") ? "%s" : "because %s", reason);
}

static void on_diagnosis(story *t, const view *v, const json_t *event, text *out)
{
    char took[UNITS_TEXT];
    (void)event;
    for (size_t i = 0; i < v->found.count; i++)
        layout_paragraph(out, &t->layout, 2, INK_BOLD, "found: %s", v->found.items[i]);
    if (v->found.count == 0)
        layout_paragraph(out, &t->layout, 2, INK_DIM, "the diagnosis found nothing that explains it (%s)",
                         units_show_duration(event_int(event, "duration_ms"), took));
}

/* Who tries a collector alone watches it; in a run the best are told together. */
static void on_finding(story *t, const view *v, const json_t *event, text *out)
{
    if (t->verbose || v->mode == VIEW_MODE_TRY)
        layout_paragraph(out, &t->layout, 6, INK_PLAIN, "%s: found (%d): %s", event_text(event, "step"),
                         (int)event_int(event, "weight"), event_text(event, "text"));
}

static void on_log(story *t, const view *v, const json_t *event, text *out)
{
    int64_t level = event_int(event, "level");
    if (level < 2 && !t->verbose)
        return;
    (void)v;
    layout_paragraph(out, &t->layout, 6,
                     level > 2    ? INK_RED
                     : level == 2 ? INK_YELLOW
                                  : INK_DIM,
                     "%s: %s", event_text(event, "step"), event_text(event, "line"));
}

static void on_output(story *t, const view *v, const json_t *event, text *out)
{
    (void)v;
    if (t->verbose)
        layout_paragraph(out, &t->layout, 6, INK_DIM, "%s: %s = %s", event_text(event, "step"),
                         event_text(event, "name"), event_text(event, "value"));
}

/* Who tries a step alone watches it. */
static void on_phase_end(story *t, const view *v, const json_t *event, text *out)
{
    char took[UNITS_TEXT];
    if (t->verbose && v->mode == VIEW_MODE_TRY)
        layout_paragraph(out, &t->layout, 6, INK_DIM, "%s: %s: %s in %s", event_text(event, "step"),
                         event_text(event, "phase"), event_text(event, "verdict"),
                         units_show_duration(event_int(event, "duration_ms"), took));
}

static void on_remember(story *t, const view *v, const json_t *event, text *out)
{
    (void)v;
    if (t->verbose)
        layout_paragraph(out, &t->layout, 6, INK_DIM, "%s: undo record %s = %s", event_text(event, "step"),
                         event_text(event, "key"), event_text(event, "value"));
}

static void on_note(story *t, const view *v, const json_t *event, text *out)
{
    (void)v;
    layout_paragraph(out, &t->layout, 2, INK_DIM, "%s", event_text(event, "text"));
}

static void on_warning(story *t, const view *v, const json_t *event, text *out)
{
    (void)v;
    layout_paragraph(out, &t->layout, 2, INK_YELLOW, "warning: %s", event_text(event, "text"));
    if (*event_text(event, "hint"))
        layout_paragraph(out, &t->layout, 4, INK_PLAIN, "do: %s", event_text(event, "hint"));
}

static void on_run_end(story *t, const view *v, const json_t *event, text *out)
{
    (void)event;
    layout l = t->layout;
    l.margin = 0;
    if (v->mode == VIEW_MODE_PLAN)
        summary_add_plan(out, &l, v);
    else
        summary_add(out, &l, v);
}

static const struct {
    const char *type;
    void (*tell)(story *t, const view *v, const json_t *event, text *out);
} tellers[] = {
    {"run.start", on_run_start},     {"run.state", on_run_state},
    {"run.end", on_run_end},         {"step.end", on_step_end},
    {"phase.start", on_phase_start}, {"log", on_log},
    {"output", on_output},           {"note", on_note},
    {"phase.end", on_phase_end},     {"remember", on_remember},
    {"warning", on_warning},         {"diagnosis", on_diagnosis},
    {"finding", on_finding},
};

void story_tell(story *t, const view *v, const json_t *event, text *out)
{
    for (size_t i = 0; i < sizeof tellers / sizeof *tellers; i++)
        if (strcmp(tellers[i].type, event_text(event, "type")) == 0)
            tellers[i].tell(t, v, event, out);
}
