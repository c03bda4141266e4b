/* The conversation with a plugin's process, message by message. docs/PROTOCOL.md describes each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "worker/host.h"

static char *masked(const worker *w, const char *s)
{
    return s ? redactor_mask(w->secrets, s) : NULL;
}

static void set_masked(const worker *w, char **to, const char *s)
{
    free(*to);
    *to = masked(w, s);
}

static bool holds_secret(const worker *w, const char *s)
{
    return redactor_finds(w->secrets, s, strlen(s));
}

static void answer(worker *w, const json_t *message, belay_status status, const char *kept)
{
    host_send(w, json_pack("{s:s, s:I, s:i, s:s*}", "type", "ack", "id", wire_get_int(message, "id", 0), "status",
                           (int)status, "kept", kept));
}

static void explain_refusal(worker *w, const char *fmt, const char *name)
{
    guard_mem char *safe = masked(w, name);
    guard_mem char *text = mem_printf("%s '%s' holds a secret", fmt, safe);
    set_masked(w, &w->summary, text);
    set_masked(w, &w->hint, "store what names the secret, never the secret");
}

/* ---- what the plugin asks ---------------------------------------------------------------------------------------- */

static void on_remember(worker *w, const json_t *m)
{
    const char *key = wire_get_text(m, "key"), *value = wire_get_text(m, "value"), *kept = NULL;
    if (!key || !value) {
        host_break(w, "a 'remember' without key or value");
        return;
    }
    if (holds_secret(w, key) || holds_secret(w, value)) {
        explain_refusal(w, "the undo record", key);
        answer(w, m, BELAY_E_HOST, NULL);
        return;
    }
    bool durable = w->handlers.remember && w->handlers.remember(w->handlers.user, key, value, &kept) == 0;
    answer(w, m, durable ? BELAY_OK : BELAY_E_HOST, durable && kept ? kept : NULL);
}

static void on_output(worker *w, const json_t *m)
{
    const char *name = wire_get_text(m, "name"), *value = wire_get_text(m, "value");
    if (!name || !value) {
        host_break(w, "an 'output' without name or value");
        return;
    }
    if (holds_secret(w, name) || holds_secret(w, value)) {
        explain_refusal(w, "the output", name);
        answer(w, m, BELAY_E_HOST, NULL);
        return;
    }
    bool ok = !w->handlers.output || w->handlers.output(w->handlers.user, name, value) == 0;
    answer(w, m, ok ? BELAY_OK : BELAY_E_HOST, NULL);
}

static void on_measure(worker *w, const json_t *m)
{
    const char *name = wire_get_text(m, "name");
    const json_t *value = json_object_get(m, "value");
    if (!name || !(json_is_number(value) || json_is_null(value))) {
        host_break(w, "a 'measure' without name or value");
        return;
    }
    guard_mem char *safe = masked(w, name);
    const double number = json_is_null(value) ? (double)NAN : json_number_value(value);
    bool ok = !w->handlers.measure || w->handlers.measure(w->handlers.user, safe, number) == 0;
    answer(w, m, ok ? BELAY_OK : BELAY_E_HOST, NULL);
}

static void on_keep(worker *w, const json_t *m)
{
    const char *name = wire_get_text(m, "name"), *base64 = wire_get_text(m, "base64");
    const json_t *plain = json_object_get(m, "text");
    if (!name || (!base64 && !json_is_string(plain))) {
        host_break(w, "a 'keep' without name or content");
        return;
    }
    size_t n = json_string_length(plain);
    char *bytes = base64 ? wire_unbase64(base64, &n) : NULL;
    answer(w, m, outflow_artifact(&w->out, name, bytes ? bytes : json_string_value(plain), n), NULL);
    mem_wipe_free(bytes, n);
}

/* ---- what the plugin says ---------------------------------------------------------------------------------------- */

static void on_log(worker *w, const json_t *m)
{
    const char *line = wire_get_text(m, "line");
    json_int_t level = wire_get_int(m, "level", -1);
    w->dropped_inside = (uint64_t)wire_get_int(m, "dropped", (json_int_t)w->dropped_inside);
    if (!line || level < 0 || level > 3)
        host_break(w, "a 'log' without line or level");
    else if (!outflow_say(&w->out, (int)level, line))
        host_flooded(w);
}

static void on_progress(worker *w, const json_t *m)
{
    guard_mem char *what = masked(w, wire_get_text(m, "what"));
    if (w->handlers.progress)
        w->handlers.progress(w->handlers.user, (uint64_t)wire_get_int(m, "done", 0),
                             (uint64_t)wire_get_int(m, "all", 0), what);
}

static void on_plan(worker *w, const json_t *m)
{
    guard_mem char *change = masked(w, wire_get_text(m, "change"));
    guard_mem char *undo = masked(w, wire_get_text(m, "undo"));
    if (!change)
        host_break(w, "a 'plan' without change");
    else if (w->handlers.plan)
        w->handlers.plan(w->handlers.user, change, undo);
}

static void on_explain(worker *w, const json_t *m)
{
    set_masked(w, &w->summary, wire_get_text(m, "summary"));
    set_masked(w, &w->hint, wire_get_text(m, "hint"));
    set_masked(w, &w->option, wire_get_text(m, "option"));
}

/* ---- beginning and end ------------------------------------------------------------------------------------------- */

static void on_ready(worker *w, const json_t *m)
{
    if (wire_get_int(m, "protocol", 0) != WIRE_PROTOCOL || w->ready)
        host_break(w, "an unexpected 'ready'");
    else
        host_ready(w);
}

static void on_attach(worker *w, const json_t *m)
{
    const char *entry = wire_get_text(m, "entry");
    json_int_t pid = wire_get_int(m, "pid", 0);
    if (!w->debugged || !w->ready || w->returned || !entry || pid <= 0 || pid > INT32_MAX)
        host_break(w, "an unexpected 'attach'");
    else if (w->handlers.attach)
        w->handlers.attach(w->handlers.user, (int)pid, entry);
}

static bool may_return(const worker *w, json_int_t status)
{
    bool verify_only = status == BELAY_NOT_YET || status == BELAY_NO_DATA;
    return status >= BELAY_E_HOST && status <= BELAY_NO_DATA && (!verify_only || w->phase == WORKER_VERIFY);
}

static void on_result(worker *w, const json_t *m)
{
    json_int_t status = wire_get_int(m, "status", INT32_MAX);
    w->dropped_inside = (uint64_t)wire_get_int(m, "dropped", 0);
    w->runs = (int)wire_get_int(m, "runs", 0);
    if (!w->ready || w->returned) {
        host_break(w, "an unexpected 'result'");
    } else if (!may_return(w, status)) {
        host_break(w, "it returned %lld from %s, which is no status of that phase", (long long)status,
                   worker_phase_name(w->phase));
    } else {
        w->returned = true;
        w->status = (belay_status)status;
        host_returned(w);
    }
}

static void on_problem(worker *w, const json_t *m)
{
    const char *text = wire_get_text(m, "text");
    set_masked(w, &w->problem, text ? text : "no reason given");
    set_masked(w, &w->hint, wire_get_text(m, "hint"));
}

static void on_plugin(worker *w, const json_t *m)
{
    if (!w->describing || w->descriptor) {
        host_break(w, "an unexpected 'plugin'");
        return;
    }
    w->descriptor = json_copy((json_t *)(uintptr_t)m);
    json_object_del(w->descriptor, "type");
}

/* Once a worker is to be killed, nothing more is done for it; what it said until then is still heard. */
static const struct {
    const char *type;
    void (*act)(worker *w, const json_t *message);
    bool says;
} messages[] = {
    {"log", on_log, true},          {"progress", on_progress, true},  {"explain", on_explain, true},
    {"measure", on_measure, false}, {"remember", on_remember, false}, {"output", on_output, false},
    {"keep", on_keep, false},       {"plan", on_plan, false},         {"ready", on_ready, false},
    {"result", on_result, false},   {"problem", on_problem, false},   {"plugin", on_plugin, false},
    {"attach", on_attach, false},
};

void dialog_message(worker *w, const json_t *message)
{
    const char *type = wire_get_text(message, "type");
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        if (strcmp(messages[i].type, type) != 0)
            continue;
        if (messages[i].says || !w->killed)
            messages[i].act(w, message);
        return;
    }
    host_break(w, "a message of the unknown type '%.40s'", type);
}

void dialog_ended(worker *w, const json_t *message)
{
    if (strcmp(wire_get_text(message, "type"), "problem") == 0) {
        on_problem(w, message);
        return;
    }
    w->ended.known = true;
    w->ended.killed = json_is_true(json_object_get(message, "killed"));
    w->ended.exit = (int)wire_get_int(message, "exit", -1);
    w->ended.signal = (int)wire_get_int(message, "signal", 0);
    w->ended.strays = (int)wire_get_int(message, "strays", 0);
    w->ended.left = (int)wire_get_int(message, "left", 0);
    set_masked(w, &w->ended.stray, wire_get_text(message, "stray"));
}
