/*
 * Each line is a message of a plugin's process, or of its supervisor: whatever it says, in whatever order, the core
 * goes on, hands out no text with a secret in it and nothing that is not UTF-8, and has a verdict in the end.
 */
#include "fuzz.h"
#include "worker/host.h"

#define SECRET "hunter2-swordfish"

static redactor *secrets;

/* ---- host.c: what would go to the worker ------------------------------------------------------------------------- */

void host_send(worker *w, json_t *message)
{
    (void)w;
    MUST(strcmp(wire_get_text(message, "type"), "ack") == 0);
    json_decref(message);
}

void host_break(worker *w, const char *fmt, ...)
{
    if (w->killed)
        return;
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *text = mem_vprintf(fmt, ap);
    va_end(ap);
    free(w->problem);
    w->problem = redactor_mask(w->secrets, text);
    w->killed = true;
    w->cause = HOST_PROTOCOL;
}

void host_flooded(worker *w)
{
    host_break(w, "it wrote too much");
}

void host_ready(worker *w)
{
    w->ready = true;
}

void host_returned(worker *w)
{
    w->stage = HOST_SWEEPING;
}

/* ---- what comes out ---------------------------------------------------------------------------------------------- */

static void check_text(const char *s)
{
    MUST(!s || (!redactor_finds(secrets, s, strlen(s)) && wire_is_text(s, strlen(s))));
}

static int on_pair(void *user, const char *name, const char *value, const char **ret_kept)
{
    (void)user;
    check_text(name);
    check_text(value);
    *ret_kept = value;
    return 0;
}

static int on_output(void *user, const char *name, const char *value)
{
    (void)user;
    check_text(name);
    check_text(value);
    return 0;
}

static int on_measure(void *user, const char *name, double value)
{
    (void)user;
    MUST(value * 0 == 0); /* JSON has no NaN and no infinity */
    check_text(name);
    return 0;
}

static void on_log(void *user, int level, const char *line)
{
    (void)user;
    MUST(level >= 0 && level <= 3 && !strchr(line, '\n'));
    check_text(line);
}

static void on_progress(void *user, uint64_t done, uint64_t all, const char *what)
{
    (void)user, (void)done, (void)all;
    check_text(what);
}

static void on_plan(void *user, const char *change, const char *undo)
{
    (void)user;
    check_text(change);
    check_text(undo);
}

static int on_keep(void *user, const char *artifact, const char *bytes, size_t n)
{
    text *all = user;
    MUST(*artifact && artifact[0] != '.' && !strchr(artifact, '/'));
    MUST(!redactor_finds(secrets, bytes, n));
    all->count = 0;
    return 0;
}

/* ---- the conversation -------------------------------------------------------------------------------------------- */

static void on_line(void *user, char *line)
{
    worker *w = user;
    guard(json_t) message = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const char *type = wire_get_text(message, "type");
    if (!type)
        return;
    if (strcmp(type, "ended") == 0)
        dialog_ended(w, message);
    else
        dialog_message(w, message);
}

static void finish(worker *w)
{
    outflow_end(&w->out);
    guard_mem char *said = NULL;
    worker_result result = verdict_of(w, &said);
    MUST(result.summary && *worker_end_name(result.end));
    MUST(result.end == WORKER_END_RETURNED || result.status == BELAY_E_RETRY);
    check_text(result.summary);
    check_text(result.hint);
    check_text(result.option);
    free(w->summary);
    free(w->hint);
    free(w->option);
    free(w->problem);
    free(w->ended.stray);
    json_decref(w->descriptor);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    guard_text unused = {0};
    if (!secrets) {
        secrets = redactor_new();
        redactor_add(secrets, SECRET);
    }
    guard_mem worker *w = mem_new(worker);
    w->secrets = secrets;
    w->phase = size % 2 ? WORKER_VERIFY : WORKER_EXECUTE;
    w->describing = size % 3 == 0;
    w->handlers = (worker_handlers){.user = &unused,
                                    .remember = on_pair,
                                    .output = on_output,
                                    .measure = on_measure,
                                    .log = on_log,
                                    .progress = on_progress,
                                    .plan = on_plan,
                                    .keep = on_keep};
    w->out = (outflow){.secrets = secrets, .handlers = &w->handlers};
    fuzz_lines(bytes, size, on_line, w);
    finish(w);
    return 0;
}
