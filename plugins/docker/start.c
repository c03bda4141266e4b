/* Starting containers in the order that their depends_on labels ask for. */
#include "containers.h"

#include <string.h>

#define POLL_MS   100
#define STEADY_NS INT64_C(2000000000) /* one runs when it has run for so long: what is ill seldom ends at once */
#define SPARE_MS  2000                /* of the phase, to say in what failed */
#define SETTLE_MS 30000               /* after all were started, how long one may take to run steadily */

/* What one who depends on it asks of a service. */
typedef enum need { NEEDS_NOTHING, NEEDS_STARTED, NEEDS_ENDED, NEEDS_HEALTHY } need;

/* What the label of `dependent` asks of `service`: "postgres:service_healthy:false,redis:service_started:false". */
static need needs(const container *dependent, const char *service)
{
    size_t n = strlen(service);
    for (const char *entry = dependent->depends_on; *entry;) {
        const char *end = strchrnul(entry, ',');
        if (strncmp(entry, service, n) == 0 && entry[n] == ':')
            return strncmp(entry + n + 1, "service_healthy", 15) == 0                  ? NEEDS_HEALTHY
                   : strncmp(entry + n + 1, "service_completed_successfully", 30) == 0 ? NEEDS_ENDED
                                                                                       : NEEDS_STARTED;
        entry = *end ? end + 1 : end;
    }
    return NEEDS_NOTHING;
}

bool containers_depends(const container *c, const char *service)
{
    return needs(c, service) != NEEDS_NOTHING;
}

/* True when all that this one depends on, of those in the list, is done. */
static bool is_next(const containers *list, const bool *done, size_t index)
{
    for (size_t i = 0; i < list->count; i++)
        if (i != index && !done[i] && needs(&list->items[index], list->items[i].service))
            return false;
    return true;
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

/* A mark for each, none set. The caller frees. */
static bool *none_of(const containers *list)
{
    bool *marks = text_grow(NULL, list->count, sizeof *marks);
    return memset(marks, 0, list->count);
}

void containers_sort(containers *list)
{
    if (list->count < 2)
        return;
    guard_mem bool *done = none_of(list), *wave = none_of(list);
    guard_mem container *sorted = text_grow(NULL, list->count, sizeof *sorted);
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

/* ---- starting ---------------------------------------------------------------------------------------------------- */

typedef struct starter {
    engine *e;
    const containers *list;
    const json_t *oneshot;
    bool *started;      /* asked the engine to start it */
    bool *failed;       /* told in `why`, and not waited for any more */
    belay_status first; /* of those that failed */
    text why;
} starter;

static void starter_done(starter *s)
{
    free(s->started);
    free(s->failed);
    text_clear(&s->why);
}
#define guard_starter __attribute__((cleanup(starter_done))) starter

static void note_failed(starter *s, size_t index, belay_status status, const char *what)
{
    const char *name = s->list->items[index].name;
    call_log(engine_call(s->e), 3, "container %s %s", name, what);
    text_add(&s->why, "%scontainer %s %s", s->why.length ? "; " : "", name, what);
    s->failed[index] = true;
    if (s->first == BELAY_OK)
        s->first = status;
}

/* The most that others of the list ask of it. */
static need needed(const containers *list, size_t index)
{
    need most = NEEDS_NOTHING;
    for (size_t i = 0; i < list->count; i++) {
        need one = needs(&list->items[i], list->items[index].service);
        most = one > most ? one : most;
    }
    return most;
}

/* Starts those that are marked, side by side. */
static belay_status start_marked(starter *s, const bool *marked)
{
    size_t n = 0;
    guard_mem size_t *who = text_grow(NULL, s->list->count, sizeof *who);
    guard_mem engine_request *starts = text_grow(NULL, s->list->count, sizeof *starts);
    for (size_t i = 0; i < s->list->count; i++)
        if (marked[i]) {
            s->started[i] = true;
            who[n] = i;
            starts[n++] =
                (engine_request){.method = "POST", .path = text_printf("/containers/%s/start", s->list->items[i].id)};
        }
    belay_status status = engine_send(s->e, starts, n);
    for (size_t k = 0; k < n; k++) {
        if (status == BELAY_OK && starts[k].status != 304 && (starts[k].status < 200 || starts[k].status > 299)) {
            guard_mem char *words = engine_words(&starts[k]), *what = text_printf("does not start: %s", words);
            note_failed(s, who[k], engine_blame(&starts[k]), what);
        }
        engine_request_done(&starts[k]);
    }
    return status;
}

static belay_status start_one(starter *s, size_t index)
{
    guard_mem bool *marked = none_of(s->list);
    marked[index] = true;
    return start_marked(s, marked);
}

/* Those of the wave that were seen running are left alone; look() finds out when they do not any more. */
static belay_status start_wave(starter *s, const bool *wave)
{
    guard_mem bool *marked = none_of(s->list);
    for (size_t i = 0; i < s->list->count; i++)
        marked[i] = wave[i] && !s->list->items[i].running;
    return start_marked(s, marked);
}

/* Is ending well how it ends? */
static bool may_end(const starter *s, size_t index, const json_t *inspected)
{
    const container *c = &s->list->items[index];
    const json_t *policy = json_object_get(json_object_get(inspected, "HostConfig"), "RestartPolicy");
    return c->oneoff || json_object_get(s->oneshot, c->service) || needed(s->list, index) == NEEDS_ENDED ||
           strcmp(text_member(policy, "Name"), "on-failure") == 0;
}

typedef enum stage { STAGE_DOWN, STAGE_UP, STAGE_ENDED } stage;

/* Of one that the engine says runs. One that keeps ending runs too, for a moment at a time. */
static belay_status stage_of_running(starter *s, size_t index, const json_t *inspected, stage *ret)
{
    const json_t *state = json_object_get(inspected, "State"), *health = json_object_get(state, "Health");
    const bool healthy = health && strcmp(text_member(health, "Status"), "healthy") == 0;
    int64_t now = 0;
    if (health && !healthy && needed(s->list, index) == NEEDS_HEALTHY)
        return BELAY_OK;
    belay_status status = healthy ? BELAY_OK : engine_now(s->e, &now);
    if (healthy || (status == BELAY_OK && now - engine_time(text_member(state, "StartedAt")) >= STEADY_NS))
        *ret = STAGE_UP;
    return status;
}

/* One look at it. */
static belay_status look(starter *s, size_t index, stage *ret)
{
    guard_json *inspected = NULL;
    *ret = STAGE_DOWN;
    belay_status status = engine_get(s->e, &inspected, "/containers/%s/json", s->list->items[index].id);
    if (status != BELAY_OK)
        return status;
    const json_t *state = json_object_get(inspected, "State");
    const char *word = text_member(state, "Status");
    const long long code = json_integer_value(json_object_get(state, "ExitCode"));
    if (strcmp(word, "running") == 0)
        return stage_of_running(s, index, inspected, ret);
    if (!inspected) {
        note_failed(s, index, BELAY_E_FAIL, "is gone");
    } else if (strcmp(word, "paused") == 0) { /* not by its start: it was so before */
        *ret = STAGE_UP;
    } else if (strcmp(word, "exited") == 0 && code == 0 && may_end(s, index, inspected)) {
        *ret = STAGE_ENDED;
    } else if (strcmp(word, "exited") == 0 && !s->started[index]) { /* was being stopped when it was seen running */
        return start_one(s, index);
    } else if (strcmp(word, "exited") == 0 || strcmp(word, "dead") == 0) {
        guard_mem char *what = text_printf("ended right after its start, exit code %lld", code);
        note_failed(s, index, BELAY_E_FAIL, what);
    }
    return BELAY_OK;
}

/* Looks at it until it has come so far, has failed, or only left_ms of the phase are left. */
static belay_status await(starter *s, size_t index, stage wanted, int64_t left_ms, stage *ret)
{
    const call *c = engine_call(s->e);
    for (;;) {
        belay_status status = look(s, index, ret);
        if (status != BELAY_OK || *ret >= wanted || s->failed[index] || c->host->time_left_ms(c->ctx) < left_ms)
            return status;
        status = c->host->nap(c->ctx, POLL_MS);
        if (status != BELAY_OK)
            return status;
    }
}

/* Waits for what others ask of the wave before they start, for half of the time that is left: then they are better
 * started too early than never. */
static belay_status await_wave(starter *s, const bool *wave)
{
    const call *c = engine_call(s->e);
    const int64_t half = c->host->time_left_ms(c->ctx) / 2;
    belay_status status = BELAY_OK;
    for (size_t i = 0; i < s->list->count && status == BELAY_OK; i++) {
        stage at;
        const need most = needed(s->list, i);
        if (wave[i] && most >= NEEDS_ENDED && !s->failed[i] && !s->list->items[i].restarting)
            status = await(s, i, most == NEEDS_ENDED ? STAGE_ENDED : STAGE_UP, half, &at);
    }
    return status;
}

/* Once all were started: does each run, and does it still? */
static belay_status await_all(starter *s)
{
    const call *c = engine_call(s->e);
    const int64_t settled = c->host->time_left_ms(c->ctx) - SETTLE_MS;
    belay_status status = BELAY_OK;
    for (size_t i = 0; i < s->list->count && status == BELAY_OK; i++) {
        stage at = STAGE_UP;
        const bool healthy = needed(s->list, i) == NEEDS_HEALTHY;
        if (!s->failed[i] && !s->list->items[i].restarting)
            status = await(s, i, STAGE_UP, healthy || settled < SPARE_MS ? SPARE_MS : settled, &at);
        if (status == BELAY_OK && at == STAGE_DOWN && !s->failed[i])
            note_failed(s, i, BELAY_E_RETRY,
                        healthy ? "was started again but is not healthy"
                                : "was started again but does not keep running");
    }
    return status;
}

belay_status containers_start(engine *e, const containers *list, const json_t *oneshot)
{
    guard_starter s = {.e = e, .list = list, .oneshot = oneshot};
    s.started = none_of(list);
    s.failed = none_of(list);
    guard_mem bool *done = none_of(list), *wave = none_of(list);
    belay_status status = BELAY_OK;
    for (size_t left = list->count; left > 0 && status == BELAY_OK;) {
        next_wave(list, done, wave);
        status = start_wave(&s, wave);
        if (status == BELAY_OK)
            status = await_wave(&s, wave);
        for (size_t i = 0; i < list->count; i++)
            if (wave[i]) {
                done[i] = true;
                left--;
            }
    }
    if (status == BELAY_OK)
        status = await_all(&s);
    if (status != BELAY_OK || s.first == BELAY_OK)
        return status;
    return call_fail(engine_call(e), s.first, engine_hint(text_of(&s.why)), "%s", text_of(&s.why));
}
