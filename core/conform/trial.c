#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/tree.h"
#include "conform/bench.h"
#include "conform/debugger.h"
#include "conform/interrupt.h"

#define TIMEOUT_MS  60000
#define DEBUGGER_MS (24 * 3600 * 1000) /* people take their time */

/* One phase, while it runs. */
typedef struct running {
    trial *trial;
    const wish *how;
    worker *worker;
    uv_timer_t timer;
    uv_poll_t interrupt;
    debugger debugger;
    error **err; /* where trouble of our own goes that comes while it runs */
    int result;
} running;

int trial_begin(trial *t, const bench *b, error **err)
{
    trial_done(t);
    t->bench = b;
    t->undo = json_array();
    int r = file_remove_tree(b->world, err);
    if (r == 0)
        r = tree_copy(b->pristine, b->world, err);
    return r == 0 ? bench_run(b, (char *const *const *)b->trial_case.reset, err) : r;
}

static void forget_last(trial *t)
{
    free(t->summary);
    free(t->stray);
    text_done(&t->heard);
    trace_done(&t->trace);
    *t = (trial){.bench = t->bench, .undo = t->undo};
}

void trial_done(trial *t)
{
    forget_last(t);
    json_decref(t->undo);
    t->undo = NULL;
}

/* ---- what a worker asks and tells -------------------------------------------------------------------------------- */

static void hear(running *r, const char *what, const char *s)
{
    if (s)
        text_printf(&r->trial->heard, "%s: %s\n", what, s);
}

static const char *find_record(const trial *t, const char *key)
{
    size_t i;
    json_t *record;
    json_array_foreach(t->undo, i, record)
        if (strcmp(json_string_value(json_object_get(record, "key")), key) == 0)
            return json_string_value(json_object_get(record, "value"));
    return NULL;
}

static int on_remember(void *user, const char *key, const char *value, const char **ret_kept)
{
    running *r = user;
    trial *t = r->trial;
    hear(r, "undo record", value);
    if (++t->remembers == r->how->refuse_remember)
        return -1;
    if (!find_record(t, key))
        json_array_insert_new(t->undo, 0, json_pack("{s:s, s:s}", "key", key, "value", value));
    *ret_kept = find_record(t, key);
    return 0;
}

static int on_output(void *user, const char *name, const char *value)
{
    running *r = user;
    (void)name;
    hear(r, "output", value);
    r->trial->outputs++;
    return r->how->refuse_output ? -1 : 0;
}

static int on_measure(void *user, const char *name, double value)
{
    if (!isfinite(value))
        return -1;
    hear(user, "measurement", name);
    return 0;
}

static void on_log(void *user, int level, const char *line)
{
    (void)level;
    hear(user, "log", line);
}

static void on_progress(void *user, uint64_t done, uint64_t all, const char *what)
{
    (void)done;
    (void)all;
    hear(user, "progress", what);
}

static void on_plan(void *user, const char *change, const char *undo)
{
    hear(user, "plan", change);
    hear(user, "plan", undo);
}

static int on_keep(void *user, const char *artifact, const char *bytes, size_t n)
{
    running *r = user;
    text_printf(&r->trial->heard, "artifact %s: ", artifact);
    text_add(&r->trial->heard, bytes, n);
    text_puts(&r->trial->heard, "\n");
    return 0;
}

static void on_attach(void *user, int pid, const char *entry)
{
    running *r = user;
    debugging *d = r->trial->bench->debugging;
    guard_mem char *what = mem_printf("%s, number %d", worker_phase_name(d->phase), ++d->count);
    r->result = debugger_start(&r->debugger, r->timer.loop, what, pid, entry, r->err);
    if (r->result < 0)
        worker_kill(r->worker);
}

static void close_handles(running *r)
{
    uv_close((uv_handle_t *)&r->timer, NULL);
    uv_close((uv_handle_t *)&r->interrupt, NULL);
}

static void on_done(void *user, const worker_result *result)
{
    running *r = user;
    trial *t = r->trial;
    t->status = result->status;
    t->end = result->end;
    t->signal = result->signal;
    t->runs = result->runs;
    t->summary = mem_dup(result->summary);
    t->stray = mem_dup_or_null(result->stray);
    hear(r, "explanation", result->summary);
    hear(r, "explanation", result->hint);
    hear(r, "explanation", result->option);
    r->worker = NULL;
    close_handles(r);
}

static void cancel(running *r)
{
    if (!r->worker)
        return;
    r->trial->cancelled = true;
    worker_cancel(r->worker);
}

static void on_timer(uv_timer_t *timer)
{
    cancel(timer->data);
}

static void on_interrupt(uv_poll_t *poll, int status, int events)
{
    running *r = poll->data;
    (void)status;
    (void)events;
    uv_poll_stop(poll);
    if (r->result == 0)
        r->result = interrupt_check(r->err);
    if (r->worker)
        worker_kill(r->worker);
}

/* ---- a phase ----------------------------------------------------------------------------------------------------- */

/* What a step that waits is told: nobody has decided yet, and one step, `earlier`, has passed. */
static void add_facts_of_a_wait(json_t *facts)
{
    static const char *const pairs[][2] = {
        {"run.user", "check"},
        {"run.evidence", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, /* of nothing */
        {"step.approvals", "[]"},
        {"run.findings", "{\"steps\": {\"earlier\": {\"verdict\": \"passed\", \"summary\": \"\", \"measurements\": "
                         "[]}}, \"boxes\": {}}"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        json_object_set_new(facts, pairs[i][0], json_string(pairs[i][1]));
}

static json_t *make_facts(const bench *b, const wish *how)
{
    guard_mem char *now = mem_printf("%.3f", (double)clock_wall_ms() / 1000.0);
    json_t *facts =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "run.id", "20260101-000000-case",
                  "step.id", b->kind->step, "stage", "check", "environment", "check", "pipeline.name", "check",
                  "pipeline.version", "v2", "pipeline.previous", "v1", "pipeline.dir", b->world, "attempt", "1",
                  "run.started_at", now, "stage.started_at", now, "step.started_at", now);
    if (how->dry_run)
        json_object_set_new(facts, "dry_run", json_string("1"));
    if (how->bare)
        json_object_del(facts, "pipeline.previous"); /* of the first deploy */
    if (b->kind->flags & BELAY_S_WAITS)
        add_facts_of_a_wait(facts);
    return facts;
}

static int drive(running *r, const worker_request *request, error **err)
{
    const worker_handlers handlers = {.user = r,
                                      .remember = on_remember,
                                      .output = on_output,
                                      .measure = on_measure,
                                      .log = on_log,
                                      .progress = on_progress,
                                      .plan = on_plan,
                                      .keep = on_keep,
                                      .attach = on_attach,
                                      .done = on_done};
    uv_loop_t loop;
    int started = uv_loop_init(&loop);
    if (started < 0)
        return error_set(err, ERROR_IO, "make a loop: %s", uv_strerror(started));
    uv_timer_init(&loop, &r->timer);
    uv_poll_init(&loop, &r->interrupt, interrupt_fd());
    uv_poll_start(&r->interrupt, UV_READABLE, on_interrupt);
    r->timer.data = r->interrupt.data = r;
    started = worker_start(&loop, request, &handlers, &r->worker, err);
    if (started < 0)
        close_handles(r);
    else if (r->how->cancel_ms == CANCEL_AT_ONCE)
        cancel(r);
    else if (r->how->cancel_ms)
        uv_timer_start(&r->timer, on_timer, (uint64_t)r->how->cancel_ms, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return started < 0 ? started : r->result;
}

/* A phase that belay-tracer follows cannot be followed by gdb, too. */
static bool is_debugged(const bench *b, worker_phase phase, const wish *how)
{
    return b->debugging && b->debugging->phase == phase && !how->watched;
}

int trial_call(trial *t, worker_phase phase, const wish *how, error **err)
{
    const bench *b = t->bench;
    forget_last(t);
    guard_mem char *report = mem_printf("%s/report", b->scratch), *stop = mem_printf("%ld", how->stop);
    const char *const watcher[] = {b->tracer, report, stop, NULL};
    json_t *facts = make_facts(b, how);
    bool debugged = is_debugged(b, phase, how);
    int64_t timeout_ms = how->timeout_ms ? how->timeout_ms : TIMEOUT_MS;
    const worker_request request = {
        .plugin = b->pinned,
        .sha256 = b->kind->plugin->sha256,
        .step = b->kind->step,
        .phase = phase,
        .options = how->instead ? how->instead : b->options,
        .pending = how->pending,
        .facts = facts,
        .undo = phase == WORKER_PREPARE ? NULL : t->undo,
        .secrets = how->unmasked ? b->nothing : b->secrets,
        .timeout_ms = debugged ? DEBUGGER_MS : timeout_ms,
        .grace_ms = debugged ? DEBUGGER_MS : 0,
        .watcher = how->watched ? watcher : NULL,
        .debugged = debugged,
        .bare = how->bare,
        .fail_run = how->fail_run,
    };
    running r = {.trial = t, .how = how, .err = err};
    int result = drive(&r, &request, err);
    json_decref(facts);
    if (result == 0 && how->watched)
        result = trace_read(report, &t->trace, err);
    return result;
}

/* ---- what it came to --------------------------------------------------------------------------------------------- */

bool trial_is_good(const trial *t)
{
    return t->end == WORKER_END_RETURNED && t->status >= 0;
}

char *trial_show(const trial *t)
{
    const char *colon = t->summary && *t->summary ? ": " : "";
    if (t->end == WORKER_END_RETURNED)
        return mem_printf("returned %d%s%s", (int)t->status, colon, t->summary);
    return mem_printf("ended as '%s'%s%s", worker_end_name(t->end), colon, t->summary);
}

int trial_digest(const trial *t, char **ret, error **err)
{
    text digest = {0};
    int r = bench_digest(t->bench, &digest, err);
    *ret = text_take(&digest);
    return r;
}

/* Of a line of a digest: the path ends before the mode, which is seven octal digits. */
static size_t path_length(const char *line)
{
    size_t i = 0;
    while (line[i] && line[i] != '\n' && (line[i] != ' ' || strspn(line + i + 1, "01234567") != 7))
        i++;
    return i;
}

/* The line of this path in a digest, or NULL. */
static const char *find_line(const char *digest, const char *path, size_t length)
{
    for (const char *line = digest; *line;) {
        if (path_length(line) == length && strncmp(line, path, length) == 0)
            return line;
        size_t n = strcspn(line, "\n");
        line += n + (line[n] == '\n');
    }
    return NULL;
}

/* How the thing of a line became that of another, NULL when it did not change. */
static const char *what_became(const char *before, const char *now, size_t path)
{
    const size_t mode = path + 8;
    size_t n = strcspn(before, "\n"), m = strcspn(now, "\n");
    if (n == m && strncmp(before, now, n) == 0)
        return NULL;
    bool same_content = n == m && n >= mode && strncmp(before + mode, now + mode, n - mode) == 0;
    return same_content ? "has another mode" : "is changed";
}

char *trial_difference(const char *before, const char *after)
{
    if (strcmp(before, after) == 0)
        return NULL;
    text out = {.max = 600};
    for (int round = 0; round < 2; round++)
        for (const char *line = round ? after : before; *line;) {
            size_t n = strcspn(line, "\n"), path = path_length(line);
            const char *other = find_line(round ? before : after, line, path);
            const char *what = !other ? round ? "is new" : "is gone" : round ? NULL : what_became(line, other, path);
            if (what)
                text_printf(&out, "%s'%.*s' %s", out.count ? ", " : "", (int)path, line, what);
            line += n + (line[n] == '\n');
        }
    return text_take(&out);
}
