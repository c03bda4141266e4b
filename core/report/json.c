#include <stdlib.h>

#include "base/clean.h"
#include "report/event.h"
#include "report/outlet.h"

/* False when there was no room for it. */
static bool put(outlet *o, const json_t *event)
{
    guard_mem char *line = json_dumps(event, JSON_COMPACT);
    guard_text clean = {0};
    clean_json(&clean, line ? line : "{}");
    text_puts(&clean, "\n");
    return outlet_add(o, text_get(&clean), clean.count);
}

static void tell_dropped(outlet *o)
{
    if (o->dropped == 0)
        return;
    size_t n = o->dropped;
    json_t *event = event_new(NULL, "warning");
    json_object_set_new(event, "text", json_sprintf("%zu events were dropped here: the reader was too slow", n));
    if (put(o, event))
        o->dropped = 0;
    else
        o->dropped = n; /* not counting this one */
    json_decref(event);
}

static void on_event(void *user, const json_t *event)
{
    tell_dropped(user);
    (void)put(user, event);
}

static void on_tick(void *user)
{
    outlet_push(user);
}

static void on_free(void *user)
{
    outlet_done(user);
    free(user);
}

report_sink report_json(FILE *out)
{
    outlet *o = mem_new(outlet);
    *o = outlet_to(out);
    return (report_sink){.user = o, .event = on_event, .tick = on_tick, .free = on_free};
}
