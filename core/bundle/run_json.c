#include "bundle/bundle.h"

static bool add_phase(void *user, const store_phase *p)
{
    json_array_append_new(user,
                          json_pack("{s:s, s:s, s:i, s:I, s:I, s:i, s:s, s:s, s:s, s:s}", "step", p->step, "phase",
                                    p->phase, "attempt", p->attempt, "started_ms", (json_int_t)p->started_ms,
                                    "ended_ms", (json_int_t)p->ended_ms, "status", (int)p->status, "end", p->end,
                                    "verdict", p->verdict, "summary", p->summary, "hint", p->hint));
    return true;
}

static bool add_measurement(void *user, const store_measurement *m)
{
    json_array_append_new(user, json_pack("{s:s, s:s, s:f, s:s, s:I, s:s, s:s}", "step", m->step, "name", m->name,
                                          "value", m->value, "unit", m->unit, "samples", (json_int_t)m->samples,
                                          "threshold", m->threshold, "verdict", m->verdict));
    return true;
}

static bool add_diagnosis(void *user, const char *line)
{
    json_t *event = json_loads(line, 0, NULL);
    if (event)
        json_array_append_new(user, event);
    return true;
}

int bundle_run_json(store *s, const store_run *run, json_t **ret, error **err)
{
    json_t *document = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "run", run->id,
        "pipeline", run->pipeline, "environment", run->environment, "version", run->version, "previous", run->previous,
        "commit", run->commit, "file", run->file, "state", run_state_name(run->state), "reason", run->reason, "user",
        run->user, "started_ms", (json_int_t)run->started_ms, "ended_ms", (json_int_t)run->ended_ms, "failed_ms",
        (json_int_t)run->failed_ms, "healthy_ms", (json_int_t)run->healthy_ms, "phases", json_array(), "measurements",
        json_array(), "diagnosis", json_array());
    int r = store_phases(s, run->id, NULL, add_phase, json_object_get(document, "phases"), err);
    if (r == 0)
        r = store_measurements(s, run->id, add_measurement, json_object_get(document, "measurements"), err);
    if (r == 0)
        r = store_events(s, run->id, "diagnosis", add_diagnosis, json_object_get(document, "diagnosis"), err);
    if (r < 0)
        json_decref(document);
    else
        *ret = document;
    return r;
}
