/* The live view: finished lines stay and scroll away as in any log; below them a block of a few lines is redrawn: what
 * runs now, where the run stands, how long it takes. Each redraw is one write; the cursor is hidden only within it, so
 * that a killed process leaves a sane terminal. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "report/outlet.h"
#include "report/story.h"
#include "report/width.h"

#define DEFAULT_COLUMNS 80
#define DEFAULT_ROWS    24
#define BAR_CELLS       10
#define REDRAW_MS       50 /* events that come faster are drawn together */

typedef struct block {
    char **items;
    size_t count, room;
} block;

typedef struct live {
    outlet out;
    view *view;
    story story;
    size_t columns, rows;
    text settled; /* lines to stay that are not on the terminal yet */
    block drawn;  /* the block as the terminal shows it */
    int64_t drawn_ms;
    bool held; /* nothing is drawn: somebody types */
} live;

static void block_done(block *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->items[i]);
    free(b->items);
    *b = (block){0};
}

/* ---- what the block holds ---------------------------------------------------------------------------------------- */

/* Adds a line of the block, cut so that it never reaches the last column: no terminal wraps it. */
static void add_line(const live *l, block *b, const char *line)
{
    guard_text cut = {0};
    width_cut(&cut, line, l->columns - 1, l->story.layout.style.unicode);
    mem_reserve(b);
    b->items[b->count++] = text_take(&cut);
}

static const char *spinner(const style *look, int64_t now_ms)
{
    static const char *const fine[] = {"\u280b", "\u2819", "\u2839", "\u2838", "\u283c",
                                       "\u2834", "\u2826", "\u2827", "\u2807", "\u280f"};
    static const char *const coarse[] = {"|", "/", "-", "\\"};
    size_t frame = (size_t)(now_ms / 100);
    return look->unicode ? fine[frame % 10] : coarse[frame % 4];
}

static void add_bar(const style *look, const view_step *s, text *line)
{
    if (s->all <= 0)
        return;
    int64_t done = s->done > s->all ? s->all : s->done;
    size_t full = (size_t)(BAR_CELLS * ((double)done / (double)s->all));
    guard_text filled = {0}, empty = {0};
    for (size_t i = 0; i < BAR_CELLS; i++)
        text_puts(i < full ? &filled : &empty,
                  i < full ? style_pick(look, "\u2501", "#") : style_pick(look, "\u2500", "."));
    style_add(line, look, INK_GREEN, "%s", text_get(&filled));
    style_add(line, look, INK_DIM, "%s", text_get(&empty));
    text_puts(line, "  ");
}

static void add_running_step(const live *l, block *b, const view_step *s, int64_t now_ms, bool with_log)
{
    char elapsed[UNITS_TEXT];
    const style *look = &l->story.layout.style;
    guard_text line = {0}, log = {0}, clean = {0};
    bool undo = strcmp(s->phase, "rollback") == 0;
    text_puts(&line, "  ");
    style_add(&line, look, undo ? INK_YELLOW : INK_GREEN, "%s ", spinner(look, now_ms));
    story_add_names(&l->story, s, &line);
    text_printf(&line, "%*s  ", STORY_DURATION_COLUMNS, story_show_elapsed(now_ms - s->since_ms, elapsed));
    add_bar(look, s, &line);
    story_add_activity(&l->story, s, &line);
    add_line(l, b, text_get(&line));
    if (!with_log || !*s->line)
        return;
    width_clean(&clean, s->line, look->unicode);
    style_add(&log, look, INK_DIM, "      %s", text_get(&clean));
    add_line(l, b, text_get(&log));
}

/* The steps that run, in at most room lines. */
static void add_running(const live *l, block *b, int64_t now_ms, size_t room)
{
    const view *v = l->view;
    size_t running = 0, shown = 0;
    for (size_t i = 0; i < v->steps.count; i++)
        running += *v->steps.items[i].phase != '\0';
    bool with_log = 2 * running <= room;
    for (size_t i = 0; i < v->steps.count && shown < running; i++) {
        if (!*v->steps.items[i].phase)
            continue;
        if (shown + 1 >= room && running > room) {
            guard_mem char *more = mem_printf("    and %zu more", running - shown);
            add_line(l, b, more);
            return;
        }
        add_running_step(l, b, &v->steps.items[i], now_ms, with_log);
        shown++;
    }
}

/* While all steps are prepared, one line for all of them. */
static void add_checking(const live *l, block *b, int64_t now_ms)
{
    const view *v = l->view;
    const style *look = &l->story.layout.style;
    size_t prepared = 0;
    const char *id = "";
    for (size_t i = 0; i < v->steps.count; i++) {
        prepared += v->steps.items[i].prepared;
        id = *v->steps.items[i].phase ? v->steps.items[i].id : id;
    }
    guard_text line = {0};
    text_puts(&line, "  ");
    style_add(&line, look, INK_GREEN, "%s ", spinner(look, now_ms));
    text_printf(&line, "checking, nothing is touched yet: %zu of %zu  ", prepared, v->steps.count);
    style_add(&line, look, INK_DIM, "%s", id);
    add_line(l, b, text_get(&line));
}

static bool is_current(const view_stage *stage)
{
    return stage->started && !stage->ended;
}

/* The stage's waiting steps: "then tags, sizes". */
static void add_next(const live *l, block *b)
{
    const view *v = l->view;
    guard_text names = {0}, line = {0};
    for (size_t i = 0; i < v->steps.count && names.count < l->columns; i++) {
        const view_step *s = &v->steps.items[i];
        if (s->verdict == VIEW_NONE && !*s->phase && is_current(&v->stages.items[s->stage]))
            text_printf(&names, "%s%s", names.count ? ", " : "", s->id);
    }
    if (names.count == 0)
        return;
    style_add(&line, &l->story.layout.style, INK_DIM, "    then %s", text_get(&names));
    add_line(l, b, text_get(&line));
}

/* All stages in one line; those that are done shrink to a count when they do not fit. */
static void add_trail(const live *l, block *b)
{
    const view *v = l->view;
    const style *look = &l->story.layout.style;
    guard_text all = {0}, rest = {0};
    size_t done = 0;
    for (size_t i = 0; i < v->stages.count; i++) {
        const view_stage *stage = &v->stages.items[i];
        if (stage->diagnose || stage->rollback)
            continue;
        guard_text one = {0};
        if (stage->bad)
            style_add(&one, look, INK_RED, "%s %s  ", layout_mark(look, VIEW_FAILED), stage->name);
        else if (is_current(stage))
            style_add(&one, look, INK_BOLD, "%s %s  ", style_pick(look, "\u25cf", "*"), stage->name);
        else if (stage->ended)
            style_add(&one, look, INK_GREEN, "%s %s  ", layout_mark(look, VIEW_PASSED), stage->name);
        else
            style_add(&one, look, INK_DIM, "%s %s  ", layout_mark(look, VIEW_NONE), stage->name);
        bool passed = stage->ended && !stage->bad;
        done += passed;
        text_puts(&all, text_get(&one));
        if (!passed)
            text_puts(&rest, text_get(&one));
    }
    guard_mem char *shrunk = mem_printf("  %s %zu stages  %s", layout_mark(look, VIEW_PASSED), done, text_get(&rest));
    guard_mem char *whole = mem_printf("  %s", text_get(&all));
    add_line(l, b, width_of(whole) < l->columns || done < 2 ? whole : shrunk);
}

static void add_status(const live *l, block *b, int64_t now_ms)
{
    const view *v = l->view;
    const style *look = &l->story.layout.style;
    const char *dot = style_pick(look, " \u00b7 ", ", ");
    char elapsed[UNITS_TEXT], since[UNITS_TEXT];
    size_t done = 0, all = 0;
    guard_text line = {0};
    for (size_t i = 0; i < v->steps.count; i++) {
        if (!view_is_main(v, &v->steps.items[i]))
            continue;
        all++;
        done += v->steps.items[i].verdict != VIEW_NONE;
    }
    story_show_elapsed(now_ms - v->since_ms, elapsed);
    text_printf(&line, "  %s%s", *v->environment ? v->environment : v->pipeline, dot);
    if (v->back) {
        style_add(&line, look, INK_YELLOW, "rolling back");
        text_printf(&line, "%s%zu undone%s%s", dot, v->undone.count, dot, elapsed);
        if (v->failed_ms)
            text_printf(&line, "%s%s since the failure", dot, story_show_elapsed(now_ms - v->failed_ms, since));
    } else {
        text_printf(&line, "%zu of %zu steps%s%s", done, all, dot, elapsed);
        style_add(&line, look, INK_DIM, "%sCtrl-C stops and rolls back", dot);
    }
    add_line(l, b, text_get(&line));
}

static block compose(const live *l, int64_t now_ms)
{
    block b = {0};
    const view *v = l->view;
    size_t room = l->rows > 2 ? l->rows - 2 : 1;
    bool tall = room >= 6;
    if (v->steps.count == 0 || v->end)
        return b;
    if (!l->story.checked && v->mode != VIEW_MODE_ROLLBACK && v->mode != VIEW_MODE_DISCARD)
        add_checking(l, &b, now_ms);
    else
        add_running(l, &b, now_ms, tall ? room - 4 : room > 1 ? room - 1 : 1);
    if (tall) {
        add_next(l, &b);
        add_line(l, &b, "");
        add_trail(l, &b);
    }
    if (room > 1)
        add_status(l, &b, now_ms);
    return b;
}

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

/* True when the size changed. */
static bool read_size(live *l)
{
    struct winsize size = {0};
    size_t columns = DEFAULT_COLUMNS, rows = DEFAULT_ROWS;
    if (ioctl(l->out.fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        columns = size.ws_col;
        rows = size.ws_row;
    }
    bool changed = columns != l->columns || rows != l->rows;
    l->columns = columns > 2 ? columns : 2;
    l->rows = rows;
    l->story.layout.columns = l->columns - 1;
    return changed;
}

/* Rows that the drawn block takes; a terminal that became narrower has broken its lines anew. */
static size_t drawn_rows(const live *l)
{
    size_t rows = 0;
    for (size_t i = 0; i < l->drawn.count; i++) {
        size_t width = width_of(l->drawn.items[i]);
        rows += width ? (width + l->columns - 1) / l->columns : 1;
    }
    return rows;
}

/* Everything below the settled lines anew. */
static void redraw_all(const live *l, const block *next, size_t up, text *frame)
{
    if (up)
        text_printf(frame, "\033[%zuA", up);
    text_puts(frame, "\r\033[J");
    text_puts(frame, text_get(&l->settled));
    for (size_t i = 0; i < next->count; i++)
        text_printf(frame, "%s\n", next->items[i]);
}

/* Only the lines that changed; both blocks have as many. */
static void redraw_changes(const live *l, const block *next, text *frame)
{
    size_t at = next->count; /* the row of the cursor, counted from the block's first */
    for (size_t i = 0; i < next->count; i++) {
        if (strcmp(next->items[i], l->drawn.items[i]) == 0)
            continue;
        if (at > i)
            text_printf(frame, "\033[%zuA", at - i);
        else if (at < i)
            text_printf(frame, "\033[%zuB", i - at);
        text_printf(frame, "\r%s\033[K", next->items[i]);
        at = i;
    }
    if (at < next->count)
        text_printf(frame, "\033[%zuB\r", next->count - at);
}

static void draw(live *l, int64_t now_ms)
{
    bool resized = read_size(l);
    if (l->held || !outlet_is_idle(&l->out))
        return; /* stopped by Ctrl-S, or gone: what has settled waits */
    block next = compose(l, now_ms);
    guard_text frame = {0};
    if (l->settled.count || resized || next.count != l->drawn.count)
        redraw_all(l, &next, drawn_rows(l), &frame);
    else
        redraw_changes(l, &next, &frame);
    if (frame.count) {
        guard_mem char *bytes = mem_printf("\033[?25l%s\033[?25h", text_get(&frame));
        (void)outlet_add(&l->out, bytes, strlen(bytes));
    }
    l->settled.count = 0;
    if (l->settled.items)
        l->settled.items[0] = '\0';
    block_done(&l->drawn);
    l->drawn = next;
    l->drawn_ms = now_ms;
}

static void on_event(void *user, const json_t *event)
{
    live *l = user;
    int64_t now_ms = clock_steady_ms();
    view_apply(l->view, event, now_ms);
    story_tell(&l->story, l->view, event, &l->settled);
    if (l->view->end || (l->settled.count && now_ms - l->drawn_ms >= REDRAW_MS))
        draw(l, now_ms);
}

static void on_tick(void *user)
{
    draw(user, clock_steady_ms());
}

/* What has settled is shown before, and the block goes: what is typed stands in its place. */
static void on_hold(void *user, bool held)
{
    live *l = user;
    guard_text frame = {0};
    if (held && !l->held) {
        redraw_all(l, &(block){0}, drawn_rows(l), &frame);
        (void)outlet_add(&l->out, text_get(&frame), frame.count);
        text_done(&l->settled);
        l->settled.max = OUTLET_MAX;
        block_done(&l->drawn);
    }
    l->held = held;
}

static void on_free(void *user)
{
    live *l = user;
    if (l->drawn.count || l->settled.count) { /* the run ended without its event */
        guard_text frame = {0};
        redraw_all(l, &(block){0}, drawn_rows(l), &frame);
        (void)outlet_add(&l->out, text_get(&frame), frame.count);
    }
    outlet_done(&l->out);
    block_done(&l->drawn);
    text_done(&l->settled);
    view_free(l->view);
    free(l);
}

report_sink report_live(FILE *out, bool verbose, bool colour)
{
    live *l = mem_new(live);
    const style look = {.colour = colour, .unicode = style_unicode()};
    l->out = outlet_to(out);
    l->view = view_new();
    l->story = story_new(look, false, verbose);
    l->settled.max = OUTLET_MAX;
    (void)read_size(l);
    return (report_sink){.user = l, .event = on_event, .tick = on_tick, .free = on_free, .hold = on_hold};
}
