/* Starting containers in the order that their depends_on labels ask for. */
#include "containers.h"

#include <string.h>

#define POLL_MS 100

/* What one who depends on it asks of a service. */
enum { NEEDS_NOTHING, NEEDS_STARTED, NEEDS_HEALTHY };

/* What the label of `dependent` asks of `service`: "postgres:service_healthy:false,redis:service_started:false". */
static int needs(const container *dependent, const char *service)
{
    size_t n = strlen(service);
    for (const char *entry = dependent->depends_on; *entry;) {
        const char *end = strchrnul(entry, ',');
        if (strncmp(entry, service, n) == 0 && entry[n] == ':')
            return strncmp(entry + n + 1, "service_healthy", 15) == 0 ? NEEDS_HEALTHY : NEEDS_STARTED;
        entry = *end ? end + 1 : end;
    }
    return NEEDS_NOTHING;
}

/* True when all that this one depends on, of those in the list, is done. */
static bool is_next(const containers *list, const bool *done, size_t index)
{
    for (size_t i = 0; i < list->count; i++)
        if (i != index && !done[i] && needs(&list->items[index], list->items[i].service))
            return false;
    return true;
}

static bool must_be_healthy(const containers *list, size_t index)
{
    for (size_t i = 0; i < list->count; i++)
        if (needs(&list->items[i], list->items[index].service) == NEEDS_HEALTHY)
            return true;
    return false;
}

/* Waits until it runs, and is healthy when asked for. One that ended by itself is left as it is. */
static belay_status await(engine *e, const container *c, bool healthy)
{
    const call *call = engine_call(e);
    for (;;) {
        guard_json *inspected = NULL;
        belay_status s = engine_get(e, &inspected, "/containers/%s/json", c->id);
        if (s != BELAY_OK)
            return s;
        const json_t *state = json_object_get(inspected, "State"), *health = json_object_get(state, "Health");
        const char *status = text_member(state, "Status");
        if (strcmp(status, "exited") == 0 || strcmp(status, "dead") == 0)
            return call_fail(call, BELAY_E_FAIL, NULL, "container %s ended right after its start, exit code %lld",
                             c->name, json_integer_value(json_object_get(state, "ExitCode")));
        if (strcmp(status, "running") == 0 &&
            (!healthy || !health || strcmp(text_member(health, "Status"), "healthy") == 0))
            return BELAY_OK;
        if (call->host->time_left_ms(call->ctx) < 2 * POLL_MS)
            return call_fail(call, BELAY_E_RETRY, NULL, "container %s was started again but is not %s", c->name,
                             healthy ? "healthy" : "running");
        s = call->host->nap(call->ctx, POLL_MS);
        if (s != BELAY_OK)
            return s;
    }
}

/* Starts those marked in `wave`, side by side. */
static belay_status start_wave(engine *e, const containers *list, const bool *wave)
{
    engine_request *starts = text_grow(NULL, list->count, sizeof *starts);
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++)
        if (wave[i])
            starts[n++] =
                (engine_request){.method = "POST", .path = text_printf("/containers/%s/start", list->items[i].id)};
    belay_status s = engine_send(e, starts, n);
    for (size_t i = 0; i < n; i++) {
        if (s == BELAY_OK && starts[i].status != 304 && (starts[i].status < 200 || starts[i].status > 299))
            s = engine_refused(e, &starts[i]);
        engine_request_done(&starts[i]);
    }
    free(starts);
    for (size_t i = 0; i < list->count && s == BELAY_OK; i++)
        if (wave[i])
            s = await(e, &list->items[i], must_be_healthy(list, i));
    return s;
}

/* Marks in `wave` what can go next. In a circle all that is left goes as it comes. */
static void next_wave(const containers *list, const bool *done, bool *wave)
{
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++)
        n += wave[i] = !done[i] && is_next(list, done, i);
    for (size_t i = 0; i < list->count && n == 0; i++)
        wave[i] = !done[i];
}

void containers_sort(containers *list)
{
    if (list->count < 2)
        return;
    guard_mem bool *done = text_grow(NULL, list->count, sizeof *done);
    guard_mem bool *wave = text_grow(NULL, list->count, sizeof *wave);
    guard_mem container *sorted = text_grow(NULL, list->count, sizeof *sorted);
    memset(done, 0, list->count);
    for (size_t n = 0; n < list->count;) {
        next_wave(list, done, wave);
        for (size_t i = 0; i < list->count; i++)
            if (wave[i]) {
                done[i] = true;
                sorted[n++] = list->items[i];
            }
    }
    memcpy(list->items, sorted, list->count * sizeof *sorted);
}

belay_status containers_start(engine *e, const containers *list)
{
    belay_status s = BELAY_OK;
    guard_mem bool *done = text_grow(NULL, list->count, sizeof *done);
    guard_mem bool *wave = text_grow(NULL, list->count, sizeof *wave);
    memset(done, 0, list->count);
    for (size_t left = list->count; left > 0 && s == BELAY_OK;) {
        next_wave(list, done, wave);
        s = start_wave(e, list, wave);
        for (size_t i = 0; i < list->count; i++)
            if (wave[i]) {
                done[i] = true;
                left--;
            }
    }
    return s;
}
