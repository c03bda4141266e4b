/* The functions that plugins are lent: what of them is asked of the core, or answered from what the core sent. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "worker/call.h"
#include "worker/inside.h"
#include "worker/load.h"
#include "worker/outflow.h"

/* ---- the conversation -------------------------------------------------------------------------------------------- */

void call_tell(belay_ctx *c, json_t *message)
{
    guard(error) err = NULL;
    if (!c->host_gone && wire_send(INSIDE_TALK, message, &err) < 0)
        c->host_gone = true;
    json_decref(message);
}

belay_status call_ask(belay_ctx *c, json_t *message, const char **kept)
{
    guard(error) err = NULL;
    guard(json_t) answer = NULL;
    json_int_t id = ++c->last_id;
    json_object_set_new(message, "id", json_integer(id));
    call_tell(c, message);
    if (c->host_gone || wire_receive(INSIDE_TALK, &c->reader, &answer, &err) < 0 ||
        wire_get_int(answer, "id", 0) != id) {
        c->host_gone = true;
        return BELAY_E_HOST;
    }
    if (kept && wire_get_text(answer, "kept")) {
        *kept = wire_get_text(answer, "kept");
        json_array_append(c->memory, answer);
    }
    return (belay_status)wire_get_int(answer, "status", BELAY_E_HOST);
}

char *call_keep_text(belay_ctx *c, const char *s, size_t n)
{
    /* A string of jansson's, so that it is wiped with the others. */
    json_t *object = json_stringn_nocheck(s, n);
    json_array_append_new(c->memory, object);
    char *text;
    const char *value = json_string_value(object);
    memcpy(&text, &value, sizeof text);
    return text;
}

static json_t *cut(const char *s)
{
    size_t n = s ? strlen(s) : 0;
    return s ? wire_string(s, n < CALL_TEXT ? n : CALL_TEXT) : json_null();
}

void call_explain(belay_ctx *c, const char *hint, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *summary = mem_vprintf(fmt, ap);
    va_end(ap);
    call_host.explain(c, summary, hint, NULL);
}

/* ---- options and facts ------------------------------------------------------------------------------------------- */

static bool is_bool(const belay_ctx *c, const char *name)
{
    for (uint32_t i = 0; i < c->step.option_count; i++) {
        belay_option option = load_option(&c->step, i);
        if (option.name && strcmp(option.name, name) == 0)
            return option.type == BELAY_T_BOOL;
    }
    return false;
}

static const char *opt_str(belay_ctx *c, const char *name)
{
    const json_t *value = json_object_get(c->options, name);
    if (!json_is_integer(value))
        return json_string_value(value);
    char digits[24];
    if (is_bool(c, name))
        return json_integer_value(value) ? "true" : "false";
    int n = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return call_keep_text(c, digits, (size_t)n);
}

static int64_t opt_int(belay_ctx *c, const char *name)
{
    return json_integer_value(json_object_get(c->options, name));
}

static const char *const *opt_list(belay_ctx *c, const char *name)
{
    const json_t *array = json_object_get(c->options, name);
    size_t count = json_array_size(array);
    const char **list = mem_array(count + 1, sizeof *list); /* lives as long as the process, as was promised */
    for (size_t i = 0; i < count; i++)
        list[i] = json_string_value(json_array_get(array, i));
    return list;
}

static int32_t pending(belay_ctx *c, const char *name)
{
    size_t i;
    json_t *value;
    json_array_foreach(c->pending, i, value)
        if (name && strcmp(json_string_value(value), name) == 0)
            return 1;
    return 0;
}

static const char *fact(belay_ctx *c, const char *name)
{
    return wire_get_text(c->facts, name);
}

/* ---- the undo journal -------------------------------------------------------------------------------------------- */

static const call_record *find_record(const belay_ctx *c, const char *key)
{
    for (size_t i = 0; i < c->undo.count; i++)
        if (key && strcmp(c->undo.items[i].key, key) == 0)
            return &c->undo.items[i];
    return NULL;
}

static belay_status check_record(belay_ctx *c, const char *key, const char *value)
{
    if (c->phase != WORKER_EXECUTE) {
        call_explain(c, NULL, "remember('%s') was called outside execute", key);
        return BELAY_E_HOST;
    }
    size_t key_n = strlen(key), value_n = strlen(value);
    bool room = find_record(c, key) || c->undo.count < CALL_UNDO_KEYS;
    if (key_n == 0 || key_n > CALL_NAME || value_n > CALL_UNDO_VALUE || !room) {
        call_explain(c, NULL, "the undo record '%.*s' exceeds a limit: %d bytes of key, %zu of value, %d records",
                     CALL_NAME, key, CALL_NAME, CALL_UNDO_VALUE, CALL_UNDO_KEYS);
        return BELAY_E_LIMIT;
    }
    if (!wire_is_text(key, key_n) || !wire_is_text(value, value_n)) {
        call_explain(c, "write binary values in base64", "an undo record is not UTF-8");
        return BELAY_E_LIMIT;
    }
    return BELAY_OK;
}

static belay_status remember(belay_ctx *c, const char *key, const char *value, const char **kept)
{
    if (!key || !value)
        return BELAY_E_CONFIG;
    belay_status status = check_record(c, key, value);
    if (status != BELAY_OK)
        return status;
    const char *journal = NULL;
    status = call_ask(c, json_pack("{s:s, s:s, s:s}", "type", "remember", "key", key, "value", value), &journal);
    if (status != BELAY_OK)
        return status;
    if (!journal)
        journal = call_keep_text(c, value, strlen(value));
    if (!find_record(c, key)) {
        mem_reserve(&c->undo);
        c->undo.items[c->undo.count++] = (call_record){call_keep_text(c, key, strlen(key)), journal};
    }
    if (kept)
        *kept = journal;
    return BELAY_OK;
}

static const char *recall(belay_ctx *c, const char *key)
{
    const call_record *record = find_record(c, key);
    return record ? record->value : NULL;
}

static const char *recall_at(belay_ctx *c, uint32_t index, const char **key)
{
    if (index >= c->undo.count)
        return NULL;
    const call_record *record = &c->undo.items[c->undo.count - 1 - index];
    if (key)
        *key = record->key;
    return record->value;
}

/* ---- what a step produces ---------------------------------------------------------------------------------------- */

static bool declares_output(const belay_ctx *c, const char *name)
{
    for (uint32_t i = 0; i < c->step.output_count; i++)
        if (strcmp(load_output(&c->step, i).name, name) == 0)
            return true;
    return false;
}

static bool declares_metric(const belay_ctx *c, const char *name)
{
    size_t n = strcspn(name, "/");
    for (uint32_t i = 0; i < c->step.metric_count; i++) {
        const char *declared = load_metric(&c->step, i).name;
        if (strlen(declared) == n && strncmp(declared, name, n) == 0)
            return true;
    }
    return false;
}

static belay_status output(belay_ctx *c, const char *name, const char *value)
{
    if (!name || !value || !declares_output(c, name)) {
        call_explain(c, NULL, "the step does not declare the output '%s'", name ? name : "");
        return BELAY_E_CONFIG;
    }
    if (strlen(value) > CALL_OUTPUT || !wire_is_text(value, strlen(value))) {
        call_explain(c, NULL, "the output '%s' is longer than %zu bytes or not UTF-8", name, CALL_OUTPUT);
        return BELAY_E_LIMIT;
    }
    return call_ask(c, json_pack("{s:s, s:s, s:s}", "type", "output", "name", name, "value", value), NULL);
}

static belay_status measure(belay_ctx *c, const char *metric, double value)
{
    if (!metric || !declares_metric(c, metric)) {
        call_explain(c, NULL, "the step does not declare the metric '%s'", metric ? metric : "");
        return BELAY_E_CONFIG;
    }
    if (!isfinite(value)) {
        call_explain(c, NULL, "the metric '%s' was measured as no finite number", metric);
        (void)call_ask(c, json_pack("{s:s, s:s, s:n}", "type", "measure", "name", metric, "value"), NULL);
        return BELAY_E_CONFIG;
    }
    if (strlen(metric) > CALL_NAME || !wire_is_text(metric, strlen(metric))) {
        call_explain(c, NULL, "the name of the measurement '%s' is longer than %d bytes or not UTF-8", metric,
                     CALL_NAME);
        return BELAY_E_LIMIT;
    }
    return call_ask(c, json_pack("{s:s, s:s, s:f}", "type", "measure", "name", metric, "value", value), NULL);
}

static json_t *piece_of_artifact(const char *name, const char *bytes, size_t n)
{
    json_t *message = json_pack("{s:s, s:s}", "type", "keep", "name", name);
    if (wire_is_text(bytes, n))
        json_object_set_new(message, "text", json_stringn_nocheck(bytes, n));
    else
        json_object_set_new(message, "base64", wire_base64(bytes, n));
    return message;
}

belay_status call_keep(belay_ctx *c, const char *name, const void *bytes, uint64_t length)
{
    if (!name || strlen(name) > CALL_NAME || !wire_is_text(name, strlen(name)))
        return BELAY_E_CONFIG;
    const char *at = bytes;
    while (length) {
        size_t n = length < CALL_KEEP_PIECE ? (size_t)length : CALL_KEEP_PIECE;
        belay_status status = call_ask(c, piece_of_artifact(name, at, n), NULL);
        if (status != BELAY_OK)
            return status;
        at += n;
        length -= n;
    }
    return BELAY_OK;
}

/* Many plugins can do without an artifact: what they have explained themselves stays. */
static belay_status keep(belay_ctx *c, const char *name, const void *bytes, uint64_t length)
{
    belay_status status = call_keep(c, name, bytes, length);
    if (c->explained)
        return status;
    if (status == BELAY_E_CONFIG)
        call_explain(c, NULL,
                     "'%s' is no name of an artifact: 1 to %d of A-Z a-z 0-9 . _ -, no dot in front, no secret",
                     name ? name : "", OUTFLOW_NAME);
    else if (status == BELAY_E_LIMIT)
        call_explain(c, NULL, "the artifact '%s' exceeds a limit: %zu MiB each, %d of a call", name,
                     OUTFLOW_ARTIFACT >> 20, OUTFLOW_ARTIFACTS);
    c->explained = false; /* of several refusals the last counts */
    return status;
}

/* ---- what a step says -------------------------------------------------------------------------------------------- */

static void log_line(belay_ctx *c, int32_t level, const char *line, size_t n)
{
    if (n > CALL_LOG_LINE)
        n = CALL_LOG_LINE;
    if (!budget_take(&c->log, n, clock_steady_ms()))
        return;
    call_tell(c, json_pack("{s:s, s:i, s:o, s:I}", "type", "log", "level", (int)level, "line", wire_string(line, n),
                           "dropped", (json_int_t)c->log.dropped));
}

static void log_text(belay_ctx *c, int32_t level, const char *text)
{
    if (level < 0 || level > 3)
        level = level < 0 ? 0 : 3;
    while (text && *text) {
        size_t n = strcspn(text, "\n");
        log_line(c, level, text, n);
        text += n + (text[n] == '\n');
    }
}

static void plan(belay_ctx *c, const char *change, const char *undo)
{
    if (change && c->phase == WORKER_PREPARE && c->plans++ < CALL_PLANS)
        call_tell(c, json_pack("{s:s, s:o, s:o}", "type", "plan", "change", cut(change), "undo", cut(undo)));
}

/* People see ten a second at most; the one that says "all done" is never left out. */
static void progress(belay_ctx *c, uint64_t done, uint64_t all, const char *what)
{
    int64_t now = clock_steady_ms();
    if (now < c->next_progress_ms && done != all)
        return;
    c->next_progress_ms = now + CALL_PROGRESS_MS;
    call_tell(c, json_pack("{s:s, s:I, s:I, s:o}", "type", "progress", "done", (json_int_t)done, "all", (json_int_t)all,
                           "what", cut(what)));
}

static void explain(belay_ctx *c, const char *summary, const char *hint, const char *option)
{
    if (!summary)
        return;
    c->explained = true;
    call_tell(c, json_pack("{s:s, s:o, s:o, s:o}", "type", "explain", "summary", cut(summary), "hint", cut(hint),
                           "option", cut(option)));
}

/* ---- time and cancellation --------------------------------------------------------------------------------------- */

int64_t call_time_left_ms(belay_ctx *c)
{
    int64_t left = c->deadline_ms - clock_steady_ms();
    return left > 0 ? left : 0;
}

static bool wait_for_cancel(int timeout_ms)
{
    struct pollfd fd = {.fd = INSIDE_CONTROL, .events = POLLIN};
    return poll(&fd, 1, timeout_ms) > 0;
}

bool call_is_cancelled(belay_ctx *c)
{
    return c->host_gone || wait_for_cancel(0);
}

static int32_t cancelled(belay_ctx *c)
{
    return call_is_cancelled(c);
}

static int32_t cancel_fd(belay_ctx *c)
{
    (void)c;
    return INSIDE_CONTROL;
}

static belay_status nap(belay_ctx *c, uint32_t ms)
{
    for (int64_t until = clock_steady_ms() + ms;;) {
        int64_t left = until - clock_steady_ms();
        if (c->host_gone || wait_for_cancel(left > INT32_MAX ? INT32_MAX : left < 0 ? 0 : (int)left))
            return BELAY_E_CANCELLED;
        if (left <= 0)
            return BELAY_OK;
    }
}

static const void *feature(belay_ctx *c, const char *id)
{
    (void)c;
    (void)id;
    return NULL;
}

const belay_host call_host = {
    .struct_size = sizeof(belay_host),
    .abi_minor = BELAY_ABI_MINOR,
    .opt_str = opt_str,
    .opt_int = opt_int,
    .opt_list = opt_list,
    .pending = pending,
    .fact = fact,
    .plan = plan,
    .remember = remember,
    .recall = recall,
    .recall_at = recall_at,
    .output = output,
    .measure = measure,
    .log = log_text,
    .progress = progress,
    .keep = keep,
    .explain = explain,
    .cancelled = cancelled,
    .cancel_fd = cancel_fd,
    .time_left_ms = call_time_left_ms,
    .nap = nap,
    .run = call_run,
    .feature = feature,
};
