#include "worker/host.h"

typedef struct description {
    worker *worker;
    json_t *descriptor;
    char *text, *hint;
} description;

static void on_done(void *user, const worker_result *result)
{
    description *d = user;
    d->descriptor = json_incref(d->worker->descriptor);
    d->text = mem_dup(result->summary);
    d->hint = mem_dup_or_null(result->hint);
}

int worker_describe(const char *plugin, const char *sha256, json_t **ret, error **err)
{
    return worker_describe_watched(plugin, sha256, NULL, ret, err);
}

int worker_describe_watched(const char *plugin, const char *sha256, const char *const *watcher, json_t **ret,
                            error **err)
{
    uv_loop_t loop;
    description d = {0};
    int r = uv_loop_init(&loop);
    if (r < 0)
        return error_set(err, ERROR_IO, "make a loop: %s", uv_strerror(r));
    worker *w = mem_new(worker);
    w->loop = &loop;
    w->describing = true;
    w->handlers = (worker_handlers){.user = &d, .done = on_done};
    d.worker = w;
    guard(json_t) order = json_pack("{s:s, s:i}", "type", "describe", "protocol", WIRE_PROTOCOL);
    r = host_start(w, &(worker_request){.plugin = plugin, .sha256 = sha256, .watcher = watcher}, order, err);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    guard_mem char *text = d.text, *hint = d.hint;
    guard(json_t) descriptor = d.descriptor;
    if (r < 0)
        return r;
    if (!descriptor) {
        r = error_set(err, ERROR_PLUGIN, "%s", text);
        return hint ? error_hint(err, "%s", hint) : r;
    }
    *ret = take(descriptor);
    return 0;
}
