#include "worker_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/sha256.h"

char *phase_plugin(const char *name, char hex[65])
{
    guard(error) err = NULL;
    const char *build = getenv("BELAY_BUILD_DIR");
    assert_non_null(build);
    char *path = mem_printf("%s/tests/plugins/%s.so", build, name);
    guard_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || sha256_file(fd, hex, &err) < 0)
        fail_msg("read %s", path);
    return path;
}

/* ---- handlers ---------------------------------------------------------------------------------------------------- */

static int on_remember(void *user, const char *key, const char *value, const char **ret_kept)
{
    phase_run *p = user;
    if (p->refuse)
        return -1;
    if (!json_object_get(p->remembered, key))
        json_object_set_new(p->remembered, key, json_string(value));
    *ret_kept = json_string_value(json_object_get(p->remembered, key));
    return 0;
}

static int on_output(void *user, const char *name, const char *value)
{
    phase_run *p = user;
    text_printf(&p->told, "output %s=%s\n", name, value);
    return p->refuse ? -1 : 0;
}

static int on_measure(void *user, const char *name, double value)
{
    if (!isfinite(value))
        return -1;
    phase_run *p = user;
    text_printf(&p->told, "measure %s=%.1f\n", name, value);
    return 0;
}

static void on_log(void *user, int level, const char *line)
{
    phase_run *p = user;
    p->lines++;
    text_printf(&p->log, "%d %s\n", level, line);
    usleep((useconds_t)p->stall_ms * 1000);
    if (p->cancel_at_log && p->worker)
        worker_cancel(p->worker);
}

static void on_progress(void *user, uint64_t done, uint64_t all, const char *what)
{
    phase_run *p = user;
    text_printf(&p->told, "progress %d/%d %s\n", (int)done, (int)all, what);
}

static void on_plan(void *user, const char *change, const char *undo)
{
    phase_run *p = user;
    text_printf(&p->plan, "%s | %s\n", change, undo ? undo : "nothing");
}

static int on_keep(void *user, const char *artifact, const char *bytes, size_t n)
{
    phase_run *p = user;
    if (!p->artifact_name)
        p->artifact_name = mem_dup(artifact);
    text_add(strcmp(p->artifact_name, artifact) == 0 ? &p->artifact : &p->second_artifact, bytes, n);
    return 0;
}

static void on_done(void *user, const worker_result *result)
{
    phase_run *p = user;
    p->worker = NULL;
    if (p->dones++ > 0)
        return;
    p->status = result->status;
    p->end = result->end;
    p->signal = result->signal;
    p->summary = mem_dup(result->summary);
    p->hint = mem_dup_or_null(result->hint);
    p->option = mem_dup_or_null(result->option);
    p->dropped = result->log_dropped;
    p->took_ms = result->duration_ms;
    uv_close((uv_handle_t *)&p->timer, NULL);
}

static void on_timer(uv_timer_t *timer)
{
    phase_run *p = timer->data;
    if (p->worker && p->kill_after_ms)
        worker_kill(p->worker);
    else if (p->worker)
        worker_cancel(p->worker);
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

void phase_run_start(phase_run *p, uv_loop_t *loop)
{
    char hex[65];
    guard(error) err = NULL;
    guard_mem char *path = phase_plugin(p->plugin, hex);
    const worker_handlers handlers = {
        .user = p,
        .remember = on_remember,
        .output = on_output,
        .measure = on_measure,
        .log = on_log,
        .progress = on_progress,
        .plan = on_plan,
        .keep = on_keep,
        .done = on_done,
    };
    const worker_request request = {
        .plugin = path,
        .sha256 = hex,
        .step = p->step,
        .phase = p->phase,
        .options = p->options,
        .pending = p->pending,
        .facts = p->facts,
        .undo = p->undo,
        .secrets = p->secrets,
        .timeout_ms = p->timeout_ms ? p->timeout_ms : 10000,
        .grace_ms = p->grace_ms ? p->grace_ms : 300,
    };
    p->remembered = json_object();
    uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    if (worker_start(loop, &request, &handlers, &p->worker, &err) < 0) {
        guard_mem char *why = error_text(err);
        fail_msg("start: %s", why);
    }
    int after = p->kill_after_ms ? p->kill_after_ms : p->cancel_after_ms;
    if (after)
        uv_timer_start(&p->timer, on_timer, (uint64_t)after, 0);
}

void phase_run_do(phase_run *p)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    phase_run_start(p, &loop);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(p->dones, 1);
    assert_non_null(p->summary);
}

void phase_run_done(phase_run *p)
{
    json_t *const values[] = {p->options, p->pending, p->facts, p->undo, p->remembered};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        json_decref(values[i]);
    text *const texts[] = {&p->log, &p->plan, &p->told, &p->artifact, &p->second_artifact};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        text_done(texts[i]);
    redactor_free(p->secrets);
    free(p->summary);
    free(p->hint);
    free(p->option);
    free(p->artifact_name);
}

/* ---- the world --------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/belay-unit-XXXXXX";

static void remove_folder(void)
{
    guard(error) err = NULL;
    if (file_remove_tree(folder, &err) < 0)
        fprintf(stderr, "%s was not removed\n", folder);
}

const char *phase_path(const char *name)
{
    static char path[256];
    if (strstr(folder, "XXXXXX")) {
        assert_non_null(mkdtemp(folder));
        atexit(remove_folder);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

void assert_all_gone(const char *pids, int expected)
{
    int found = 0, pid;
    int64_t until = clock_steady_ms() + 5000;
    FILE *f = fopen(pids, "r");
    assert_non_null(f);
    for (; fscanf(f, "%d", &pid) == 1; found++) {
        while (!process_has_ended(pid) && clock_steady_ms() < until)
            usleep(2000);
        if (!process_has_ended(pid)) {
            kill(pid, SIGKILL);
            fail_msg("process %d is still there", pid);
        }
    }
    fclose(f);
    unlink(pids);
    assert_int_equal(found, expected);
}
