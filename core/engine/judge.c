/* Verdicts: of samples by their thresholds, of a phase by how it ended and by its samples. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/judge.h"
#include "engine/series.h"
#include "engine/tell.h"
#include "engine/verdict.h"

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* ---- samples ----------------------------------------------------------------------------------------------------- */

static char *describe(const char *name, double value, const char *unit, const char *threshold)
{
    char shown[UNITS_TEXT];
    return mem_printf("%s is %s (%s)", name, units_show_value(value, unit, shown), threshold);
}

static void tell_sample(call *c, const store_measurement *m)
{
    driver *d = c->driver;
    json_t *event = tell_new_step(d, "measure", c->step);
    tell_set(d, event, "name", m->name);
    json_object_set_new(event, "value", json_real(m->value));
    json_object_set_new(event, "unit", json_string(m->unit));
    json_object_set_new(event, "threshold", json_string(m->threshold));
    json_object_set_new(event, "verdict", json_string(m->verdict));
    json_object_set_new(event, "samples", json_integer(m->samples));
    json_object_set_new(event, "at_ms", json_integer(m->at_ms));
    tell(d, event);
    char shown[UNITS_TEXT];
    text_printf(&d->notes[c->step].measured, "%-24s %-12s %-16s %s\n", m->name,
                units_show_value(m->value, m->unit, shown), m->threshold, m->verdict);
}

/* A threshold as it is applied to one sample. */
typedef struct applied {
    bool holds;
    char *text; /**< with the bound that a baseline gave it; NULL: there is no threshold, or nothing to compare with */
} applied;

/* Finds what the last good run measured; says so, once a call, when there is none. */
static int find_baseline(call *c, const char *name, double *ret, bool *ret_found, error **err)
{
    driver *d = c->driver;
    guard_mem char *run = NULL;
    const char *step = driver_step(d, c->step)->id;
    int r = record_baseline(&d->record, step, name, ret, &run, err);
    *ret_found = run != NULL;
    if (r == 0 && !run && !json_object_get(c->sampled, name))
        tell_note(d, "step '%s': no committed run has measured %s yet; this one is the first", step, name);
    return r;
}

static int apply(call *c, const pipeline_threshold *t, const char *name, const char *unit, double value, applied *ret,
                 error **err)
{
    *ret = (applied){0};
    if (!t)
        return 0;
    if (!t->rule.relative) {
        *ret = (applied){.holds = units_threshold_holds(&t->rule, value), .text = mem_dup(t->text)};
        return 0;
    }
    bool found = false;
    double baseline = 0;
    char shown[UNITS_TEXT];
    int r = find_baseline(c, name, &baseline, &found, err);
    if (r < 0 || !found)
        return r;
    const units_threshold rule = units_threshold_against(&t->rule, baseline);
    *ret = (applied){.holds = units_threshold_holds(&rule, value),
                     .text = mem_printf("%s, where that was %s", t->text, units_show_value(baseline, unit, shown))};
    return 0;
}

/* "slope(memory)"; the caller frees. */
static char *slope_of(const char *name)
{
    return mem_printf("slope(%s)", name);
}

/* name: an instance of the metric; slope: the value is what that grows by in an hour. */
static int judge_value(call *c, const catalog_metric *metric, const char *name, bool slope, double value, error **err)
{
    const pipeline_step *s = driver_step(c->driver, c->step);
    guard_mem char *full = slope ? slope_of(name) : mem_dup(name);
    guard_mem char *base = slope ? slope_of(metric->name) : mem_dup(metric->name);
    guard_mem char *unit = mem_printf("%s%s", metric->unit, slope ? "/h" : "");
    applied fail, warn = {0};
    int r = apply(c, series_threshold(s, name, slope, true), full, unit, value, &fail, err);
    if (r == 0)
        r = apply(c, series_threshold(s, name, slope, false), full, unit, value, &warn, err);
    guard_mem char *fail_text = fail.text, *warn_text = warn.text;
    if (r < 0)
        return r;
    const bool failed = fail.holds, warned = !failed && warn.holds;
    const char *threshold = (failed || (!warned && fail_text)) ? fail_text : warn_text ? warn_text : "";
    guard_mem char *id = mem_dup(s->id), *rule = mem_dup(threshold);
    guard_mem char *verdict = mem_dup(failed ? "failed" : warned ? "warned" : "passed");
    store_measurement m = {.step = id,
                           .name = full,
                           .unit = unit,
                           .value = value,
                           .at_ms = clock_wall_ms(),
                           .threshold = rule,
                           .verdict = verdict};
    if ((r = record_measure(&c->driver->record, &m, err)) < 0)
        return r;
    json_object_set_new(c->sampled, base, json_true());
    json_object_set_new(c->sampled, full, json_true());
    tell_sample(c, &m);
    char **first = failed ? &c->threshold_failed : &c->threshold_warned;
    if ((failed || warned) && !*first)
        *first = describe(full, value, unit, threshold);
    return 0;
}

int judge_sample(call *c, const char *name, double value)
{
    const catalog_metric *metric = catalog_metric_find(driver_step(c->driver, c->step)->kind, name);
    guard(error) err = NULL;
    if (!metric)
        return -1;
    if (judge_value(c, metric, name, false, value, &err) < 0) {
        driver_break(c->driver, take(err));
        return -1;
    }
    if (c->phase == WORKER_VERIFY)
        series_add(driver_step(c->driver, c->step), &c->driver->notes[c->step], name, clock_steady_ms(), value);
    return 0;
}

void judge_not_finite(call *c, const char *name)
{
    const pipeline_step *s = driver_step(c->driver, c->step);
    for (int i = 0; i < 4 && !c->not_finite; i++)
        if (series_threshold(s, name, i & 1, i & 2))
            c->not_finite = mem_dup(name);
}

/* ---- slopes ------------------------------------------------------------------------------------------------------ */

/* What has just started grows into its size first. From half of a soak on that is so small a part of the samples that
 * it does not move their median slope. */
static bool is_time_for_slopes(const call *c, int64_t left)
{
    return 2 * left <= driver_step(c->driver, c->step)->soak_ms;
}

static int judge_slope(call *c, const series *one, error **err)
{
    double slope = 0;
    if (!trend_per_hour(one->items, one->count, &slope))
        return 0;
    const catalog_metric *metric = catalog_metric_find(driver_step(c->driver, c->step)->kind, one->name);
    return judge_value(c, metric, one->name, true, slope, err);
}

static void judge_slopes(call *c, int64_t left)
{
    const notes *n = &c->driver->notes[c->step];
    guard(error) err = NULL;
    int r = 0;
    for (size_t i = 0; i < n->series.count && is_time_for_slopes(c, left) && r == 0; i++)
        r = judge_slope(c, &n->series.items[i], &err);
    if (r < 0)
        driver_break(c->driver, take(err));
}

/* At the end of a soak every instance must have had enough samples. */
static bool lacks_slope(const call *c, const char *metric)
{
    const notes *n = &c->driver->notes[c->step];
    guard_mem char *base = slope_of(metric);
    bool lacks = !json_object_get(c->sampled, base);
    for (size_t i = 0; i < n->series.count; i++) {
        const series *one = &n->series.items[i];
        const size_t length = strlen(metric);
        lacks |= strncmp(one->name, metric, length) == 0 && (one->name[length] == '/' || !one->name[length]) &&
                 one->count < TREND_LEAST;
    }
    return lacks;
}

/* ---- phases ------------------------------------------------------------------------------------------------------ */

static machine_verdict of_return(worker_phase phase, belay_status status)
{
    switch (status) {
    case BELAY_OK:
    case BELAY_NOTHING: return MACHINE_PASSED;
    case BELAY_NOT_YET: return phase == WORKER_VERIFY ? MACHINE_NOT_YET : MACHINE_ERROR;
    case BELAY_NO_DATA: return phase == WORKER_VERIFY || phase == WORKER_PREPARE ? MACHINE_INCONCLUSIVE : MACHINE_ERROR;
    case BELAY_E_FAIL:
    case BELAY_E_CONFIG: return MACHINE_FAILED;
    default: return verdict_of_error(status, true, true);
    }
}

/* What execute measured still holds; a check has to measure each time. */
static bool was_measured(const call *c, const char *metric)
{
    const pipeline_step *s = driver_step(c->driver, c->step);
    return json_object_get(c->sampled, metric) ||
           (s->kind->has_execute && record_has_sample(&c->driver->record, s->id, metric));
}

/* The phase after which every metric that has a threshold must have been measured. */
static bool must_have_measured(const call *c)
{
    const catalog_kind *k = driver_step(c->driver, c->step)->kind;
    if (k->has_verify || k->has_execute)
        return c->phase == WORKER_VERIFY;
    return c->phase == WORKER_PREPARE && !c->driver->outline->steps[c->step].pending;
}

/* What the plugin had explained was about something else: its hint and option go with it. hint: NULL: none. */
static void replace_explanation(call *c, char *summary, const char *hint)
{
    free(c->summary);
    free(c->hint);
    free(c->option);
    c->summary = summary;
    c->hint = mem_dup_or_null(hint);
    c->option = NULL;
}

/* The first threshold that there was nothing to judge by, in words; NULL when there is none. */
static char *find_unjudged(const call *c, int64_t left)
{
    const pipeline_step *s = driver_step(c->driver, c->step);
    for (size_t i = 0; must_have_measured(c) && i < s->threshold_count; i++) {
        const char *metric = s->thresholds[i].metric;
        if (!s->thresholds[i].slope && !was_measured(c, metric))
            return mem_printf("there is no sample of '%s' to judge by", metric);
        if (s->thresholds[i].slope && left == 0 && lacks_slope(c, metric))
            return mem_printf("the soak ends with too few samples of '%s' to tell its slope: it takes %d", metric,
                              TREND_LEAST);
    }
    return NULL;
}

/* ---- outputs ----------------------------------------------------------------------------------------------------- */

/* One who notes what a step reads. */
typedef struct reader {
    json_t *reads; /* see driver.reads */
    const char *id;
} reader;

static void note_reading(void *user, const char *step, const char *output)
{
    const reader *r = user;
    json_t *of_step = json_object_get(r->reads, step);
    if (!of_step)
        json_object_set_new(r->reads, step, of_step = json_object());
    if (!json_object_get(of_step, output))
        json_object_set_new(of_step, output, json_string(r->id));
}

/* Once for all steps: each asks at its end. */
static json_t *reads_of(driver *d, const char *step)
{
    const pipeline *p = d->pipeline;
    if (!d->reads) {
        d->reads = json_object();
        for (size_t i = 0; i < p->step_count; i++) {
            const pipeline_step *s = &p->steps[i];
            reader r = {d->reads, s->id};
            if (!s->skipped && !s->stage->rollback && !s->stage->diagnose)
                pipeline_references(s, note_reading, &r);
        }
    }
    return json_object_get(d->reads, step);
}

static bool is_last_phase(const call *c)
{
    const catalog_kind *k = driver_step(c->driver, c->step)->kind;
    if (k->has_verify || k->has_execute)
        return c->phase == (k->has_verify ? WORKER_VERIFY : WORKER_EXECUTE);
    return c->phase == WORKER_PREPARE && !c->driver->outline->steps[c->step].pending;
}

/* A promised output that a later step is going to read and that is not there, in words; else NULL. One that nobody
 * reads may be left out, and the way back is not worth a failure before it is needed. */
static char *find_unproduced(const call *c)
{
    driver *d = c->driver;
    const pipeline_step *own = driver_step(d, c->step);
    const char *output;
    json_t *by;
    if (!is_last_phase(c))
        return NULL;
    json_object_foreach(reads_of(d, own->id), output, by)
        if (!record_output_get(&d->record, own->id, output) && catalog_output_find(own->kind, output))
            return mem_printf("it did not produce its output '%s', which step '%s' reads", output,
                              json_string_value(by));
    return NULL;
}

/* ---- a call ------------------------------------------------------------------------------------------------------ */

static void judge_passed(call *c)
{
    const pipeline_step *s = driver_step(c->driver, c->step);
    if (c->refused) {
        c->verdict = MACHINE_FAILED;
        replace_explanation(c, error_text(c->refused), error_get_hint(c->refused));
        return;
    }
    const bool soaks = c->phase == WORKER_VERIFY && s->soak_ms && c->driver->machine;
    const int64_t left = soaks ? machine_soak_left(c->driver->machine, c->step, c->ended_steady_ms) : INT64_MAX;
    if (soaks)
        judge_slopes(c, left);
    if (c->threshold_failed) {
        c->verdict = MACHINE_FAILED;
        replace_explanation(c, take(c->threshold_failed), NULL);
        return;
    }
    char *unjudged = c->not_finite
                         ? mem_printf("'%s' was measured as no finite number: it cannot be compared", c->not_finite)
                         : find_unjudged(c, left);
    if (unjudged) {
        c->verdict = MACHINE_INCONCLUSIVE;
        replace_explanation(c, unjudged, NULL);
        return;
    }
    char *unproduced = find_unproduced(c);
    if (unproduced) {
        c->verdict = MACHINE_ERROR;
        replace_explanation(c, unproduced, NULL);
        return;
    }
    if (c->threshold_warned)
        tell_warning(c->driver, NULL, "step '%s': %s", s->id, c->threshold_warned);
}

void judge_call(call *c)
{
    if (c->end != WORKER_END_RETURNED) {
        c->verdict = verdict_of_error(c->status, false, c->end != WORKER_END_START);
        return;
    }
    c->verdict = of_return(c->phase, c->status);
    if (c->status > BELAY_NOTHING && c->verdict == MACHINE_ERROR)
        replace_explanation(
            c, mem_printf("the plugin returned %d, which %s must not", (int)c->status, worker_phase_name(c->phase)),
            NULL);
    if (c->unfit && c->verdict != MACHINE_FAILED) {
        c->verdict = MACHINE_ERROR;
        replace_explanation(c, take(c->unfit), NULL);
    }
    if (c->verdict == MACHINE_PASSED)
        judge_passed(c);
}
