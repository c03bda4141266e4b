#include "ailment.h"

#include <signal.h>
#include <string.h>

#define SIGNALLED     128
#define SECOND_NS     INT64_C(1000000000)
#define LAST_WORDS_NS (60 * SECOND_NS)

static const json_t *state_of(const json_t *inspected)
{
    return json_object_get(inspected, "State");
}

static bool status_is(const json_t *inspected, const char *status)
{
    return strcmp(text_member(state_of(inspected), "Status"), status) == 0;
}

static long long exit_code(const json_t *inspected)
{
    return json_integer_value(json_object_get(state_of(inspected), "ExitCode"));
}

static long long restarts(const json_t *inspected)
{
    return json_integer_value(json_object_get(inspected, "RestartCount"));
}

static const char *health_of(const json_t *inspected)
{
    return text_member(json_object_get(state_of(inspected), "Health"), "Status");
}

/* ---- the rules: does it apply, and in words ---------------------------------------------------------------------- */

static bool out_of_memory(const json_t *inspected)
{
    return json_is_true(json_object_get(state_of(inspected), "OOMKilled"));
}

static void tell_out_of_memory(const json_t *inspected, text *what)
{
    char size[TEXT_SIZE];
    const json_int_t limit = json_integer_value(json_object_get(json_object_get(inspected, "HostConfig"), "Memory"));
    text_add(what, "was killed for want of memory");
    if (limit > 0)
        text_add(what, " (its limit is %s)", text_size(limit, size));
}

static bool not_started(const json_t *inspected)
{
    return !status_is(inspected, "running") && *text_member(state_of(inspected), "Error");
}

static void tell_not_started(const json_t *inspected, text *what)
{
    text_add(what, "could not be started: %s", text_member(state_of(inspected), "Error"));
}

/* One that is found healthy or unhealthy has run for long enough to be asked. */
static bool keeps_ending(const json_t *inspected)
{
    const char *health = health_of(inspected);
    const bool asked = strcmp(health, "healthy") == 0 || strcmp(health, "unhealthy") == 0;
    return restarts(inspected) > 0 &&
           (status_is(inspected, "restarting") || (status_is(inspected, "running") && !asked));
}

static void add_exit(long long code, text *what)
{
    const char *name = code > SIGNALLED && code < SIGNALLED + 32 ? sigabbrev_np((int)code - SIGNALLED) : NULL;
    text_add(what, " with status %lld", code);
    if (name)
        text_add(what, " (SIG%s)", name);
}

static void add_restarts(const json_t *inspected, const char *words, text *what)
{
    const long long times = restarts(inspected);
    if (times > 0)
        text_add(what, "%s %lld time%s", words, times, times == 1 ? "" : "s");
}

static void tell_keeps_ending(const json_t *inspected, text *what)
{
    text_add(what, "keeps ending");
    if (exit_code(inspected) != 0) /* one that was just started again has none */
        add_exit(exit_code(inspected), what);
    add_restarts(inspected, ", was restarted", what);
}

static bool exited_badly(const json_t *inspected)
{
    return (status_is(inspected, "exited") || status_is(inspected, "dead")) && exit_code(inspected) != 0;
}

static void tell_exit(const json_t *inspected, text *what)
{
    text_add(what, "exited");
    add_exit(exit_code(inspected), what);
    add_restarts(inspected, ", having been restarted", what);
}

/* Of one that has ended, its health is how it once was. */
static bool unhealthy(const json_t *inspected)
{
    const json_t *health = json_object_get(state_of(inspected), "Health");
    if (!status_is(inspected, "running"))
        return false;
    return strcmp(health_of(inspected), "unhealthy") == 0 ||
           (strcmp(health_of(inspected), "starting") == 0 &&
            json_integer_value(json_object_get(health, "FailingStreak")) > 0);
}

static void tell_health(const json_t *inspected, text *what)
{
    const json_t *log = json_object_get(json_object_get(state_of(inspected), "Health"), "Log");
    const json_t *last = json_array_get(log, json_array_size(log) ? json_array_size(log) - 1 : 0);
    guard_text said = {0};
    const char *output = text_member(last, "Output");
    text_add(&said, "%.*s", (int)strcspn(output, "\n"), output);
    text_trim(&said);
    text_add(what, "%s", strcmp(health_of(inspected), "starting") == 0 ? "has not become healthy" : "is unhealthy");
    add_restarts(inspected, ", was restarted", what);
    if (said.length)
        text_add(what, ", its check says: %s", text_of(&said));
}

static bool paused(const json_t *inspected)
{
    return status_is(inspected, "paused");
}

static void tell_paused(const json_t *inspected, text *what)
{
    (void)inspected;
    text_add(what, "is paused");
}

static const struct rule {
    int weight;
    ailment_quote quote;
    bool (*applies)(const json_t *inspected);
    void (*tell)(const json_t *inspected, text *what);
} rules[] = {
    {97, QUOTE_NONE, out_of_memory, tell_out_of_memory},
    {93, QUOTE_NONE, not_started, tell_not_started},
    {90, QUOTE_CLUE_OR_LAST, keeps_ending, tell_keeps_ending},
    {90, QUOTE_CLUE_OR_LAST, exited_badly, tell_exit},
    {75, QUOTE_CLUE, unhealthy, tell_health},
    {70, QUOTE_NONE, paused, tell_paused},
};

/* By SIGTERM or SIGINT, or by the SIGKILL that follows when that is ignored: `docker stop`. */
static bool was_stopped(const json_t *inspected, int64_t failed_ns)
{
    const long long signal = exit_code(inspected) - SIGNALLED;
    if (!status_is(inspected, "exited") || out_of_memory(inspected))
        return false;
    return signal == SIGTERM || signal == SIGINT ||
           (signal == SIGKILL && engine_time(text_member(state_of(inspected), "FinishedAt")) < failed_ns);
}

/* Restarted once, and has run since. Where there is a health check, that knows better. */
static bool has_settled(const json_t *inspected, int64_t failed_ns)
{
    return status_is(inspected, "running") && !*health_of(inspected) && !out_of_memory(inspected) &&
           engine_time(text_member(state_of(inspected), "StartedAt")) < failed_ns - LAST_WORDS_NS;
}

ailment ailment_of(const container *c, const json_t *inspected, int64_t failed_ns, text *what)
{
    if (was_stopped(inspected, failed_ns) || has_settled(inspected, failed_ns))
        return (ailment){0};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!rules[i].applies(inspected))
            continue;
        text_add(what, "%s ", *c->service ? c->service : c->name);
        rules[i].tell(inspected, what);
        return (ailment){.weight = rules[i].weight, .quote = rules[i].quote};
    }
    return (ailment){0};
}

int64_t ailment_since(const json_t *inspected)
{
    /* The engine notes the start when it has succeeded; by then the first lines may be written. */
    const int64_t first_words = engine_time(text_member(state_of(inspected), "StartedAt")) - SECOND_NS;
    const int64_t last_words = engine_time(text_member(state_of(inspected), "FinishedAt")) - LAST_WORDS_NS;
    /* What one that the engine started again has to say, it said before. */
    return restarts(inspected) > 0 || last_words > first_words ? last_words : first_words;
}
