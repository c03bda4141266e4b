#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/text.h"
#include "find.h"
#include "kit.h"
#include "options.h"
#include "program.h"
#include "worker/wire.h"
#include "worker/worker.h"

/* No phase of a test may take longer, whatever its kind allows. */
#define PHASE_LIMIT_MS (120 * 1000)

struct kit_step {
    catalog_plugin *plugin;
    const catalog_kind *kind;
    char *pinned;
    json_t *set, *pending, *facts;
    json_t *undo; /* newest first, as a worker is sent it */
    json_t *outputs, *measured, *artifacts;
    bool rolled_back; /* cleanly: the next execute begins with an empty journal */
    int64_t limit_ms, grace_ms;

    /* of the last phase */
    text log, plan;
    char *summary, *hint, *option;
    worker_end end;
};

/* One phase, while it runs. */
typedef struct running {
    kit_step *step;
    worker *worker;
    belay_status status;
    worker_end end;
    int records, kill_after; /* kill_after 0: not by records */
    void (*intervene)(worker *w);
    uv_timer_t timer;
} running;

static void must(int r, error **err, const char *what)
{
    if (r == 0)
        return;
    guard_mem char *text = error_text(*err);
    const char *hint = error_get_hint(*err);
    fail_msg("%s: %s%s%s", what, text, hint ? "\n  " : "", hint ? hint : "");
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

static const char *state_folder(void)
{
    static const char *folder;
    if (!folder)
        folder = kit_folder();
    return folder;
}

static json_t *default_facts(void)
{
    guard_mem char *now = mem_printf("%.3f", (double)clock_wall_ms() / 1000.0);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "run.id", "20260101-000000-test",
                     "step.id", "step", "stage", "stage", "environment", "test", "pipeline.name", "kit",
                     "pipeline.version", "v2", "pipeline.previous", "v1", "pipeline.dir", kit_folder(), "attempt", "1",
                     "run.started_at", now, "stage.started_at", now, "step.started_at", now);
}

static const catalog_kind *find_kind(const catalog_plugin *plugin, const char *name)
{
    for (size_t i = 0; i < plugin->kind_count; i++)
        if (strcmp(plugin->kinds[i].name, name) == 0 || strcmp(plugin->kinds[i].step, name) == 0)
            return &plugin->kinds[i];
    fail_msg("the plugin '%s' offers no '%s'", plugin->name, name);
    return NULL;
}

kit_step *kit_step_of(const char *file, const char *kind)
{
    guard(error) err = NULL;
    guard_mem char *path = realpath(file, NULL);
    if (!path)
        fail_msg("there is no plugin file '%s'", file);
    must(find_worker(&err), &err, "find belay-worker");
    kit_step *s = mem_new(kit_step);
    must(catalog_describe(state_folder(), path, &s->plugin, &err), &err, "describe the plugin");
    must(catalog_pinned(state_folder(), s->plugin->sha256, &s->pinned, &err), &err, "pin the plugin");
    s->kind = find_kind(s->plugin, kind);
    s->limit_ms = s->kind->timeout_ms < PHASE_LIMIT_MS ? s->kind->timeout_ms : PHASE_LIMIT_MS;
    s->set = json_object();
    s->pending = json_array();
    s->facts = default_facts();
    s->undo = json_array();
    s->outputs = json_object();
    s->measured = json_object();
    s->artifacts = json_object();
    return s;
}

kit_step *kit_step_new(const char *kind)
{
    guard_mem char *file = find_plugin(kind);
    return kit_step_of(file, kind);
}

static void forget_last_phase(kit_step *s)
{
    text_done(&s->log);
    text_done(&s->plan);
    char **const texts[] = {&s->summary, &s->hint, &s->option};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
}

void kit_step_free(kit_step *s)
{
    if (!s)
        return;
    forget_last_phase(s);
    json_t *const values[] = {s->set, s->pending, s->facts, s->undo, s->outputs, s->measured, s->artifacts};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        json_decref(values[i]);
    catalog_plugin_free(s->plugin);
    free(s->pinned);
    free(s);
}

static void must_have_option(const kit_step *s, const char *option)
{
    for (size_t i = 0; i < s->kind->option_count; i++)
        if (strcmp(s->kind->options[i].name, option) == 0)
            return;
    fail_msg("%s has no option '%s'", s->kind->name, option);
}

void kit_set(kit_step *s, const char *option, const char *value)
{
    must_have_option(s, option);
    json_object_set_new(s->set, option, json_string(value));
}

void kit_set_list(kit_step *s, const char *option, ...)
{
    must_have_option(s, option);
    json_t *list = json_array();
    va_list ap;
    va_start(ap, option);
    for (const char *item; (item = va_arg(ap, const char *));)
        json_array_append_new(list, json_string(item));
    va_end(ap);
    json_object_set_new(s->set, option, list);
}

void kit_set_pending(kit_step *s, const char *option)
{
    must_have_option(s, option);
    json_array_append_new(s->pending, json_string(option));
}

void kit_fact(kit_step *s, const char *name, const char *value)
{
    json_object_set_new(s->facts, name, json_string(value));
}

/* ---- what a worker asks and tells -------------------------------------------------------------------------------- */

static const char *find_undo(const kit_step *s, const char *key)
{
    size_t i;
    json_t *record;
    json_array_foreach(s->undo, i, record)
        if (strcmp(wire_get_text(record, "key"), key) == 0)
            return wire_get_text(record, "value");
    return NULL;
}

static int on_remember(void *user, const char *key, const char *value, const char **ret_kept)
{
    running *r = user;
    if (!find_undo(r->step, key))
        json_array_insert_new(r->step->undo, 0, json_pack("{s:s, s:s}", "key", key, "value", value));
    *ret_kept = find_undo(r->step, key);
    if (++r->records == r->kill_after)
        worker_kill(r->worker);
    return 0;
}

static int on_output(void *user, const char *name, const char *value)
{
    running *r = user;
    return json_object_set_new(r->step->outputs, name, json_string(value));
}

static int on_measure(void *user, const char *name, double value)
{
    running *r = user;
    return json_object_set_new(r->step->measured, name, json_real(value));
}

static void on_log(void *user, int level, const char *line)
{
    (void)level;
    running *r = user;
    text_printf(&r->step->log, "%s\n", line);
}

static void on_plan(void *user, const char *change, const char *undo)
{
    running *r = user;
    text_printf(&r->step->plan, "%s\n", change);
    if (undo)
        text_printf(&r->step->plan, "  undo: %s\n", undo);
}

static int on_keep(void *user, const char *artifact, const char *bytes, size_t n)
{
    running *r = user;
    const json_t *before = json_object_get(r->step->artifacts, artifact);
    text whole = {0};
    text_add(&whole, json_string_value(before), json_string_length(before));
    text_add(&whole, bytes, n);
    json_object_set_new(r->step->artifacts, artifact, wire_string(text_get(&whole), whole.count));
    text_done(&whole);
    return 0;
}

static void on_done(void *user, const worker_result *result)
{
    running *r = user;
    r->status = result->status;
    r->end = result->end;
    r->worker = NULL;
    r->step->summary = mem_dup(result->summary);
    r->step->hint = mem_dup_or_null(result->hint);
    r->step->option = mem_dup_or_null(result->option);
    uv_close((uv_handle_t *)&r->timer, NULL);
}

static void on_timer(uv_timer_t *timer)
{
    running *r = timer->data;
    if (r->worker)
        r->intervene(r->worker);
}

/* ---- phases ------------------------------------------------------------------------------------------------------ */

static void drive(running *r, worker_phase phase, const json_t *options, const redactor *secrets, int after_ms)
{
    guard(error) err = NULL;
    kit_step *s = r->step;
    const worker_request request = {
        .plugin = s->pinned,
        .sha256 = s->plugin->sha256,
        .step = s->kind->step,
        .phase = phase,
        .options = options,
        .pending = s->pending,
        .facts = s->facts,
        .undo = s->undo,
        .secrets = secrets,
        .timeout_ms = s->limit_ms,
        .grace_ms = s->grace_ms,
    };
    const worker_handlers handlers = {
        .user = r,
        .remember = on_remember,
        .output = on_output,
        .measure = on_measure,
        .log = on_log,
        .plan = on_plan,
        .keep = on_keep,
        .done = on_done,
    };
    uv_loop_t loop;
    uv_loop_init(&loop);
    uv_timer_init(&loop, &r->timer);
    r->timer.data = r;
    must(worker_start(&loop, &request, &handlers, &r->worker, &err), &err, "start the worker");
    if (r->intervene && r->kill_after == 0)
        uv_timer_start(&r->timer, on_timer, (uint64_t)after_ms, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

/* As the core does: options that the schema refuses never reach the plugin. */
static belay_status refuse(kit_step *s, const char *blame, const error *err)
{
    s->summary = error_text(err);
    s->hint = mem_dup_or_null(error_get_hint(err));
    s->option = mem_dup(blame);
    return BELAY_E_CONFIG;
}

static belay_status run(running *r, kit_phase phase, int after_ms)
{
    guard(error) err = NULL;
    guard(json_t) options = NULL;
    guard(redactor) secrets = redactor_new();
    const char *blame = "";
    kit_step *s = r->step;
    forget_last_phase(s);
    if (options_make(s->kind, s->set, s->pending, wire_get_text(s->facts, "pipeline.dir"), secrets, &options, &blame,
                     &err) < 0)
        return refuse(s, blame, err);
    if (phase == KIT_EXECUTE && s->rolled_back)
        json_array_clear(s->undo);
    s->rolled_back = s->rolled_back && phase != KIT_EXECUTE;
    drive(r, (worker_phase)phase, options, secrets, after_ms);
    s->end = r->end;
    if (r->end != WORKER_END_RETURNED) {
        if (!r->intervene)
            print_message("%s %s: %s: %s\n%s", s->kind->name, worker_phase_name((worker_phase)phase),
                          worker_end_name(r->end), s->summary, text_get(&s->log));
        return KIT_BROKEN;
    }
    if (phase == KIT_ROLLBACK)
        s->rolled_back = r->status >= 0;
    return r->status;
}

_Static_assert((int)KIT_PREPARE == (int)WORKER_PREPARE && (int)KIT_EXECUTE == (int)WORKER_EXECUTE &&
                   (int)KIT_VERIFY == (int)WORKER_VERIFY && (int)KIT_ROLLBACK == (int)WORKER_ROLLBACK &&
                   (int)KIT_DISCARD == (int)WORKER_DISCARD,
               "the phases of the kit are those of the worker");

belay_status kit_run(kit_step *s, kit_phase phase)
{
    running r = {.step = s};
    return run(&r, phase, 0);
}

belay_status kit_verify_until(kit_step *s, int seconds)
{
    int64_t until = clock_steady_ms() + seconds * 1000LL;
    for (;;) {
        belay_status status = kit_run(s, KIT_VERIFY);
        if (status != BELAY_NOT_YET || clock_steady_ms() >= until)
            return status;
        usleep(200 * 1000);
    }
}

belay_status kit_run_killed(kit_step *s, kit_phase phase, int n, int ms)
{
    running r = {.step = s, .kill_after = n, .intervene = worker_kill};
    return run(&r, phase, ms);
}

belay_status kit_run_cancelled(kit_step *s, kit_phase phase, int ms)
{
    running r = {.step = s, .intervene = worker_cancel};
    return run(&r, phase, ms);
}

void kit_limit(kit_step *s, int ms)
{
    s->limit_ms = s->grace_ms = ms;
}

/* ---- what there is to see ---------------------------------------------------------------------------------------- */

const char *kit_end(const kit_step *s)
{
    return worker_end_name(s->end);
}

const char *kit_summary(const kit_step *s)
{
    return s->summary ? s->summary : "";
}

const char *kit_hint(const kit_step *s)
{
    return s->hint ? s->hint : "";
}

const char *kit_option_to_blame(const kit_step *s)
{
    return s->option ? s->option : "";
}

const char *kit_log(const kit_step *s)
{
    return text_get(&s->log);
}

const char *kit_plan(const kit_step *s)
{
    return text_get(&s->plan);
}

const char *kit_artifact(const kit_step *s, const char *name)
{
    return wire_get_text(s->artifacts, name);
}

const char *kit_output(const kit_step *s, const char *name)
{
    return wire_get_text(s->outputs, name);
}

const char *kit_undo(const kit_step *s, const char *key)
{
    return find_undo(s, key);
}

double kit_measured(const kit_step *s, const char *name)
{
    const json_t *value = json_object_get(s->measured, name);
    return value ? json_real_value(value) : (double)NAN;
}
