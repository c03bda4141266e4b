/* The life of a worker, on the core's loop: start, streams, deadlines, the ladder to its end. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "worker/host.h"
#include "worker/inside.h"

#define LOAD_LIMIT_MS     10000
#define DESCRIBE_LIMIT_MS 5000
#define SWEEP_LIMIT_MS    10000
#define DRAIN_LIMIT_MS    2000
#define DEFAULT_GRACE_MS  5000
/* Of the handles: how many there are, and how many of them, the first, are streams. */
#define HANDLES            5
#define STREAMS            3
#define DEFAULT_TIMEOUT_MS (5 * 60 * 1000)

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void free_worker(worker *w)
{
    wire_reader_done(&w->talk_reader);
    wire_reader_done(&w->control_reader);
    json_decref(w->descriptor);
    free(w->summary);
    free(w->hint);
    free(w->option);
    free(w->problem);
    free(w->ended.stray);
    mem_wipe_free(w, sizeof *w); /* its buffer held what the plugin said, before it was masked */
}

static void on_close(uv_handle_t *handle)
{
    worker *w = handle->data;
    if (--w->handles == 0)
        free_worker(w);
}

/* Closes the first `count` handles that are open; spawn_worker() may have come only so far. */
static void close_handles(worker *w, int count)
{
    uv_handle_t *const handles[] = {(uv_handle_t *)&w->talk, (uv_handle_t *)&w->control, (uv_handle_t *)&w->output,
                                    (uv_handle_t *)&w->timer, (uv_handle_t *)&w->process};
    for (int i = 0; i < count; i++)
        if (!uv_is_closing(handles[i]))
            uv_close(handles[i], on_close);
}

static void enter(worker *w, host_stage stage, int64_t limit_ms);

/* What the log lacks is told where it is lacking: behind its last line. */
static void tell_dropped(const worker *w, uint64_t dropped)
{
    if (dropped == 0 || !w->handlers.log)
        return;
    guard_mem char *line = mem_printf("%llu more lines were left out of the log: it takes %d a second, and %zu MiB of "
                                      "a call",
                                      (unsigned long long)dropped, BUDGET_LINES_PER_SECOND, BUDGET_BYTES >> 20);
    w->handlers.log(w->handlers.user, 2, line);
}

/* The supervisor still removes the work folder; nobody has to wait for that, but its end is awaited. */
static void finish(worker *w)
{
    w->finished = true;
    outflow_end(&w->out);
    guard_mem char *text = NULL;
    worker_result result = verdict_of(w, &text);
    tell_dropped(w, result.log_dropped);
    w->handlers.done(w->handlers.user, &result);
    close_handles(w, STREAMS);
    enter(w, HOST_GONE, SWEEP_LIMIT_MS);
    if (w->exited)
        close_handles(w, HANDLES);
}

static void finish_when_all_ended(worker *w)
{
    bool swept = w->ended.known || (w->exited && w->control_ended);
    if (!w->finished && swept && w->talk_ended && w->output_ended)
        finish(w);
}

/* ---- the ladder -------------------------------------------------------------------------------------------------- */

typedef struct sent {
    uv_write_t request;
    wire_frame frame;
} sent;

static void on_timer(uv_timer_t *timer);

static void enter(worker *w, host_stage stage, int64_t limit_ms)
{
    w->stage = stage;
    uv_update_time(w->loop); /* the loop's own may be from before a long callback, or before a wait for the lock */
    uv_timer_start(&w->timer, on_timer, (uint64_t)limit_ms, 0);
}

static int load_limit_ms(const worker *w)
{
    return w->describing ? DESCRIBE_LIMIT_MS : LOAD_LIMIT_MS;
}

static void done_with(sent *s)
{
    wire_frame_done(&s->frame);
    free(s);
}

/* A long journal takes its time on a busy machine; as long as it is taken, the plugin's process is not stuck. */
static void on_sent(uv_write_t *request, int status)
{
    worker *w = request->handle->data;
    if (status == 0 && request->handle == (uv_stream_t *)&w->talk && w->stage == HOST_LOADING)
        enter(w, HOST_LOADING, load_limit_ms(w));
    done_with(request->data);
}

static void write_frame(uv_pipe_t *pipe, wire_frame frame)
{
    sent *s = mem_new(sent);
    s->frame = frame;
    s->request.data = s;
    uv_buf_t buffer = uv_buf_init(frame.bytes, (unsigned)frame.size);
    if (uv_write(&s->request, (uv_stream_t *)pipe, &buffer, 1, on_sent) < 0)
        done_with(s);
}

static void command(worker *w, char byte)
{
    write_frame(&w->control, (wire_frame){mem_dup_n(&byte, 1), 1});
}

static void ask_to_stop(worker *w, host_cause cause)
{
    if (w->stage >= HOST_ASKED)
        return;
    w->cause = cause;
    command(w, INSIDE_CANCEL);
    enter(w, HOST_ASKED, w->grace_ms);
}

static void kill_all(worker *w, host_cause cause)
{
    if (w->killed || w->stage == HOST_GONE)
        return;
    if (w->cause == HOST_NONE || cause == HOST_PROTOCOL)
        w->cause = cause;
    w->killed = true;
    command(w, INSIDE_KILL);
    enter(w, HOST_SWEEPING, SWEEP_LIMIT_MS);
}

/* What did not end by itself is left to its fate. */
static void give_up(worker *w)
{
    if (!w->exited)
        uv_process_kill(&w->process, SIGKILL);
    w->exited = true;
    if (w->finished)
        close_handles(w, HANDLES);
    else
        finish(w);
}

static void on_timer(uv_timer_t *timer)
{
    worker *w = timer->data;
    switch (w->stage) {
    case HOST_LOADING:
        free(w->problem);
        w->problem = mem_printf("the plugin did not load within %d s", load_limit_ms(w) / 1000);
        kill_all(w, HOST_NONE);
        break;
    case HOST_RUNNING: ask_to_stop(w, HOST_TIMEOUT); break;
    case HOST_ASKED: kill_all(w, w->cause); break;
    case HOST_SWEEPING:
        /* The supervisor itself hangs. The plugin's process dies with it. */
        uv_process_kill(&w->process, SIGKILL);
        enter(w, HOST_GONE, DRAIN_LIMIT_MS);
        break;
    case HOST_GONE: give_up(w); break;
    }
}

void worker_cancel(worker *w)
{
    ask_to_stop(w, HOST_CANCEL);
}

void worker_kill(worker *w)
{
    kill_all(w, HOST_KILL);
}

void host_ready(worker *w)
{
    w->ready = true;
    if (w->stage == HOST_LOADING)
        enter(w, HOST_RUNNING, w->timeout_ms);
}

void host_returned(worker *w)
{
    if (!w->killed)
        enter(w, HOST_SWEEPING, SWEEP_LIMIT_MS);
}

void host_break(worker *w, const char *fmt, ...)
{
    if (w->cause == HOST_PROTOCOL)
        return;
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *text = mem_vprintf(fmt, ap);
    va_end(ap);
    free(w->problem);
    w->problem = redactor_mask(w->secrets, text);
    w->cause = HOST_PROTOCOL;
    kill_all(w, HOST_PROTOCOL);
}

void host_flooded(worker *w)
{
    host_break(w, "it wrote more than %zu MiB of log lines", OUTFLOW_FLOOD >> 20);
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

void host_send(worker *w, json_t *message)
{
    guard(error) err = NULL;
    wire_frame frame;
    if (!w->killed && wire_encode(message, &frame, &err) == 0)
        write_frame(&w->talk, frame);
    json_decref(message);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    worker *w = handle->data;
    *buf = uv_buf_init(w->buffer, sizeof w->buffer);
}

/* Hands each message that is complete to act. */
static void take_messages(worker *w, wire_reader *reader, ssize_t n, void (*act)(worker *, const json_t *))
{
    wire_reader_add(reader, w->buffer, (size_t)n);
    for (;;) {
        guard(error) err = NULL;
        guard(json_t) message = NULL;
        int r = wire_reader_next(reader, &message, &err);
        if (r < 0) {
            guard_mem char *why = error_text(err);
            host_break(w, "it sent %s", why);
        }
        if (r <= 0 || w->cause == HOST_PROTOCOL)
            return;
        act(w, message);
    }
}

static void on_talk(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    worker *w = stream->data;
    if (n < 0) {
        uv_read_stop(stream);
        w->talk_ended = true;
        finish_when_all_ended(w);
    } else if (n > 0 && w->cause != HOST_PROTOCOL) {
        take_messages(w, &w->talk_reader, n, dialog_message);
    }
}

static void on_control(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    worker *w = stream->data;
    if (n < 0) {
        uv_read_stop(stream);
        w->control_ended = true;
        finish_when_all_ended(w);
    } else if (n > 0) {
        take_messages(w, &w->control_reader, n, dialog_ended);
        finish_when_all_ended(w);
    }
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    worker *w = stream->data;
    if (n < 0) {
        uv_read_stop(stream);
        w->output_ended = true;
        finish_when_all_ended(w);
    } else if (n > 0 && !outflow_print(&w->out, buf->base, (size_t)n)) {
        host_flooded(w);
    }
}

static void on_process_end(uv_process_t *process, int64_t status, int signal)
{
    (void)status;
    (void)signal;
    worker *w = process->data;
    w->exited = true;
    if (w->finished) {
        close_handles(w, HANDLES);
        return;
    }
    enter(w, HOST_GONE, DRAIN_LIMIT_MS);
    finish_when_all_ended(w);
}

/* ---- the start --------------------------------------------------------------------------------------------------- */

static int send_start(worker *w, const json_t *undo, const json_t *order, error **err)
{
    /* The plugin's process wants the oldest record first. */
    for (size_t i = json_array_size(undo); i-- > 0;) {
        const json_t *record = json_array_get(undo, i);
        const char *key = wire_get_text(record, "key"), *value = wire_get_text(record, "value");
        host_send(w, json_pack("{s:s, s:s, s:s}", "type", "undo", "key", key ? key : "", "value", value ? value : ""));
    }
    wire_frame frame;
    int r = wire_encode(order, &frame, err);
    if (r < 0)
        return error_wrap(err, "the options of the step");
    write_frame(&w->talk, frame);
    return 0;
}

/* For a worker that was started and is not to be told of. */
static void ignore_done(void *user, const worker_result *result)
{
    (void)user;
    (void)result;
}

int host_start(worker *w, const worker_request *request, const json_t *order, error **err)
{
    w->secrets = request->secrets;
    w->out = (outflow){.secrets = request->secrets, .handlers = &w->handlers};
    w->phase = request->phase;
    w->debugged = request->debugged;
    w->grace_ms = request->grace_ms > 0 ? request->grace_ms : DEFAULT_GRACE_MS;
    w->started_ms = clock_steady_ms();
    int r = spawn_worker(w, request, on_process_end, err);
    if (r < 0 && w->handles == 0)
        free_worker(w);
    else if (r < 0)
        close_handles(w, w->handles);
    if (r < 0)
        return r;
    uv_read_start((uv_stream_t *)&w->talk, on_alloc, on_talk);
    uv_read_start((uv_stream_t *)&w->control, on_alloc, on_control);
    uv_read_start((uv_stream_t *)&w->output, on_alloc, on_output);
    enter(w, HOST_LOADING, load_limit_ms(w));
    r = send_start(w, request->undo, order, err);
    if (r < 0) {
        w->handlers = (worker_handlers){.done = ignore_done};
        w->secrets = w->out.secrets = NULL;
        kill_all(w, HOST_KILL);
    }
    return r;
}

static json_t *make_order(const worker_request *request, int64_t timeout_ms)
{
    json_t *secrets = json_array();
    for (size_t i = 0; i < redactor_count(request->secrets); i++)
        json_array_append_new(secrets, json_string(redactor_value(request->secrets, i)));
    json_t *order = json_pack("{s:s, s:i, s:s, s:s, s:I, s:o}", "type", "call", "protocol", WIRE_PROTOCOL, "phase",
                              worker_phase_name(request->phase), "step", request->step, "left_ms",
                              (json_int_t)timeout_ms, "secrets", secrets);
    if (request->fail_run)
        json_object_set_new(order, "fail_run", json_integer(request->fail_run));
    const struct {
        const char *name;
        const json_t *value;
    } members[] = {{"options", request->options}, {"pending", request->pending}, {"facts", request->facts}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (members[i].value)
            json_object_set_new(order, members[i].name, json_deep_copy(members[i].value));
    return order;
}

int worker_start(uv_loop_t *loop, const worker_request *request, const worker_handlers *handlers, worker **ret,
                 error **err)
{
    worker *w = mem_new(worker);
    w->loop = loop;
    w->handlers = *handlers;
    w->timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : DEFAULT_TIMEOUT_MS;
    guard(json_t) order = make_order(request, w->timeout_ms);
    int r = host_start(w, request, order, err);
    if (r == 0)
        *ret = w;
    return r;
}
