#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report/outlet.h"
#include "report/story.h"

#define SILENCE_MS 15000 /* after which a running step is said to be alive */

typedef struct plain {
    outlet out;
    view *view;
    story story;
    int64_t said_ms;
} plain;

static void say(plain *p, text *lines, int64_t now_ms)
{
    if (lines->count == 0)
        return;
    p->said_ms = now_ms;
    if (p->out.dropped) {
        guard_mem char *notice = mem_printf("(%zu lines were dropped here: the reader was too slow)\n", p->out.dropped);
        if (outlet_add(&p->out, notice, strlen(notice)))
            p->out.dropped = 0;
    }
    (void)outlet_add(&p->out, text_get(lines), lines->count);
}

static void on_event(void *user, const json_t *event)
{
    plain *p = user;
    int64_t now_ms = clock_steady_ms();
    guard_text lines = {0};
    view_apply(p->view, event, now_ms);
    story_tell(&p->story, p->view, event, &lines);
    say(p, &lines, now_ms);
}

static void on_tick(void *user)
{
    plain *p = user;
    int64_t now_ms = clock_steady_ms();
    outlet_push(&p->out);
    if (now_ms - p->said_ms < SILENCE_MS)
        return;
    guard_text lines = {0};
    story_tell_running(&p->story, p->view, now_ms, &lines);
    say(p, &lines, now_ms);
}

static void on_free(void *user)
{
    plain *p = user;
    outlet_done(&p->out);
    view_free(p->view);
    free(p);
}

report_sink report_plain(FILE *out, bool verbose)
{
    plain *p = mem_new(plain);
    const style look = {.colour = false, .unicode = style_unicode()};
    p->out = outlet_to(out);
    p->view = view_new();
    p->story = story_new(look, true, verbose);
    p->said_ms = clock_steady_ms();
    return (report_sink){.user = p, .event = on_event, .tick = on_tick, .free = on_free};
}
