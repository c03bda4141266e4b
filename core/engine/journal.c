#include "engine/journal.h"
#include "engine/verdict.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* ---- pipeline and plugins ---------------------------------------------------------------------------------------- */

typedef struct digests {
    char **items;
    size_t count, room;
} digests;

static bool add_digest(void *user, const char *name, const char *version, const char *sha256)
{
    (void)name;
    (void)version;
    digests *d = user;
    mem_reserve(d);
    d->items[d->count++] = mem_dup(sha256);
    return true;
}

static void digests_done(digests *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->items[i]);
    free(d->items);
}

static int open_catalog(store *s, const store_run *run, catalog **ret, error **err)
{
    __attribute__((cleanup(digests_done))) digests found = {0};
    int r = store_plugins(s, run->id, add_digest, &found, err);
    if (r < 0)
        return r;
    guard_mem const char **list = mem_array(found.count + 1, sizeof *list);
    for (size_t i = 0; i < found.count; i++)
        list[i] = found.items[i];
    return catalog_open_pinned(store_folder(s), list, ret, err);
}

/* All problems, in the error's text: there is no file to point an editor at. */
static int load_pipeline(const store_run *run, const catalog *c, pipeline **ret, error **err)
{
    const size_t n = json_array_size(run->sets);
    guard_mem const char **sets = mem_array(n + 1, sizeof *sets);
    for (size_t i = 0; i < n; i++)
        sets[i] = json_string_value(json_array_get(run->sets, i));
    const pipeline_source source = {.path = run->file, .text = run->text, .sets = sets};
    pipeline_problems problems = {0};
    int r = pipeline_load(&source, c, ret, &problems, err);
    for (size_t i = problems.count; r < 0 && i-- > 0;)
        if (!problems.items[i].warning)
            (void)error_wrap(err, "%s:%u: %s", problems.items[i].where.file, problems.items[i].where.line,
                             problems.items[i].what);
    pipeline_problems_done(&problems);
    return r < 0 ? error_wrap(err, "load the recorded pipeline of run %s", run->id) : 0;
}

/* What ${env:...} and --set came to when the run began still holds. */
static bool use_recorded_options(void *user, const store_step *step)
{
    pipeline *p = user;
    for (size_t i = 0; i < p->step_count; i++)
        if (strcmp(p->steps[i].id, step->step) == 0) {
            json_decref(p->steps[i].options);
            p->steps[i].options = json_incref(step->options);
        }
    return true;
}

int recorded_open(store *s, const store_run *run, recorded *ret, error **err)
{
    recorded opened = {0};
    int r = open_catalog(s, run, &opened.catalog, err);
    if (r == 0)
        r = load_pipeline(run, opened.catalog, &opened.pipeline, err);
    if (r == 0)
        r = store_steps(s, run->id, use_recorded_options, opened.pipeline, err);
    if (r < 0) {
        recorded_done(&opened);
        return r;
    }
    *ret = opened;
    return 0;
}

void recorded_done(recorded *r)
{
    pipeline_free(r->pipeline);
    catalog_free(r->catalog);
    *r = (recorded){0};
}

int engine_secrets(const engine *e, const store_run *run, redactor *into, char **ret_why, error **err)
{
    recorded recorded = {0};
    int r = recorded_open(e->store, run, &recorded, err);
    if (r < 0)
        return r;
    pipeline_secrets(recorded.pipeline, into, ret_why);
    recorded_done(&recorded);
    return 0;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

typedef struct reading {
    driver *driver;
    struct {
        machine_row *items;
        size_t count, room;
    } rows;
    error *err;
} reading;

static void note(driver *d, const pipeline_step *s, worker_phase phase, const store_phase *p)
{
    notes *n = &d->notes[s->index];
    int64_t *stage = &d->stage_ms[s->stage - d->pipeline->stages];
    if (phase != WORKER_PREPARE && !n->started_ms)
        n->started_ms = p->started_ms;
    if (phase != WORKER_PREPARE && !*stage)
        *stage = p->started_ms;
    if (!p->ended_ms)
        return;
    n->ended = true;
    n->phase = phase;
    n->verdict = verdict_recorded(p);
    free(n->summary);
    free(n->hint);
    n->summary = mem_dup(p->summary);
    n->hint = mem_dup(p->hint);
}

/* Undo records tell what an execute that has no result may have done. */
static int has_undo(driver *d, const char *step, bool *ret, error **err)
{
    json_t *list = NULL;
    int r = record_recall(&d->record, step, &list, err);
    *ret = r == 0 && json_array_size(list) > 0;
    json_decref(list);
    return r;
}

static bool read_phase(void *user, const store_phase *p)
{
    reading *reading = user;
    driver *d = reading->driver;
    const pipeline_step *s = pipeline_step_find(d->pipeline, p->step);
    const int phase = worker_phase_parse(p->phase);
    if (!s || phase < 0) {
        (void)error_set(&reading->err, ERROR_STORE, "the journal names %s of step '%s', which the pipeline lacks",
                        p->phase, p->step);
        return false;
    }
    if (phase == WORKER_DISCARD)
        return true;
    note(d, s, (worker_phase)phase, p);
    machine_row row = {
        .step = s->index, .phase = (machine_phase)phase, .attempt = p->attempt, .finished = p->ended_ms != 0};
    if (row.finished) {
        row.verdict = verdict_recorded(p);
        row.at = clock_steady_ms() - (clock_wall_ms() - p->ended_ms);
    }
    mem_reserve(&reading->rows);
    reading->rows.items[reading->rows.count++] = row;
    return true;
}

int journal_read(driver *d, machine_row **ret_rows, size_t *ret_count, error **err)
{
    reading reading = {.driver = d};
    int r = store_phases(d->record.store, d->record.run.id, NULL, read_phase, &reading, err);
    if (r == 0 && reading.err) {
        *err = reading.err;
        r = -(int)error_get_code(*err);
    }
    for (size_t i = 0; r == 0 && i < reading.rows.count; i++) {
        machine_row *row = &reading.rows.items[i];
        if (row->phase == MACHINE_EXECUTE && !row->finished)
            r = has_undo(d, driver_step(d, row->step)->id, &row->undo, err);
    }
    if (r == 0)
        r = record_load_samples(&d->record, err);
    if (r < 0) {
        free(reading.rows.items);
        return r;
    }
    *ret_rows = reading.rows.items;
    *ret_count = reading.rows.count;
    return 0;
}
