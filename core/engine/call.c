/* One phase of one step: its request, what its worker asks for and tells, its end. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/call.h"
#include "engine/findings.h"
#include "engine/judge.h"
#include "engine/requirement.h"
#include "engine/series.h"
#include "engine/tell.h"
#include "engine/verdict.h"
#include "engine/waiting.h"

_Static_assert((int)WORKER_PREPARE == (int)MACHINE_PREPARE && (int)WORKER_EXECUTE == (int)MACHINE_EXECUTE &&
                   (int)WORKER_VERIFY == (int)MACHINE_VERIFY && (int)WORKER_ROLLBACK == (int)MACHINE_ROLLBACK,
               "the machine's phases are the worker's");

void call_free(call *c)
{
    if (!c)
        return;
    free(c->kept);
    free(c->not_finite);
    free(c->threshold_failed);
    free(c->threshold_warned);
    free(c->summary);
    free(c->hint);
    error_free(c->refused);
    free(c->option);
    free(c->unfit);
    json_decref(c->sampled);
    text_done(&c->found);
    free(c);
}

static const char *step_id(const call *c)
{
    return driver_step(c->driver, c->step)->id;
}

/* ---- intent ------------------------------------------------------------------------------------------------------ */

/* Whether the first sample of a soak is about to be taken. */
static bool begins_soak(const call *c)
{
    return c->phase == WORKER_VERIFY && driver_step(c->driver, c->step)->soak_ms &&
           !machine_soaking(c->driver->machine, c->step);
}

static void tell_phase_start(const call *c)
{
    json_t *event = tell_new_step(c->driver, "phase.start", c->step);
    if (begins_soak(c))
        json_object_set_new(event, "soak_begins", json_true());
    json_object_set_new(event, "phase", json_string(worker_phase_name(c->phase)));
    json_object_set_new(event, "attempt", json_integer(c->attempt));
    tell(c->driver, event);
}

int call_intend(driver *d, size_t step, worker_phase phase, int attempt, error **err)
{
    const pipeline_step *s = driver_step(d, step);
    notes *n = &d->notes[step];
    call *c = mem_new(call);
    *c = (call){.driver = d, .step = step, .phase = phase, .attempt = attempt, .sampled = json_object()};
    call_free(n->call);
    n->call = c;
    if (!n->acted_ms)
        n->acted_ms = clock_steady_ms();
    if (!n->started_ms && phase != WORKER_PREPARE)
        n->started_ms = clock_wall_ms();
    return record_intent(&d->record, s->id, worker_phase_name(phase), attempt, &c->seq, err);
}

/* ---- what the worker asks ---------------------------------------------------------------------------------------- */

/* Who tries a step wants to see its journal; that of a run is in the store. */
static void tell_remembered(const call *c, const char *key, const char *kept)
{
    if (c->driver->mode != DRIVER_TRY)
        return;
    json_t *event = tell_new_step(c->driver, "remember", c->step);
    tell_set(c->driver, event, "key", key);
    tell_set(c->driver, event, "value", kept);
    tell(c->driver, event);
}

static int on_remember(void *user, const char *key, const char *value, const char **ret_kept)
{
    call *c = user;
    guard(error) err = NULL;
    char *kept = NULL;
    if (record_remember(&c->driver->record, step_id(c), key, value, &kept, &err) < 0) {
        guard_mem char *why = error_text(err);
        tell_warning(c->driver, NULL, "step '%s': %s", step_id(c), why);
        return -1;
    }
    free(c->kept);
    c->kept = kept;
    *ret_kept = kept;
    tell_remembered(c, key, kept);
    return 0;
}

/* Now that the commit is known: is it the one that was signed off? The call goes on, and is judged at its end. */
static int hold_against_requirement(call *c, const char *commit, error **err)
{
    const driver *d = c->driver;
    guard_mem char *ignored = NULL;
    error_free(take(c->refused));
    int r = requirement_check(d->record.store, d->pipeline, commit, d->record.run.started_ms, &ignored, &c->refused);
    if (r == 0 || error_get_code(c->refused) == ERROR_REFUSED)
        return 0;
    *err = take(c->refused);
    return r;
}

static int save_output(call *c, const catalog_output *o, const char *value, error **err)
{
    driver *d = c->driver;
    const bool secret = o->flags & BELAY_F_SECRET;
    if (secret)
        redactor_add(d->secrets, value);
    int r = record_output(&d->record, step_id(c), o->name, value, secret, err);
    if (r < 0 || !(o->flags & BELAY_F_COMMIT))
        return r;
    free(d->record.run.commit);
    d->record.run.commit = mem_dup(value);
    r = record_update(&d->record, err);
    return r < 0 ? r : hold_against_requirement(c, value, err);
}

/* Who reads it would be blamed for it. Times and sizes are written in more than one way. */
static bool is_unfit(call *c, const catalog_output *o, const char *value)
{
    char *end;
    errno = 0;
    (void)strtoll(value, &end, 10);
    if (o->type != BELAY_T_INT || (!errno && end != value && !*end))
        return false;
    free(c->unfit);
    c->unfit = o->flags & BELAY_F_SECRET ? mem_printf("its output '%s' is not a whole number", o->name)
                                         : mem_printf("its output '%s' is not a whole number: '%s'", o->name, value);
    return true;
}

static int on_output(void *user, const char *name, const char *value)
{
    call *c = user;
    const catalog_output *o = catalog_output_find(driver_step(c->driver, c->step)->kind, name);
    if (!o) {
        tell_warning(c->driver, NULL, "step '%s' produced an output '%s' that its kind does not declare", step_id(c),
                     name);
        return -1;
    }
    if (is_unfit(c, o, value))
        return -1;
    guard(error) err = NULL;
    if (save_output(c, o, value, &err) < 0) {
        driver_break(c->driver, take(err));
        return -1;
    }
    json_t *event = tell_new_step(c->driver, "output", c->step);
    json_object_set_new(event, "name", json_string(name));
    tell_set(c->driver, event, "value", value);
    tell(c->driver, event);
    return 0;
}

static int on_measure(void *user, const char *name, double value)
{
    if (isfinite(value))
        return judge_sample(user, name, value);
    judge_not_finite(user, name);
    return -1;
}

static int on_keep(void *user, const char *artifact, const char *bytes, size_t n)
{
    call *c = user;
    guard(error) err = NULL;
    if (strcmp(artifact, FINDINGS_ARTIFACT) == 0)
        findings_take(c, bytes, n);
    c->left |= c->phase == WORKER_ROLLBACK && strcmp(artifact, LEFT_ARTIFACT) == 0;
    if (record_artifact(&c->driver->record, step_id(c), artifact, bytes, n, &err) == 0)
        return 0;
    guard_mem char *why = error_text(err);
    tell_warning(c->driver, NULL, "step '%s': %s", step_id(c), why);
    return -1;
}

/* ---- what the worker tells --------------------------------------------------------------------------------------- */

static json_t *phase_event(const call *c, const char *type)
{
    json_t *event = tell_new_step(c->driver, type, c->step);
    json_object_set_new(event, "phase", json_string(worker_phase_name(c->phase)));
    return event;
}

static void on_log(void *user, int level, const char *line)
{
    call *c = user;
    notes *n = &c->driver->notes[c->step];
    char **slot = &n->lines[n->line_count++ % NOTES_LINES];
    free(*slot);
    *slot = mem_dup(line);
    json_t *event = phase_event(c, "log");
    json_object_set_new(event, "level", json_integer(level));
    tell_set(c->driver, event, "line", line);
    tell(c->driver, event);
}

static void on_progress(void *user, uint64_t done, uint64_t all, const char *what)
{
    call *c = user;
    json_t *event = phase_event(c, "progress");
    json_object_set_new(event, "done", json_integer((json_int_t)done));
    json_object_set_new(event, "all", json_integer((json_int_t)all));
    tell_set(c->driver, event, "what", what);
    tell(c->driver, event);
}

static void on_plan(void *user, const char *change, const char *undo)
{
    call *c = user;
    driver *d = c->driver;
    const machine_step *s = &d->outline->steps[c->step];
    d->notes[c->step].planned = true;
    json_t *event = tell_new_step(d, "plan", c->step);
    tell_set(d, event, "change", change);
    tell_set(d, event, "undo", undo);
    json_object_set_new(event, "irreversible", json_boolean(s->has_execute && !s->has_rollback));
    json_object_set_new(event, "check", json_boolean(!s->has_execute)); /* a gate says what it waits for */
    tell(d, event);
}

static void put_away(call *c, const worker_result *r)
{
    c->worker = NULL;
    c->status = r->status;
    c->end = r->end;
    c->duration_ms = r->duration_ms;
    c->ended_ms = clock_wall_ms();
    c->ended_steady_ms = clock_steady_ms();
    c->summary = mem_dup(r->summary ? r->summary : "");
    c->hint = mem_dup_or_null(r->hint);
    c->option = mem_dup_or_null(r->option);
    judge_call(c);
    findings_ended(c);
}

static void on_done(void *user, const worker_result *result)
{
    call *c = user;
    put_away(c, result);
    c->driver->on_phase(c->driver, c->step);
}

/* ---- request ----------------------------------------------------------------------------------------------------- */

/* What is not known is no fact: a plan has no run, a first deploy nothing that was there before. */
static void set_fact(json_t *facts, const char *name, const char *value)
{
    if (*value)
        json_object_set_new(facts, name, json_string(value));
}

static void set_time(json_t *facts, const char *name, int64_t ms)
{
    guard_mem char *value = mem_printf("%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
    if (ms)
        set_fact(facts, name, value);
}

static json_t *facts_of(const call *c)
{
    const driver *d = c->driver;
    const pipeline *p = d->pipeline;
    const pipeline_step *s = driver_step(d, c->step);
    json_t *facts = json_object();
    guard_mem char *attempt = mem_printf("%d", c->attempt);
    set_fact(facts, "run.id", d->trial_id ? d->trial_id : d->record.run.id);
    set_fact(facts, "step.id", s->id);
    set_fact(facts, "stage", s->stage->name);
    set_fact(facts, "environment", p->environment);
    set_fact(facts, "pipeline.name", p->name);
    set_fact(facts, "pipeline.version", p->version);
    set_fact(facts, "pipeline.previous", p->previous);
    set_fact(facts, "pipeline.dir", p->folder);
    set_fact(facts, "attempt", attempt);
    if (d->mode == DRIVER_PLAN)
        set_fact(facts, "dry_run", "1");
    set_time(facts, "run.started_at", d->record.run.started_ms);
    set_time(facts, "stage.started_at", d->stage_ms[s->stage - p->stages]);
    set_time(facts, "step.started_at", d->notes[c->step].started_ms);
    if (s->stage->diagnose)
        findings_facts(d, facts);
    return facts;
}

/* The pinned copy where there is a content store; else the file itself, whose bytes the worker checks. */
static int plugin_path(const driver *d, const catalog_plugin *p, char **ret, error **err)
{
    if (d->engine->store)
        return catalog_pinned(store_folder(d->engine->store), p->sha256, ret, err);
    *ret = mem_dup(p->path);
    return 0;
}

static void tell_pending(const call *c, json_t *pending)
{
    if (c->phase != WORKER_PREPARE || json_array_size(pending) == 0)
        return;
    json_t *event = tell_new_step(c->driver, "plan", c->step);
    json_object_set(event, "pending", pending);
    tell(c->driver, event);
}

static worker_handlers handlers_of(call *c)
{
    return (worker_handlers){.user = c,
                             .remember = on_remember,
                             .output = on_output,
                             .measure = on_measure,
                             .log = on_log,
                             .progress = on_progress,
                             .plan = on_plan,
                             .keep = on_keep,
                             .done = on_done};
}

static void tell_unset(const call *c)
{
    const pipeline_step *s = driver_step(c->driver, c->step);
    guard_mem char *unset = pipeline_unset_variables(c->driver->pipeline, s);
    if (*unset)
        tell_warning(c->driver, "if its undo needs them, export them and roll back again",
                     "step '%s' is rolled back without environment variables that are not set now: %s", s->id, unset);
}

static int start(call *c, error **err)
{
    driver *d = c->driver;
    const pipeline_step *s = driver_step(d, c->step);
    json_t *options = NULL, *pending = NULL, *undo = NULL;
    guard_mem char *path = NULL;
    const bool undoing = c->phase == WORKER_ROLLBACK || c->phase == WORKER_DISCARD;
    /* An undo works from the journal: an output that an option refers to may never have come, and a variable need not
     * be set any more. */
    const pipeline_lack lack = undoing                      ? PIPELINE_LACKS_VARIABLES
                               : c->phase == WORKER_PREPARE ? PIPELINE_LACKS_OUTPUTS
                                                            : PIPELINE_LACKS_NOTHING;
    int r = pipeline_options(d->pipeline, s, record_output_get, &d->record, lack, &options, &pending, d->secrets, err);
    if (r == 0 && undoing)
        tell_unset(c);
    if (r == 0 && c->phase != WORKER_PREPARE)
        r = record_recall(&d->record, s->id, &undo, err);
    if (r == 0)
        r = plugin_path(d, s->kind->plugin, &path, err);
    if (r == 0) {
        tell_pending(c, pending);
        json_t *facts = facts_of(c);
        if (s->kind->flags & BELAY_S_WAITS)
            r = waiting_facts(d, s->id, options, facts, err);
        const worker_request request = {.plugin = path,
                                        .sha256 = s->kind->plugin->sha256,
                                        .step = s->kind->step,
                                        .phase = c->phase,
                                        .options = options,
                                        .pending = pending,
                                        .facts = facts,
                                        .undo = undo,
                                        .secrets = d->secrets,
                                        .timeout_ms = undoing ? s->undo_timeout_ms : s->timeout_ms,
                                        .lease = d->lock ? store_lock_lease_fd(d->lock) : 0};
        const worker_handlers handlers = handlers_of(c);
        if (r == 0)
            r = worker_start(&d->loop, &request, &handlers, &c->worker, err);
        json_decref(facts);
    }
    json_decref(options);
    json_decref(pending);
    json_decref(undo);
    return r;
}

void call_start(driver *d, size_t step)
{
    call *c = d->notes[step].call;
    tell_phase_start(c);
    if (begins_soak(c))
        series_begin(&d->notes[step]);
    guard(error) err = NULL;
    if (start(c, &err) == 0)
        return;
    guard_mem char *text = error_text(err);
    guard_mem char *why = redactor_mask(d->secrets, text);
    const worker_result result = {
        .status = BELAY_E_FAIL, .end = WORKER_END_START, .summary = why, .hint = error_get_hint(err)};
    put_away(c, &result);
    d->on_phase(d, step);
}

/* ---- result ------------------------------------------------------------------------------------------------------ */

static void tell_phase_end(const call *c)
{
    const driver *d = c->driver;
    json_t *event = phase_event(c, "phase.end");
    json_object_set_new(event, "attempt", json_integer(c->attempt));
    json_object_set_new(event, "status", json_integer(c->status));
    json_object_set_new(event, "end", json_string(worker_end_name(c->end)));
    json_object_set_new(event, "verdict", json_string(verdict_word(c->verdict)));
    json_object_set_new(event, "duration_ms", json_integer(c->duration_ms));
    tell_set(d, event, "summary", c->summary);
    tell_set(d, event, "hint", c->hint);
    tell_set(d, event, "option", c->option);
    tell(c->driver, event);
}

static void note_result(notes *n, call *c)
{
    n->ended = true;
    n->phase = c->phase;
    n->verdict = c->verdict;
    n->left = c->left;
    free(n->summary);
    free(n->hint);
    n->summary = take(c->summary);
    n->hint = take(c->hint);
}

int call_conclude(driver *d, size_t step, error **err)
{
    notes *n = &d->notes[step];
    call *c = n->call;
    guard_mem char *summary = redactor_mask(d->secrets, c->summary);
    guard_mem char *hint = redactor_mask(d->secrets, c->hint ? c->hint : "");
    guard_mem char *end = mem_dup(worker_end_name(c->end)), *verdict = mem_dup(verdict_word(c->verdict));
    const store_phase result = {.seq = c->seq,
                                .ended_ms = c->ended_ms,
                                .status = c->status,
                                .end = end,
                                .verdict = verdict,
                                .summary = summary,
                                .hint = hint};
    int r = record_result(&d->record, &result, err);
    if (r < 0)
        return r;
    tell_phase_end(c);
    n->call = NULL;
    note_result(n, c);
    if (c->phase == WORKER_PREPARE && c->verdict == MACHINE_PASSED)
        n->acted_ms = 0; /* it waits for its turn */
    call_free(c);
    return 0;
}
