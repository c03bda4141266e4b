/* The samples of a soak, for thresholds of slopes. They are not written down once more: the run's events have them. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/series.h"

const pipeline_threshold *series_threshold(const pipeline_step *s, const char *name, bool slope, bool fail)
{
    const pipeline_threshold *general = NULL;
    const size_t base = strcspn(name, "/");
    for (size_t i = 0; i < s->threshold_count; i++) {
        const pipeline_threshold *t = &s->thresholds[i];
        if (t->fail != fail || t->slope != slope)
            continue;
        if (strcmp(t->metric, name) == 0)
            return t;
        if (strlen(t->metric) == base && strncmp(t->metric, name, base) == 0)
            general = t;
    }
    return general;
}

void series_done(notes *n)
{
    for (size_t i = 0; i < n->series.count; i++) {
        free(n->series.items[i].name);
        free(n->series.items[i].items);
    }
    free(n->series.items);
}

void series_begin(notes *n)
{
    for (size_t i = 0; i < n->series.count; i++)
        n->series.items[i].count = 0;
}

static series *series_of(notes *n, const char *name)
{
    for (size_t i = 0; i < n->series.count; i++)
        if (strcmp(n->series.items[i].name, name) == 0)
            return &n->series.items[i];
    mem_reserve(&n->series);
    series *s = &n->series.items[n->series.count++];
    *s = (series){.name = mem_dup(name)};
    return s;
}

void series_add(const pipeline_step *s, notes *n, const char *name, int64_t at, double value)
{
    if (!series_threshold(s, name, true, true) && !series_threshold(s, name, true, false))
        return;
    series *one = series_of(n, name);
    mem_reserve(one);
    one->items[one->count++] = (trend_sample){.at = at, .value = value};
}

/* ---- a run that goes on ------------------------------------------------------------------------------------------ */

static bool read_event(void *user, const char *line)
{
    driver *d = user;
    json_t *event = json_loads(line, 0, NULL);
    const pipeline_step *s = pipeline_step_find(d->pipeline, event_text(event, "step"));
    const char *type = event_text(event, "type");
    if (s && strcmp(type, "phase.start") == 0 && json_is_true(json_object_get(event, "soak_begins")))
        series_begin(&d->notes[s->index]);
    else if (s && strcmp(type, "measure") == 0)
        series_add(s, &d->notes[s->index], event_text(event, "name"),
                   clock_steady_ms() - (clock_wall_ms() - event_int(event, "at_ms")),
                   json_number_value(json_object_get(event, "value")));
    json_decref(event);
    return true;
}

int series_load(driver *d, error **err)
{
    bool any = false;
    for (size_t i = 0; i < d->pipeline->step_count; i++)
        for (size_t k = 0; k < driver_step(d, i)->threshold_count; k++)
            any |= driver_step(d, i)->thresholds[k].slope;
    return any ? store_events(d->record.store, d->record.run.id, NULL, read_event, d, err) : 0;
}
