#include "checklist/checklist.h"

#include <stdlib.h>
#include <string.h>

#include "checklist/filled.h"
#include "checklist/people.h"
#include "store/store_lock.h"

typedef struct gathering {
    json_t *steps;     /* id -> the step, as the filled checklist has it */
    json_t *undone;    /* id -> {at_ms, summary} of its rollback */
    json_t *checklist; /* as it was recorded, or NULL */
    bool driven;       /* a live process drives the run */
} gathering;

/* ---- what the run recorded --------------------------------------------------------------------------------------- */

static bool take_mark(void *user, const char *key, const char *value)
{
    gathering *g = user;
    if (strcmp(key, STORE_MARK_CHECKLIST) == 0)
        g->checklist = json_loads(value, 0, NULL);
    return !g->checklist;
}

static bool take_step(void *user, const store_step *s)
{
    const gathering *g = user;
    json_object_set_new(g->steps, s->step,
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:[]}", "id", s->step, "kind", s->kind,
                                  "title", "", "verdict", "", "progress", "", "at_ms", (json_int_t)0, "duration_ms",
                                  (json_int_t)0, "summary", "", "measurements"));
    return true;
}

/* How far a step is that this is the last phase of, unless it has come to its end; the caller frees. */
static char *progress_of(const gathering *g, const store_phase *p)
{
    if (strcmp(p->phase, "prepare") == 0)
        return mem_dup("");
    if (!p->ended_ms)
        return mem_dup(g->driven ? "it runs" : "it was cut short");
    if (strcmp(p->verdict, "not yet") == 0)
        return mem_printf("it waits%s%s", *p->summary ? ": " : "", p->summary);
    return mem_dup("it has not come to its end");
}

static bool take_phase(void *user, const store_phase *p)
{
    const gathering *g = user;
    json_t *step = json_object_get(g->steps, p->step);
    const bool back = strcmp(p->phase, "rollback") == 0;
    if (!step || strcmp(p->phase, "discard") == 0)
        return true;
    json_t *into = back ? json_object() : step;
    json_object_set_new(into, "at_ms", json_integer(p->ended_ms ? p->ended_ms : p->started_ms));
    json_object_set_new(into, "summary", json_string(p->summary));
    if (back) {
        json_object_set_new(g->undone, p->step, into);
        return true;
    }
    guard_mem char *progress = progress_of(g, p);
    json_object_set_new(step, "progress", json_string(progress));
    return true;
}

static bool take_measurement(void *user, const store_measurement *m)
{
    const gathering *g = user;
    json_array_append_new(json_object_get(json_object_get(g->steps, m->step), "measurements"),
                          json_pack("{s:s, s:f, s:s, s:s, s:s, s:I}", "name", m->name, "value", m->value, "unit",
                                    m->unit, "threshold", m->threshold, "verdict", m->verdict, "samples",
                                    (json_int_t)m->samples));
    return true;
}

static void take_soak(json_t *step, const json_t *event)
{
    if (filled_int(event, "soak_samples"))
        json_object_set_new(step, "soak",
                            json_pack("{s:I, s:I, s:I}", "ms", filled_int(event, "soak_ms"), "samples",
                                      filled_int(event, "soak_samples"), "gaps", filled_int(event, "soak_gaps")));
}

static bool is_of_undo(const char *verdict)
{
    return strcmp(verdict, "undone") == 0 || strcmp(verdict, "not undone") == 0 || strcmp(verdict, "undo skipped") == 0;
}

/* What became of a step is told once, and again when it is undone; that hides neither a failure nor what stays. */
static bool is_news(const char *old, const char *verdict)
{
    const bool good = strcmp(old, "passed") == 0 || strcmp(old, "warned") == 0;
    return strcmp(verdict, "irreversible") != 0 && (good || !is_of_undo(verdict));
}

static bool take_event(void *user, const char *line)
{
    const gathering *g = user;
    json_t *event = json_loads(line, 0, NULL);
    json_t *step = json_object_get(g->steps, filled_text(event, "step"));
    if (step && strcmp(filled_text(event, "type"), "step.end") == 0 &&
        is_news(filled_text(step, "verdict"), filled_text(event, "verdict"))) {
        json_object_set(step, "verdict", json_object_get(event, "verdict"));
        json_object_set(step, "duration_ms", json_object_get(event, "duration_ms"));
        json_object_set_new(step, "progress", json_string(""));
        if (is_of_undo(filled_text(event, "verdict")))
            json_object_update(step, json_object_get(g->undone, filled_text(event, "step")));
        take_soak(step, event);
    }
    json_decref(event);
    return true;
}

static int read_record(store *s, const store_run *recorded, gathering *g, error **err)
{
    const char *run = recorded->id;
    int r = store_lock_drives(s, recorded, &g->driven, err);
    if (r == 0)
        r = store_marks(s, run, take_mark, g, err);
    if (r == 0)
        r = store_steps(s, run, take_step, g, err);
    if (r == 0)
        r = store_phases(s, run, NULL, take_phase, g, err);
    if (r == 0)
        r = store_measurements(s, run, take_measurement, g, err);
    return r < 0 ? r : store_events(s, run, "step.end", take_event, g, err);
}

/* ---- boxes ------------------------------------------------------------------------------------------------------- */

/* What a step's verdict does to its box; a verdict that is not listed fails it. */
static const struct ruling {
    const char *verdict, *state, *reason;
} rulings[] = {
    {"passed", "ticked", ""},
    {"", "open", "it has not run"},
    {"skipped", "open", "it was skipped"},
    {"stopped", "open", "it was stopped, for the run had failed elsewhere"},
    {"undone", "open", "it was taken back"},
};
#define RULING_COUNT (sizeof rulings / sizeof *rulings)

static const struct ruling *rule(const char *verdict)
{
    for (size_t i = 0; i < RULING_COUNT; i++)
        if (strcmp(rulings[i].verdict, verdict) == 0)
            return &rulings[i];
    return NULL;
}

static void open_box(json_t *box, const char *state, char *reason)
{
    json_object_set_new(box, "state", json_string(state));
    json_object_set_new(box, "reason", json_string(reason));
    free(reason);
}

/* A failure says more than what has not run. */
static void judge_by(json_t *box, const json_t *step)
{
    const char *verdict = filled_text(step, "verdict"), *summary = filled_text(step, "summary");
    const char *progress = filled_text(step, "progress");
    const struct ruling *r = rule(verdict);
    if (strcmp(filled_text(box, "state"), "failed") == 0 || (r && strcmp(r->state, "ticked") == 0))
        return;
    if (!r)
        open_box(box, "failed",
                 mem_printf("%s: %s%s%s", filled_text(step, "id"), verdict, *summary ? ", " : "", summary));
    else if (strcmp(filled_text(box, "state"), "ticked") == 0)
        open_box(box, r->state, mem_printf("%s: %s", filled_text(step, "id"), *progress ? progress : r->reason));
}

static json_t *fill_box(const gathering *g, const json_t *recorded)
{
    json_t *steps = json_array();
    json_t *box = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "id", filled_text(recorded, "id"), "section",
                            filled_text(recorded, "section"), "text", filled_text(recorded, "text"), "state", "ticked",
                            "reason", "", "steps", steps);
    size_t i;
    const json_t *covering;
    json_array_foreach(json_object_get(recorded, "steps"), i, covering) {
        json_t *step = json_object_get(g->steps, filled_text(covering, "id"));
        if (!step)
            continue;
        json_object_set(step, "title", json_object_get(covering, "title"));
        json_array_append(steps, step);
        judge_by(box, step);
    }
    if (json_array_size(steps) == 0)
        open_box(box, "open", mem_dup("no step covers it"));
    return box;
}

/* A box that only the diagnosis covers is no task of a run in which nothing failed. */
static bool is_left_out(const gathering *g, const json_t *recorded)
{
    size_t i;
    const json_t *covering;
    if (!json_is_true(json_object_get(recorded, "diagnosis")))
        return false;
    json_array_foreach(json_object_get(recorded, "steps"), i, covering)
        if (*filled_text(json_object_get(g->steps, filled_text(covering, "id")), "verdict"))
            return false;
    return true;
}

static json_t *fill(const gathering *g, const store_run *run)
{
    size_t i;
    const json_t *recorded;
    json_int_t ticked = 0;
    json_t *boxes = json_array();
    json_array_foreach(json_object_get(g->checklist, "boxes"), i, recorded) {
        if (is_left_out(g, recorded))
            continue;
        json_t *box = fill_box(g, recorded);
        json_array_append_new(boxes, box);
        ticked += strcmp(filled_text(box, "state"), "ticked") == 0;
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:I, s:I, s:I, s:I, s:o}", "title",
                     filled_text(g->checklist, "title"), "run", run->id, "pipeline", run->pipeline, "environment",
                     run->environment, "version", run->version, "previous", run->previous, "commit", run->commit,
                     "state", run_state_name(run->state), "reason", run->reason, "user", run->user, "host", run->host,
                     "sets", run->sets, "started_ms", (json_int_t)run->started_ms, "ended_ms",
                     (json_int_t)run->ended_ms, "ticked", ticked, "total", (json_int_t)json_array_size(boxes), "boxes",
                     boxes);
}

static void gathering_done(gathering *g)
{
    json_decref(g->steps);
    json_decref(g->undone);
    json_decref(g->checklist);
}

int checklist_gather(store *s, const store_run *run, json_t **ret, error **err)
{
    gathering g = {.steps = json_object(), .undone = json_object()};
    json_t *approvals = NULL;
    int r = read_record(s, run, &g, err);
    if (r == 0 && !g.checklist) {
        (void)error_set(err, ERROR_NOT_FOUND, "the pipeline of run %s has no checklist", run->id);
        r = error_hint(err, "a section 'checklist' in the pipeline file lists the boxes (docs/PIPELINE.md)");
    }
    if (r == 0)
        r = people_gather(s, run->id, &approvals, err);
    if (r == 0) {
        *ret = fill(&g, run);
        json_object_set(*ret, "approvals", approvals);
    }
    json_decref(approvals);
    gathering_done(&g);
    return r;
}

int checklist_findings(store *s, const store_run *run, json_t **ret, error **err)
{
    gathering g = {.steps = json_object(), .undone = json_object()};
    int r = read_record(s, run, &g, err);
    json_t *boxes = json_object();
    size_t i;
    const json_t *recorded;
    json_array_foreach(json_object_get(g.checklist, "boxes"), i, recorded) {
        json_t *box = fill_box(&g, recorded);
        json_object_set_new(
            boxes, filled_text(box, "id"),
            json_pack("{s:O, s:O}", "state", json_object_get(box, "state"), "reason", json_object_get(box, "reason")));
        json_decref(box);
    }
    if (r == 0)
        *ret = json_pack("{s:O, s:O}", "steps", g.steps, "boxes", boxes);
    json_decref(boxes);
    gathering_done(&g);
    return r;
}
