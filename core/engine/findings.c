/* What the collectors of the diagnosis find, and what of it is told where the failure is told. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/findings.h"
#include "engine/tell.h"

#define LINE_MAX_BYTES 4096
#define TEXT_MAX_BYTES 300
#define FINDINGS_MAX   200
#define BEST           2  /* more would bury what they explain */
#define WEIGHT_TOLD    50 /* what weighs less is for who reads on */
#define WEIGHT_CHECK   50 /* of a check that fails as well, or cannot reach what it asks */

void findings_begin(driver *d, size_t failed)
{
    d->findings.failed = failed;
    d->findings.begun_ms = clock_steady_ms();
}

void findings_facts(const driver *d, json_t *facts)
{
    if (d->findings.failed == MACHINE_NO_STEP)
        return;
    const notes *n = &d->notes[d->findings.failed];
    const pipeline_step *s = driver_step(d, d->findings.failed);
    guard_mem char *summary = redactor_mask(d->secrets, n->summary ? n->summary : "");
    guard_mem char *started = mem_printf("%lld.%03d", (long long)(n->started_ms / 1000), (int)(n->started_ms % 1000));
    json_object_set_new(facts, "failure.step", json_string(s->id));
    json_object_set_new(facts, "failure.kind", json_string(s->kind->name));
    json_object_set_new(facts, "failure.stage", json_string(s->stage->name));
    json_object_set_new(facts, "failure.summary", json_string(summary));
    if (n->started_ms)
        json_object_set_new(facts, "failure.started_at", json_string(started));
    if (!d->record.store)
        return;
    guard_mem char *folder = mem_printf("%s/runs/%s/%s", store_folder(d->record.store), d->record.run.id, s->id);
    json_object_set_new(facts, "failure.artifacts", json_string(folder));
}

/* ---- taking ------------------------------------------------------------------------------------------------------ */

/* One line, whatever was quoted in it. */
static char *one_line(const char *s)
{
    guard_text line = {.max = TEXT_MAX_BYTES};
    for (; *s; s++)
        if ((unsigned char)*s >= ' ' && *s != 0x7f)
            text_add(&line, s, 1);
        else if (line.count && line.items[line.count - 1] != ' ')
            text_puts(&line, " ");
    return mem_dup(text_get(&line));
}

static void add(call *c, int weight, const char *written)
{
    driver *d = c->driver;
    guard_mem char *masked = redactor_mask(d->secrets, written);
    guard_mem char *line = one_line(masked);
    if (!*line || d->findings.count == FINDINGS_MAX)
        return;
    json_t *event = tell_new_step(d, "finding", c->step);
    json_object_set_new(event, "weight", json_integer(weight));
    json_object_set_new(event, "text", json_string(line));
    tell(d, event);
    mem_reserve(&d->findings);
    d->findings.items[d->findings.count++] = (finding){.step = c->step, .weight = weight, .text = take(line)};
}

static void take_line(call *c, const char *line, size_t n)
{
    json_t *found = json_loadb(line, n, 0, NULL);
    const json_int_t weight = json_integer_value(json_object_get(found, "weight"));
    const char *said = json_string_value(json_object_get(found, "text"));
    if (said && weight >= 0 && weight <= 100)
        add(c, (int)weight, said);
    else if (n > 0)
        tell_warning(c->driver, NULL, "step '%s': a line of its " FINDINGS_ARTIFACT " is no finding",
                     driver_step(c->driver, c->step)->id);
    json_decref(found);
}

/* Pieces end anywhere: masking holds back what may be the beginning of a secret. */
void findings_take(call *c, const char *bytes, size_t n)
{
    text_add(&c->found, bytes, n);
    size_t from = 0;
    for (size_t i = 0; i < c->found.count; i++)
        if (c->found.items[i] == '\n') {
            take_line(c, c->found.items + from, i - from);
            from = i + 1;
        }
    guard_mem char *rest = mem_dup_n(c->found.count ? c->found.items + from : "", c->found.count - from);
    text_done(&c->found);
    if (strlen(rest) < LINE_MAX_BYTES)
        text_puts(&c->found, rest);
}

void findings_ended(call *c)
{
    const bool says_why = c->end == WORKER_END_RETURNED && c->verdict != MACHINE_PASSED &&
                          c->status != BELAY_E_CONFIG && c->status != BELAY_E_CANCELLED;
    if (driver_step(c->driver, c->step)->stage->diagnose && says_why)
        add(c, WEIGHT_CHECK, c->summary);
}

/* ---- weighing ---------------------------------------------------------------------------------------------------- */

static int heavier_first(const void *a, const void *b)
{
    const finding *x = a, *y = b;
    if (x->weight != y->weight)
        return y->weight - x->weight;
    return (x->step > y->step) - (x->step < y->step);
}

static bool told_before(const driver *d, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(d->findings.items[k].text, d->findings.items[i].text) == 0)
            return true;
    return false;
}

static void tell_diagnosis(driver *d, json_t *best)
{
    json_t *event = tell_new_step(d, "diagnosis", d->findings.failed);
    json_t *all = json_array();
    for (size_t i = 0; i < d->findings.count; i++) {
        const finding *f = &d->findings.items[i];
        json_array_append_new(all, json_pack("{s:s, s:i, s:s}", "collector", driver_step(d, f->step)->id, "weight",
                                             f->weight, "text", f->text));
    }
    json_object_set_new(event, "duration_ms", json_integer(clock_steady_ms() - d->findings.begun_ms));
    json_object_set_new(event, "best", best);
    json_object_set_new(event, "findings", all);
    tell(d, event);
}

/* The decision to roll back is written already; a pause or a refusal is not, and its reason will end so by itself. */
static int amend_reason(driver *d, error **err)
{
    if (!d->findings.best || d->record.run.state != RUN_ROLLING_BACK || !d->rollback_reason)
        return 0;
    guard_mem char *amended = mem_printf("%s; found: %s", d->rollback_reason, d->findings.best);
    return driver_keep_reason(d, amended, err);
}

int findings_weigh(driver *d, error **err)
{
    json_t *best = json_array();
    guard_text line = {0};
    if (d->findings.count > 1)
        qsort(d->findings.items, d->findings.count, sizeof *d->findings.items, heavier_first);
    for (size_t i = 0; i < d->findings.count && json_array_size(best) < BEST; i++) {
        const finding *f = &d->findings.items[i];
        if (f->weight < WEIGHT_TOLD || told_before(d, i))
            continue;
        text_printf(&line, "%s%s", line.count ? "; " : "", f->text);
        json_array_append_new(best, json_string(f->text));
    }
    free(d->findings.best);
    d->findings.best = line.count ? text_take(&line) : NULL;
    tell_diagnosis(d, best);
    return amend_reason(d, err);
}
