#include "report/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *const verdict_words[] = {
#define X(id, word) [VIEW_##id] = (word),
    VIEW_VERDICTS(X)
#undef X
};

const char *view_verdict_word(view_verdict verdict)
{
    return verdict_words[verdict];
}

view_verdict view_verdict_parse(const char *word)
{
    for (size_t i = 0; i < sizeof verdict_words / sizeof *verdict_words; i++)
        if (strcmp(verdict_words[i], word) == 0)
            return (view_verdict)i;
    return VIEW_ERROR;
}

bool view_verdict_is_bad(view_verdict verdict)
{
    return verdict == VIEW_FAILED || verdict == VIEW_ERROR || verdict == VIEW_INCONCLUSIVE ||
           verdict == VIEW_NOT_UNDONE || verdict == VIEW_UNDO_SKIPPED;
}

static bool is_undo(view_verdict verdict)
{
    return verdict == VIEW_UNDONE || verdict == VIEW_NOT_UNDONE || verdict == VIEW_UNDO_SKIPPED ||
           verdict == VIEW_IRREVERSIBLE;
}

/* Replaces an owned text. */
static void put(char **slot, const char *value)
{
    free(*slot);
    *slot = mem_dup(value);
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

view *view_new(void)
{
    view *v = mem_new(view);
    char **texts[] = {&v->started_at, &v->run,  &v->pipeline, &v->environment, &v->version,
                      &v->previous,   &v->file, &v->state,    &v->reason};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = mem_dup("");
    v->index = json_object();
    v->failure = SIZE_MAX;
    return v;
}

/* What an event says went wrong; event NULL: nothing. */
static void trouble_set(view_trouble *t, view_verdict verdict, const json_t *event)
{
    t->verdict = verdict;
    put(&t->phase, event_text(event, "phase"));
    put(&t->summary, event_text(event, "summary"));
    put(&t->hint, event_text(event, "hint"));
    put(&t->option, event_text(event, "option"));
}

static void trouble_done(view_trouble *t)
{
    free(t->phase);
    free(t->summary);
    free(t->hint);
    free(t->option);
}

static void step_done(view_step *s)
{
    free(s->id);
    free(s->kind);
    free(s->title);
    free(s->phase);
    free(s->what);
    free(s->line);
    trouble_done(&s->trouble);
    trouble_done(&s->undo_trouble);
    json_decref(s->plan);
    for (size_t i = 0; i < s->measurement_count; i++) {
        free(s->measurements[i].name);
        free(s->measurements[i].unit);
        free(s->measurements[i].threshold);
    }
    free(s->measurements);
}

static void forget_findings(view *v)
{
    while (v->found.count > 0)
        free(v->found.items[--v->found.count]);
}

void view_free(view *v)
{
    if (!v)
        return;
    char *texts[] = {v->started_at, v->run,  v->pipeline, v->environment, v->version,
                     v->previous,   v->file, v->state,    v->reason};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    for (size_t i = 0; i < v->stages.count; i++)
        free(v->stages.items[i].name);
    for (size_t i = 0; i < v->steps.count; i++)
        step_done(&v->steps.items[i]);
    for (size_t i = 0; i < v->warnings.count; i++) {
        free(v->warnings.items[i].text);
        free(v->warnings.items[i].hint);
    }
    forget_findings(v);
    free(v->found.items);
    free(v->stages.items);
    free(v->steps.items);
    free(v->warnings.items);
    free(v->undone.items);
    json_decref(v->index);
    json_decref(v->end);
    free(v);
}

/* ---- stages and steps -------------------------------------------------------------------------------------------- */

static size_t add_stage(view *v, const char *name, bool rollback)
{
    mem_reserve(&v->stages);
    v->stages.items[v->stages.count] = (view_stage){.name = mem_dup(name), .rollback = rollback};
    return v->stages.count++;
}

static view_step *add_step(view *v, size_t stage, const json_t *from, const char *id)
{
    mem_reserve(&v->steps);
    view_step *s = &v->steps.items[v->steps.count];
    *s = (view_step){.id = mem_dup(id),
                     .kind = mem_dup(event_text(from, "kind")),
                     .title = mem_dup(event_text(from, "title")),
                     .stage = stage,
                     .verdict = view_verdict_parse(event_text(from, "verdict")),
                     .phase = mem_dup(""),
                     .what = mem_dup(""),
                     .line = mem_dup(""),
                     .plan = json_array()};
    trouble_set(&s->trouble, VIEW_NONE, NULL);
    trouble_set(&s->undo_trouble, VIEW_NONE, NULL);
    json_object_set_new(v->index, id, json_integer((json_int_t)v->steps.count));
    v->steps.count++;
    v->stages.items[stage].count++;
    return s;
}

static void add_steps(view *v, size_t stage, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
        (void)add_step(v, stage, item, event_text(item, "id"));
}

static size_t find_stage(view *v, const char *name)
{
    for (size_t i = 0; i < v->stages.count; i++)
        if (strcmp(v->stages.items[i].name, name) == 0)
            return i;
    return add_stage(v, name, false);
}

view_step *view_step_of(const view *v, const json_t *event)
{
    const json_t *at = json_object_get(v->index, event_text(event, "step"));
    return at ? &v->steps.items[json_integer_value(at)] : NULL;
}

/* The step of an event; one that run.start did not name is added. NULL for an event without a step. */
static view_step *step_for(view *v, const json_t *event)
{
    const char *id = event_text(event, "step");
    view_step *s = view_step_of(v, event);
    if (s || !*id)
        return s;
    s = add_step(v, find_stage(v, event_text(event, "stage")), event, id);
    s->verdict = VIEW_NONE; /* the event's verdict is not one of an earlier run */
    return s;
}

const view_step *view_failure(const view *v)
{
    return v->failure < v->steps.count ? &v->steps.items[v->failure] : NULL;
}

/* Bytes of reason before ": SUMMARY", when it ends so; else all of them. */
static size_t without(const char *reason, const char *summary)
{
    size_t n = strlen(reason), tail = strlen(summary);
    if (tail == 0 || n < tail + 3 || strcmp(reason + n - tail, summary) != 0 || reason[n - tail - 2] != ':')
        return n;
    return n - tail - 2;
}

/* Bytes of the reason before "; found: BEST", when it ends so; else all of them. */
static size_t without_findings(const view *v)
{
    guard_text tail = {0};
    for (size_t i = 0; i < v->found.count; i++)
        text_printf(&tail, "%s%s", i ? "; " : "; found: ", v->found.items[i]);
    const size_t n = strlen(v->reason);
    const bool ends_so = tail.count && n > tail.count && strcmp(v->reason + n - tail.count, text_get(&tail)) == 0;
    return ends_so ? n - tail.count : n;
}

char *view_reason(const view *v)
{
    guard_mem char *reason = mem_dup_n(v->reason, without_findings(v));
    size_t shortest = strlen(reason);
    for (size_t i = 0; i < v->steps.count; i++) {
        const view_step *s = &v->steps.items[i];
        size_t n = without(reason, s->trouble.summary), m = without(reason, s->undo_trouble.summary);
        shortest = n < shortest ? n : shortest;
        shortest = m < shortest ? m : shortest;
    }
    return mem_dup_n(reason, shortest);
}

bool view_is_main(const view *v, const view_step *s)
{
    const view_stage *stage = &v->stages.items[s->stage];
    return !stage->diagnose && !stage->rollback;
}

size_t view_count(const view *v, view_verdict verdict)
{
    size_t n = 0;
    for (size_t i = 0; i < v->steps.count; i++)
        n += v->steps.items[i].verdict == verdict && !v->stages.items[v->steps.items[i].stage].diagnose;
    return n;
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

static view_mode parse_mode(const char *word)
{
    static const char *const words[] = {[VIEW_MODE_RUN] = "run",
                                        [VIEW_MODE_PLAN] = "plan",
                                        [VIEW_MODE_TRY] = "try",
                                        [VIEW_MODE_ROLLBACK] = "rollback",
                                        [VIEW_MODE_DISCARD] = "discard"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], word) == 0)
            return (view_mode)i;
    return VIEW_MODE_RUN;
}

static void on_run_start(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)s;
    put(&v->run, event_text(event, "run"));
    put(&v->started_at, event_text(event, "at"));
    put(&v->pipeline, event_text(event, "pipeline"));
    put(&v->environment, event_text(event, "environment"));
    put(&v->version, event_text(event, "version"));
    put(&v->previous, event_text(event, "previous"));
    put(&v->file, event_text(event, "file"));
    v->mode = parse_mode(event_text(event, "mode"));
    v->resumed = json_is_true(json_object_get(event, "resumed"));
    v->since_ms = now_ms;
    json_decref(v->end);
    v->end = NULL;
    if (v->stages.count)
        return; /* a run that was resumed: its events begin again */
    size_t i;
    const json_t *stage;
    json_array_foreach(json_object_get(event, "stages"), i, stage)
        add_steps(v, add_stage(v, event_text(stage, "name"), false), json_object_get(stage, "steps"));
    const json_t *diagnose = json_object_get(event, "diagnose");
    if (json_array_size(diagnose) > 0) {
        const size_t at = add_stage(v, "diagnose", false);
        v->stages.items[at].diagnose = true;
        add_steps(v, at, diagnose);
    }
    const json_t *rollback = json_object_get(event, "rollback");
    if (json_array_size(rollback) > 0)
        add_steps(v, add_stage(v, "rollback", true), rollback);
}

static void on_run_state(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)s;
    (void)now_ms;
    put(&v->state, event_text(event, "state"));
    put(&v->reason, event_text(event, "reason"));
    v->back |= strcmp(v->state, "rolling back") == 0;
}

static void on_run_end(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    on_run_state(v, s, event, now_ms);
    json_decref(v->end);
    v->end = json_deep_copy(event);
    for (size_t i = 0; i < v->steps.count; i++)
        put(&v->steps.items[i].phase, "");
}

static void on_phase_start(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    bool again = strcmp(s->phase, event_text(event, "phase")) == 0;
    put(&s->phase, event_text(event, "phase"));
    put(&s->what, "");
    put(&s->line, "");
    s->attempt = (int)event_int(event, "attempt");
    s->done = s->all = 0;
    if (strcmp(s->phase, "prepare") != 0)
        s->begun = v->stages.items[s->stage].started = true;
    if (!again)
        s->since_ms = now_ms;
}

static void on_phase_end(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)v;
    (void)now_ms;
    view_verdict verdict = view_verdict_parse(event_text(event, "verdict"));
    const char *phase = event_text(event, "phase");
    if (verdict == VIEW_PASSED && strcmp(phase, "prepare") == 0)
        s->prepared = true;
    view_trouble *trouble = strcmp(phase, "rollback") == 0 ? &s->undo_trouble : &s->trouble;
    if (verdict == VIEW_NOT_YET || view_verdict_is_bad(verdict))
        trouble_set(trouble, verdict, event);
    else if (strcmp(trouble->phase, phase) == 0)
        trouble_set(trouble, VIEW_NONE, NULL);
    if (verdict != VIEW_NOT_YET) /* else it is asked again soon, and stays in sight */
        put(&s->phase, "");
}

static void forget_undo(view *v, size_t step)
{
    size_t kept = 0;
    for (size_t i = 0; i < v->undone.count; i++)
        if (v->undone.items[i] != step)
            v->undone.items[kept++] = v->undone.items[i];
    v->undone.count = kept;
}

static void on_step_end(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    view_verdict verdict = view_verdict_parse(event_text(event, "verdict"));
    put(&s->phase, "");
    if (is_undo(verdict)) {
        s->undo = verdict;
        s->undo_duration_ms = event_int(event, "duration_ms");
        forget_undo(v, (size_t)(s - v->steps.items)); /* tried again after the rollback stage */
        mem_reserve(&v->undone);
        v->undone.items[v->undone.count++] = (size_t)(s - v->steps.items);
        return;
    }
    s->verdict = verdict;
    if (v->stages.items[s->stage].diagnose) /* whatever it came to decides nothing */
        return;
    v->stages.items[s->stage].bad |= view_verdict_is_bad(verdict);
    s->duration_ms = event_int(event, "duration_ms");
    if (view_verdict_is_bad(verdict) && v->failure == SIZE_MAX) {
        v->failure = (size_t)(s - v->steps.items);
        v->failed_ms = now_ms;
    }
}

static void on_progress(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)v;
    (void)now_ms;
    s->done = event_int(event, "done");
    s->all = event_int(event, "all");
    put(&s->what, event_text(event, "what"));
}

static void on_measure(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)v;
    (void)now_ms;
    const char *name = event_text(event, "name");
    size_t i = 0;
    while (i < s->measurement_count && strcmp(s->measurements[i].name, name) != 0)
        i++;
    if (i == s->measurement_count) {
        s->measurements = mem_grow(s->measurements, ++s->measurement_count, sizeof *s->measurements);
        s->measurements[i] = (view_measurement){.name = mem_dup(name)};
    }
    put(&s->measurements[i].unit, event_text(event, "unit"));
    put(&s->measurements[i].threshold, event_text(event, "threshold"));
    s->measurements[i].value = json_number_value(json_object_get(event, "value"));
    s->measurements[i].verdict = view_verdict_parse(event_text(event, "verdict"));
}

static void on_warning(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)s;
    (void)now_ms;
    mem_reserve(&v->warnings);
    v->warnings.items[v->warnings.count++] =
        (view_warning){.text = mem_dup(event_text(event, "text")), .hint = mem_dup(event_text(event, "hint"))};
}

static void on_diagnosis(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)s;
    (void)now_ms;
    size_t i;
    const json_t *best;
    forget_findings(v);
    json_array_foreach(json_object_get(event, "best"), i, best) {
        mem_reserve(&v->found);
        v->found.items[v->found.count++] = mem_dup(json_is_string(best) ? json_string_value(best) : "");
    }
}

/* What a rollback or a discard warns of is part of what became of the run: the summary says it again. */
static bool outlasts_its_phase(const json_t *event)
{
    const char *phase = event_text(event, "phase");
    return event_int(event, "level") == 2 && (strcmp(phase, "rollback") == 0 || strcmp(phase, "discard") == 0);
}

static void on_log(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)now_ms;
    put(&s->line, event_text(event, "line"));
    if (!outlasts_its_phase(event))
        return;
    mem_reserve(&v->warnings);
    v->warnings.items[v->warnings.count++] = (view_warning){
        .text = mem_printf("%s: %s", event_text(event, "step"), event_text(event, "line")), .hint = mem_dup("")};
}

static void on_plan(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)v;
    (void)now_ms;
    json_array_append_new(s->plan, json_deep_copy(event));
}

static void on_stage_start(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)s;
    (void)now_ms;
    v->stages.items[find_stage(v, event_text(event, "stage"))].started = true;
}

static void on_stage_end(view *v, view_step *s, const json_t *event, int64_t now_ms)
{
    (void)s;
    (void)now_ms;
    v->stages.items[find_stage(v, event_text(event, "stage"))].ended = true;
}

static const struct {
    const char *type;
    bool of_step;
    void (*apply)(view *v, view_step *s, const json_t *event, int64_t now_ms);
} handlers[] = {
    {"run.start", false, on_run_start},
    {"run.state", false, on_run_state},
    {"run.end", false, on_run_end},
    {"stage.start", false, on_stage_start},
    {"stage.end", false, on_stage_end},
    {"warning", false, on_warning},
    {"phase.start", true, on_phase_start},
    {"phase.end", true, on_phase_end},
    {"step.end", true, on_step_end},
    {"progress", true, on_progress},
    {"log", true, on_log},
    {"measure", true, on_measure},
    {"plan", true, on_plan},
    {"diagnosis", true, on_diagnosis},
};

void view_apply(view *v, const json_t *event, int64_t now_ms)
{
    const char *type = event_text(event, "type");
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (strcmp(handlers[i].type, type) != 0)
            continue;
        view_step *s = handlers[i].of_step ? step_for(v, event) : NULL;
        if (s || !handlers[i].of_step)
            handlers[i].apply(v, s, event, now_ms);
        return;
    }
}
